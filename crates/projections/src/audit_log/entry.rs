//! An entry: as it is read, and as it is made of texts that stay where they are.

use domain::{
    ClientId, DomainEvent, EventId, Position, Timestamp,
    metadata::{ActorKind, Circumstances},
    observation::{Exported, ObservationEvent, Overflowed},
    scheduled_change::ScheduledChangeEvent,
};
use serde::{Deserialize, Serialize};

use crate::{BadColumn, Column, Columns, Stored, Table, value::Field};

pub(crate) static ENTRIES: Table = Table {
    name: "audit_log",
    key_columns: 1,
    appended: true,
    columns: &[
        Column::integer("position"),
        Column::text("event_id"),
        Column::integer("occurred_at_us"),
        Column::integer("recorded_at_us"),
        Column::text("actor"),
        Column::text("actor_kind"),
        Column::text("authenticated_by"),
        Column::text("on_behalf_of"),
        Column::text("allowed_by"),
        Column::text("action"),
        Column::text("subject_type"),
        Column::text("subject_id"),
        Column::text("client_id"),
        Column::text("reason"),
        Column::text("request_id"),
        Column::text("correlation_id"),
        Column::text("causation_id"),
        Column::text("command_id"),
        Column::text("address"),
        Column::text("user_agent"),
        Column::text("data"),
        Column::text("outcome"),
        Column::text("changes"),
    ],
};

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    pub position: Position,
    pub event_id: EventId,
    /// When the command was decided.
    pub occurred_at: Timestamp,
    /// When the store took it.
    pub recorded_at: Timestamp,
    pub actor: String,
    pub actor_kind: ActorKind,
    pub authenticated_by: String,
    pub on_behalf_of: Option<String>,
    pub allowed_by: String,
    /// The event's type: `api_key.revoked`.
    pub action: String,
    pub subject_type: String,
    pub subject_id: String,
    /// The client concerned, where there is one: also of a key's or an assignment's later events.
    pub client_id: Option<ClientId>,
    pub reason: Option<String>,
    pub request_id: String,
    pub correlation_id: String,
    pub causation_id: Option<String>,
    pub command_id: String,
    /// How what was asked for ended.
    pub outcome: Outcome,
    /// None when there was none, and once erased.
    pub address: Option<String>,
    pub user_agent: Option<String>,
    /// The event without anything that helps to find or prove a secret; personal values where they are still
    /// there, their commitments where they are erased.
    pub data: serde_json::Value,
    /// What the event changed of its subject: a JSON Patch (RFC 6902). Null where what was there before is not known, for an
    /// earlier event was left out.
    pub changes: serde_json::Value,
}

/// How what was asked for ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Succeeded,
    /// Whoever asked is known, and was not allowed.
    Denied,
    Failed,
}

impl Outcome {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }

    fn of(event: &DomainEvent) -> Self {
        match event {
            DomainEvent::ScheduledChange { id: _, event: ScheduledChangeEvent::Failed(_) } => Self::Failed,
            DomainEvent::Observation { id: _, event } => Self::observed(event),
            DomainEvent::ApiClient { .. }
            | DomainEvent::ApiKey { .. }
            | DomainEvent::Route { .. }
            | DomainEvent::RateLimitPolicy { .. }
            | DomainEvent::Projection { .. }
            | DomainEvent::Operation { .. }
            | DomainEvent::ScheduledChange { .. }
            | DomainEvent::Principal { .. }
            | DomainEvent::Grant { .. }
            | DomainEvent::Erasure { .. }
            | DomainEvent::Approval { .. }
            | DomainEvent::ApprovalRule { .. }
            | DomainEvent::Webhook { .. }
            | DomainEvent::NotificationRule { .. } => Self::Succeeded,
        }
    }

    fn observed(event: &ObservationEvent) -> Self {
        use ObservationEvent as E;
        match event {
            E::AccessDenied(_) => Self::Denied,
            E::AuthenticationFailed(_) => Self::Failed,
            E::Overflowed(Overflowed { failed: 0, .. }) => Self::Denied,
            E::Overflowed(_) => Self::Failed,
            E::Exported(Exported { complete: false, .. }) => Self::Failed,
            E::SignedIn(_)
            | E::SignedOut(_)
            | E::Exported(_)
            | E::SecretSearched(_)
            | E::AddressesMarked(_)
            | E::AddressesUnmarked(_) => Self::Succeeded,
        }
    }
}

impl Stored for AuditEntry {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            position: Position::new(columns.count("position")?),
            event_id: columns.parsed("event_id")?,
            occurred_at: columns.time("occurred_at_us")?,
            recorded_at: columns.time("recorded_at_us")?,
            actor: columns.text("actor")?,
            actor_kind: columns.word("actor_kind")?,
            authenticated_by: columns.text("authenticated_by")?,
            on_behalf_of: columns.text_or_none("on_behalf_of")?,
            allowed_by: columns.text("allowed_by")?,
            action: columns.text("action")?,
            subject_type: columns.text("subject_type")?,
            subject_id: columns.text("subject_id")?,
            client_id: columns.parsed_or_none("client_id")?,
            reason: columns.text_or_none("reason")?,
            request_id: columns.text("request_id")?,
            correlation_id: columns.text("correlation_id")?,
            causation_id: columns.text_or_none("causation_id")?,
            command_id: columns.text("command_id")?,
            address: columns.text_or_none("address")?,
            user_agent: columns.text_or_none("user_agent")?,
            data: columns.json("data")?,
            outcome: columns.word("outcome")?,
            changes: columns.json_or_none("changes")?.unwrap_or_default(),
        })
    }
}

fn subject_type(event: &DomainEvent) -> &'static str {
    event.event_type().split_once('.').map_or("", |(aggregate, _)| aggregate)
}

/// An entry as it is made, of texts that stay where they are.
pub(super) struct Entry<'of> {
    pub(super) position: Position,
    pub(super) event_id: EventId,
    pub(super) recorded_at: Timestamp,
    pub(super) circumstances: &'of Circumstances<'of>,
    pub(super) event: &'of DomainEvent,
    pub(super) client_id: Option<ClientId>,
    pub(super) data: &'of str,
    pub(super) changes: Option<&'of str>,
}

impl Entry<'_> {
    /// In the order of the columns.
    pub(super) fn with_fields<T>(&self, take: impl FnOnce(&[Field<'_>]) -> T) -> T {
        let Self { position, event_id, recorded_at, circumstances, event, client_id, data, changes } = self;
        let Circumstances { occurred_at, actor, actor_kind, authenticated_by, .. } = circumstances;
        let Circumstances { on_behalf_of, allowed_by, address, user_agent, request_id, .. } = circumstances;
        let Circumstances { correlation_id, causation_id, reason, command_id, .. } = circumstances;
        let (event_id, subject_id) = (event_id.to_string(), event.subject());
        let client_id = client_id.map(|id| id.to_string());
        let address = address.map(|commitment| commitment.to_string());
        take(&[
            Field::Integer(i64::try_from(position.get()).unwrap_or(i64::MAX)),
            Field::Text(&event_id),
            Field::Integer(occurred_at.as_microsecond()),
            Field::Integer(recorded_at.as_microsecond()),
            Field::Text(actor),
            Field::Text(actor_kind.as_str()),
            Field::Text(authenticated_by),
            on_behalf_of.as_deref().into(),
            Field::Text(allowed_by),
            Field::Text(event.event_type()),
            Field::Text(subject_type(event)),
            Field::Text(&subject_id),
            client_id.as_deref().into(),
            reason.as_deref().into(),
            Field::Text(request_id),
            Field::Text(correlation_id),
            causation_id.as_deref().into(),
            Field::Text(command_id),
            address.as_deref().into(),
            user_agent.as_deref().into(),
            Field::Text(data),
            Field::Text(Outcome::of(event).as_str()),
            (*changes).into(),
        ])
    }
}
