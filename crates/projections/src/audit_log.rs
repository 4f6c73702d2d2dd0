//! Who changed what, when, from where and why: one entry for each event, none left out.

mod patch;
pub(crate) mod personal;
mod redact;
mod subject;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use domain::{
    AssignmentId, ClientId, DomainEvent, EventId, KeyId, Position, Recorded, ScheduledChangeId, Timestamp,
    api_key::ApiKeyEvent,
    erasure::{ErasureEvent, Holder},
    metadata::{ActorKind, Circumstances},
    observation::{Exported, ObservationEvent, Overflowed},
    personal::PersonalValues,
    rate_limit_policy::{LimitReset, RateLimitPolicyEvent},
    scheduled_change::ScheduledChangeEvent,
};
use eventlog::Replayed;
use personal::PERSONAL;
pub use redact::shown_event;
use serde::{Deserialize, Serialize};
use subject::{Changed, SUBJECTS, Subject};

use crate::{
    BadColumn, Change, Column, Columns, Fact, Folded, Poison, Projection, Row, Rows, Stored, Table, Untaken,
    Value, value::Field,
};

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

/// Which client a key, an assignment or a planned change belongs to.
static CLIENTS: Table = Table {
    name: "audit_clients",
    key_columns: 1,
    appended: false,
    columns: &[Column::text("id"), Column::text("client_id")],
};

static TABLES: [&Table; 4] = [&ENTRIES, &CLIENTS, &PERSONAL, &SUBJECTS];

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

/// The client that an identifier belongs to.
#[derive(Clone, Debug)]
struct Belonging {
    id: String,
    client_id: ClientId,
}

impl Stored for Belonging {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self { id: columns.text("id")?, client_id: columns.parsed("client_id")? })
    }
}

impl Folded for Belonging {
    fn row(&self) -> Row {
        Row(vec![self.id.as_str().into(), self.client_id.into()])
    }
}

pub(crate) struct AuditLog;

impl Projection for AuditLog {
    fn name(&self) -> &'static str {
        ENTRIES.name
    }

    /// 2: with what changed, and commitments in the place of personal values.
    fn version(&self) -> u32 {
        2
    }

    fn tables(&self) -> &'static [&'static Table] {
        &TABLES
    }

    fn keys(&self, recorded: &Recorded) -> Vec<(&'static Table, Value)> {
        let client: Option<Value> = match Client::of(&recorded.event) {
            Client::Known(..) | Client::None => None,
            Client::OfKey(id) => Some(id.into()),
            Client::OfAssignment(id) => Some(id.into()),
            Client::OfChange(id) => Some(id.into()),
        };
        let subject = subject::key(&recorded.event).map(|id| (&SUBJECTS, id.into()));
        client.map(|id| (&CLIENTS, id)).into_iter().chain(subject).collect()
    }

    fn fold(&self, rows: &Rows, recorded: &Recorded) -> Result<Vec<Change>, Poison> {
        let Recorded { position, event_id, recorded_at, metadata, event, personal, .. } = recorded;
        let data = redact::data(event).map_err(|_| Poison::NotJson)?;
        let (client_id, remembered) = client(rows, event)?;
        let (subject, changes) = match subject::key(event) {
            None => (None, Some(NOTHING.to_owned())),
            Some(id) => {
                let before = rows.get::<Subject>(&SUBJECTS, &id.as_str().into())?.map(Cow::into_owned);
                let Changed { after, changes } = subject::change(before, &id, &recorded.into())?;
                (Some(put(id, after)), changes)
            }
        };
        let entry = Entry {
            position: *position,
            event_id: *event_id,
            recorded_at: *recorded_at,
            circumstances: &metadata.into(),
            event,
            client_id,
            data: &data,
            changes: changes.as_deref(),
        };
        let remembered = remembered.map(|belonging| Change::Put { table: &CLIENTS, row: belonging.row() });
        let row = entry.with_fields(|fields| Row(fields.iter().map(Into::into).collect()));
        let values = personal.iter().map(|(commitment, value)| Change::Put {
            table: &PERSONAL,
            row: Row(vec![commitment.to_string().into(), (*position).into(), (&**value).into()]),
        });
        let entry = Change::Put { table: &ENTRIES, row };
        let gone = personal::gone(event);
        Ok(remembered.into_iter().chain(subject).chain(values).chain([entry]).chain(gone).collect())
    }

    /// Most of what is stored is shown as it is.
    fn replay(&self, rows: &mut Rows, lying: Replayed<'_>) -> Result<(), Untaken> {
        let (event, circumstances) = (lying.event()?, lying.circumstances()?);
        let data = match lying.text().and_then(|text| redact::words(&event, text)) {
            Some(words) => words,
            None => redact::data(&event).map_err(|_| Poison::NotJson)?.into(),
        };
        let (client_id, remembered) = client(rows, &event)?;
        let changes = replayed(rows, &lying, circumstances.occurred_at, &event)?;
        let entry = Entry {
            position: lying.position(),
            event_id: lying.event_id()?,
            recorded_at: lying.recorded_at()?,
            circumstances: &circumstances,
            event: &event,
            client_id,
            data: &data,
            changes: changes.as_deref(),
        };
        entry.with_fields(|fields| rows.append(&ENTRIES, fields))?;
        let position = i64::try_from(lying.position().get()).unwrap_or(i64::MAX);
        for (commitment, value) in lying.personal() {
            let commitment = commitment.to_string();
            let fields = [Field::Text(&commitment), Field::Integer(position), Field::Text(value)];
            rows.append(&PERSONAL, &fields)?;
        }
        personal::gone(&event).into_iter().for_each(|change| rows.change(change));
        if let Some(belonging) = remembered {
            rows.set(&CLIENTS, belonging.id.as_str().into(), belonging);
        }
        Ok(())
    }
}

/// The patch of an event that changes nothing.
const NOTHING: &str = "[]";

fn put(id: String, after: Option<Subject>) -> Change {
    match after {
        Some(subject) => Change::Put { table: &SUBJECTS, row: subject.row() },
        None => Change::Delete { table: &SUBJECTS, key: id.into() },
    }
}

/// What an event that is replayed makes of its subject among the rows.
fn replayed(
    rows: &mut Rows,
    lying: &Replayed<'_>,
    occurred_at: Timestamp,
    event: &DomainEvent,
) -> Result<Option<String>, Poison> {
    let Some(id) = subject::key(event) else { return Ok(Some(NOTHING.to_owned())) };
    let (position, sequence, personal) = (lying.position(), lying.sequence(), &PersonalValues::new());
    let fact = Fact { position, sequence, occurred_at, event, personal };
    let mut patch = None;
    rows.update::<Subject>(&SUBJECTS, id.as_str().into(), |before| {
        let Changed { after, changes } = subject::change(before, &id, &fact)?;
        patch = changes;
        Ok(after)
    })?;
    Ok(patch)
}

/// The client that an event concerns, and what is to be remembered for later events that will not say.
fn client(rows: &Rows, event: &DomainEvent) -> Result<(Option<ClientId>, Option<Belonging>), Poison> {
    Ok(match Client::of(event) {
        Client::None => (None, None),
        Client::Known(client_id, remembered_by) => {
            (Some(client_id), remembered_by.map(|id| Belonging { id, client_id }))
        }
        Client::OfKey(id) => {
            let client_id = known(rows, &id.into())?;
            let none = || Poison::NoRow { table: CLIENTS.name, subject: id.to_string() };
            (Some(client_id.ok_or_else(none)?), None)
        }
        // An assignment need not name a client.
        Client::OfAssignment(id) => (known(rows, &id.into())?, None),
        Client::OfChange(id) => (known(rows, &id.into())?, None),
    })
}

fn known(rows: &Rows, id: &Value) -> Result<Option<ClientId>, Poison> {
    Ok(rows.get::<Belonging>(&CLIENTS, id)?.map(|belonging| belonging.client_id))
}

/// Where an event says which client it concerns.
pub(crate) enum Client {
    None,
    /// In itself; the second is an identifier whose later events will not say.
    Known(ClientId, Option<String>),
    OfKey(KeyId),
    OfAssignment(AssignmentId),
    OfChange(ScheduledChangeId),
}

impl Client {
    pub(crate) fn of(event: &DomainEvent) -> Self {
        match event {
            DomainEvent::Route { .. }
            | DomainEvent::Projection { .. }
            | DomainEvent::Operation { .. }
            | DomainEvent::Principal { .. }
            | DomainEvent::Grant { .. }
            | DomainEvent::Observation { .. }
            | DomainEvent::Approval { .. }
            | DomainEvent::ApprovalRule { .. }
            | DomainEvent::Webhook { .. }
            | DomainEvent::NotificationRule { .. } => Self::None,
            DomainEvent::Erasure { id: _, event: ErasureEvent::Erased(erased) } => match erased.of {
                Holder::Client { client_id } => Self::Known(client_id, None),
                Holder::Principal { .. } | Holder::Circumstances => Self::None,
            },
            DomainEvent::ApiClient { id, event: _ } => Self::Known(*id, None),
            DomainEvent::ApiKey { id, event } => match event {
                ApiKeyEvent::Issued(issued) => Self::Known(issued.client_id, Some(id.to_string())),
                ApiKeyEvent::Imported(imported) => Self::Known(imported.client_id, Some(id.to_string())),
                ApiKeyEvent::Rotated(_)
                | ApiKeyEvent::OverlapExtended(_)
                | ApiKeyEvent::PreviousRetired(_)
                | ApiKeyEvent::PreviousStillBusy(_)
                | ApiKeyEvent::RevocationScheduled(_)
                | ApiKeyEvent::RevocationCancelled(_)
                | ApiKeyEvent::Revoked(_)
                | ApiKeyEvent::Suspended(_)
                | ApiKeyEvent::Reinstated(_)
                | ApiKeyEvent::Expired(_)
                | ApiKeyEvent::LeakReported(_)
                | ApiKeyEvent::Quarantined(_)
                | ApiKeyEvent::Released(_) => Self::OfKey(*id),
            },
            DomainEvent::ScheduledChange { id, event } => match event {
                ScheduledChangeEvent::Planned(planned) => {
                    let known = |client_id| Self::Known(client_id, Some(id.to_string()));
                    planned.change.client_id().map_or(Self::None, known)
                }
                ScheduledChangeEvent::Begun(_)
                | ScheduledChangeEvent::Applied(_)
                | ScheduledChangeEvent::Ended(_)
                | ScheduledChangeEvent::Failed(_)
                | ScheduledChangeEvent::Cancelled(_) => Self::OfChange(*id),
            },
            DomainEvent::RateLimitPolicy { id: _, event } => match event {
                RateLimitPolicyEvent::Assigned(assigned) => {
                    let id = assigned.assignment.assignment_id;
                    let known = |client_id| Self::Known(client_id, Some(id.to_string()));
                    assigned.assignment.client_id.map_or(Self::None, known)
                }
                RateLimitPolicyEvent::Unassigned(unassigned) => Self::OfAssignment(unassigned.assignment_id),
                RateLimitPolicyEvent::LimitReset(LimitReset { client_id, .. }) => {
                    client_id.map_or(Self::None, |client_id| Self::Known(client_id, None))
                }
                RateLimitPolicyEvent::Defined(_)
                | RateLimitPolicyEvent::Revised(_)
                | RateLimitPolicyEvent::Retired(_) => Self::None,
            },
        }
    }
}

fn subject_type(event: &DomainEvent) -> &'static str {
    event.event_type().split_once('.').map_or("", |(aggregate, _)| aggregate)
}

/// An entry as it is made, of texts that stay where they are.
struct Entry<'of> {
    position: Position,
    event_id: EventId,
    recorded_at: Timestamp,
    circumstances: &'of Circumstances<'of>,
    event: &'of DomainEvent,
    client_id: Option<ClientId>,
    data: &'of str,
    changes: Option<&'of str>,
}

impl Entry<'_> {
    /// In the order of the columns.
    fn with_fields<T>(&self, take: impl FnOnce(&[Field<'_>]) -> T) -> T {
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
