//! What is to happen at a time ahead, and what became of it: planned changes, and the planned revocations of keys, which
//! their keys hold.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use domain::{
    Aggregate as _, ClientId, DomainEvent, EventId, KeyId, PolicyId, Position, Recorded, ScheduledChangeId,
    Timestamp,
    api_key::{ApiKey, ApiKeyEvent, RevocationScheduled},
    scheduled_change::{Failed, Phase, Planned, ScheduledChange, ScheduledChangeEvent},
};
use eventlog::Replayed;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    BadColumn, Change, ChangeStatus, Column, Columns, Folded, Poison, Projection, Row, Rows, Stored, Table,
    Untaken, Value,
};

/// The kind of a planned revocation. It is its key's own, and the gateway judges it by itself.
pub const REVOKE_KEY: &str = "revoke_key";

static TABLE: Table = Table {
    name: "scheduled_changes",
    key_columns: 1,
    appended: false,
    columns: &[
        Column::text("change_id"),
        Column::text("kind"),
        Column::text("status"),
        Column::text("client_id"),
        Column::text("key_id"),
        Column::text("policy_id"),
        Column::text("change"),
        Column::integer("at_us"),
        Column::integer("until_us"),
        Column::integer("due_at_us"),
        Column::text("reason"),
        Column::text("requested_by"),
        Column::text("correlation_id"),
        Column::text("planned_by"),
        Column::integer("planned_at_us"),
        Column::integer("applied_at_us"),
        Column::integer("ended_at_us"),
        Column::text("failure"),
        Column::integer("version"),
        Column::integer("position"),
        Column::integer("updated_at_us"),
    ],
};

static TABLES: [&Table; 1] = [&TABLE];

/// A change that was planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeRow {
    pub change_id: ScheduledChangeId,
    /// `suspend_key`, or [`REVOKE_KEY`].
    pub kind: String,
    pub status: ChangeStatus,
    pub client_id: Option<ClientId>,
    pub key_id: Option<KeyId>,
    pub policy_id: Option<PolicyId>,
    /// What is to happen, as the event has it.
    pub change: serde_json::Value,
    pub at: Timestamp,
    pub until: Option<Timestamp>,
    /// When something is to happen next; none when nothing is.
    pub due_at: Option<Timestamp>,
    pub reason: String,
    /// The principal that planned it.
    pub requested_by: String,
    pub correlation_id: String,
    /// The event that planned it.
    pub planned_by: EventId,
    pub planned_at: Timestamp,
    pub applied_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub failure: Option<ChangeFailure>,
    /// Of the aggregate that holds the plan, after its last event; an `ETag`.
    pub version: u64,
    /// Of its last event.
    pub position: Position,
    pub updated_at: Timestamp,
}

/// Why the rules refused it when its time came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeFailure {
    pub phase: Phase,
    pub code: String,
    pub message: String,
    pub at: Timestamp,
}

impl Stored for ChangeRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            change_id: columns.parsed("change_id")?,
            kind: columns.text("kind")?,
            status: columns.parsed("status")?,
            client_id: columns.parsed_or_none("client_id")?,
            key_id: columns.parsed_or_none("key_id")?,
            policy_id: columns.parsed_or_none("policy_id")?,
            change: columns.json("change")?,
            at: columns.time("at_us")?,
            until: columns.time_or_none("until_us")?,
            due_at: columns.time_or_none("due_at_us")?,
            reason: columns.text("reason")?,
            requested_by: columns.text("requested_by")?,
            correlation_id: columns.text("correlation_id")?,
            planned_by: columns.parsed("planned_by")?,
            planned_at: columns.time("planned_at_us")?,
            applied_at: columns.time_or_none("applied_at_us")?,
            ended_at: columns.time_or_none("ended_at_us")?,
            failure: columns.json_or_none("failure")?,
            version: columns.count("version")?,
            position: Position::new(columns.count("position")?),
            updated_at: columns.time("updated_at_us")?,
        })
    }
}

impl Folded for ChangeRow {
    fn row(&self) -> Row {
        Row(vec![
            self.change_id.into(),
            self.kind.as_str().into(),
            self.status.into(),
            self.client_id.into(),
            self.key_id.into(),
            self.policy_id.into(),
            Value::json(&self.change),
            self.at.into(),
            self.until.into(),
            self.due_at.into(),
            self.reason.as_str().into(),
            self.requested_by.as_str().into(),
            self.correlation_id.as_str().into(),
            self.planned_by.into(),
            self.planned_at.into(),
            self.applied_at.into(),
            self.ended_at.into(),
            self.failure.as_ref().map(Value::json).into(),
            self.version.into(),
            self.position.into(),
            self.updated_at.into(),
        ])
    }
}

/// The identifier of a key's planned revocation: the key's own number. A key has at most one.
#[must_use]
pub fn revocation_of(key_id: KeyId) -> ScheduledChangeId {
    ScheduledChangeId::from_u128(key_id.to_u128())
}

/// The row that an event changes, if it can change one.
fn change_of(event: &DomainEvent) -> Option<ScheduledChangeId> {
    match event {
        DomainEvent::ScheduledChange { id, event: _ } => Some(*id),
        DomainEvent::ApiKey { id, event } => match event {
            ApiKeyEvent::Issued(_) | ApiKeyEvent::Imported(_) => None,
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
            | ApiKeyEvent::Released(_) => Some(revocation_of(*id)),
        },
        DomainEvent::ApiClient { .. }
        | DomainEvent::Route { .. }
        | DomainEvent::RateLimitPolicy { .. }
        | DomainEvent::Projection { .. }
        | DomainEvent::Operation { .. }
        | DomainEvent::Principal { .. }
        | DomainEvent::Grant { .. }
        | DomainEvent::Observation { .. }
        | DomainEvent::Erasure { .. }
        | DomainEvent::Approval { .. }
        | DomainEvent::ApprovalRule { .. }
        | DomainEvent::Webhook { .. }
        | DomainEvent::NotificationRule { .. } => None,
    }
}

pub(crate) struct ScheduledChanges;

impl Projection for ScheduledChanges {
    fn name(&self) -> &'static str {
        TABLE.name
    }

    fn tables(&self) -> &'static [&'static Table] {
        &TABLES
    }

    fn aggregates(&self) -> Option<&'static [&'static str]> {
        Some(&[ScheduledChange::TYPE, ApiKey::TYPE])
    }

    fn shows_personal_values(&self) -> bool {
        false
    }

    fn keys(&self, recorded: &Recorded) -> Vec<(&'static Table, Value)> {
        change_of(&recorded.event).map(|id| (&TABLE, id.into())).into_iter().collect()
    }

    fn fold(&self, rows: &Rows, recorded: &Recorded) -> Result<Vec<Change>, Poison> {
        let Some(id) = change_of(&recorded.event) else { return Ok(vec![]) };
        let before = rows.get::<ChangeRow>(&TABLE, &id.into())?.map(Cow::into_owned);
        let after = match &recorded.event {
            DomainEvent::ScheduledChange { id: _, event } => {
                Some(ChangeRow::after(before, id, event, recorded)?)
            }
            DomainEvent::ApiKey { id: key_id, event } => {
                ChangeRow::after_key(before, *key_id, event, recorded)
            }
            DomainEvent::ApiClient { .. }
            | DomainEvent::Route { .. }
            | DomainEvent::RateLimitPolicy { .. }
            | DomainEvent::Projection { .. }
            | DomainEvent::Operation { .. }
            | DomainEvent::Principal { .. }
            | DomainEvent::Grant { .. }
            | DomainEvent::Observation { .. }
            | DomainEvent::Erasure { .. }
            | DomainEvent::Approval { .. }
            | DomainEvent::ApprovalRule { .. }
            | DomainEvent::Webhook { .. }
            | DomainEvent::NotificationRule { .. } => None,
        };
        Ok(after.map(|row| Change::Put { table: &TABLE, row: row.row() }).into_iter().collect())
    }

    /// Most events of keys are their issues, and of these it need know nothing.
    fn replay(&self, rows: &mut Rows, event: Replayed<'_>) -> Result<(), Untaken> {
        if event.aggregate_type() == ApiKey::TYPE && event.event_type() == "api_key.issued" {
            return Ok(());
        }
        let changes = self.fold(rows, &event.recorded()?)?;
        changes.into_iter().for_each(|change| rows.change(change));
        Ok(())
    }
}

impl ChangeRow {
    fn after(
        before: Option<Self>,
        id: ScheduledChangeId,
        event: &ScheduledChangeEvent,
        recorded: &Recorded,
    ) -> Result<Self, Poison> {
        use ScheduledChangeEvent as E;
        let there = || before.ok_or_else(|| Poison::NoRow { table: TABLE.name, subject: id.to_string() });
        let mut row = match event {
            E::Planned(planned) => return Self::planned(id, planned, recorded),
            E::Begun(_) => there()?,
            E::Applied(applied) => {
                let mut row = there()?;
                row.status = ChangeStatus::Applied;
                (row.applied_at, row.due_at) = (Some(applied.applied_at), row.until);
                row
            }
            E::Ended(ended) => {
                let mut row = there()?;
                row.status = ChangeStatus::Ended;
                (row.ended_at, row.due_at) = (Some(ended.ended_at), None);
                row
            }
            E::Failed(Failed { phase, failed_at, code, message }) => {
                let (code, message) = (code.clone(), message.clone());
                let failure = ChangeFailure { phase: *phase, code, message, at: *failed_at };
                Self { status: ChangeStatus::Failed, failure: Some(failure), due_at: None, ..there()? }
            }
            E::Cancelled(_) => Self { status: ChangeStatus::Cancelled, due_at: None, ..there()? },
        };
        row.touch(recorded);
        Ok(row)
    }

    fn planned(id: ScheduledChangeId, planned: &Planned, recorded: &Recorded) -> Result<Self, Poison> {
        let Planned { change, at, until, reason } = planned;
        let written = serde_json::to_value(change).map_err(|_| Poison::NotJson)?;
        let plan = Self::new(id, change.kind(), written, (*at, *until), reason.as_str(), recorded);
        let (client_id, key_id, policy_id) = (change.client_id(), change.key_id(), change.policy_id());
        Ok(Self { client_id, key_id, policy_id, ..plan })
    }

    /// What an event makes of the planned revocation of its key, if there is one.
    fn after_key(
        before: Option<Self>,
        key_id: KeyId,
        event: &ApiKeyEvent,
        recorded: &Recorded,
    ) -> Option<Self> {
        use ApiKeyEvent as E;
        if let E::RevocationScheduled(RevocationScheduled { revoke_at, reason }) = event {
            let change = json!({ "kind": REVOKE_KEY, "key_id": key_id });
            let (id, times) = (revocation_of(key_id), (*revoke_at, None));
            let plan = Self::new(id, REVOKE_KEY, change, times, reason.as_str(), recorded);
            return Some(Self { key_id: Some(key_id), ..plan });
        }
        let mut row = before.filter(|row| row.status == ChangeStatus::Pending)?;
        match event {
            E::RevocationCancelled(_) => (row.status, row.due_at) = (ChangeStatus::Cancelled, None),
            // At its time, or brought forward.
            E::Revoked(revoked) => {
                (row.status, row.due_at) = (ChangeStatus::Applied, None);
                row.applied_at = Some(revoked.revoked_at);
            }
            E::Expired(expired) => {
                (row.status, row.due_at) = (ChangeStatus::Failed, None);
                row.failure = Some(ChangeFailure {
                    phase: Phase::Apply,
                    code: "key_expired".to_owned(),
                    message: "the key expired before".to_owned(),
                    at: expired.expired_at,
                });
            }
            E::Issued(_)
            | E::Rotated(_)
            | E::OverlapExtended(_)
            | E::PreviousRetired(_)
            | E::PreviousStillBusy(_)
            | E::RevocationScheduled(_)
            | E::Suspended(_)
            | E::Reinstated(_)
            | E::Imported(_)
            | E::LeakReported(_)
            | E::Quarantined(_)
            | E::Released(_) => {}
        }
        row.touch(recorded);
        Some(row)
    }

    fn new(
        id: ScheduledChangeId,
        kind: &str,
        change: serde_json::Value,
        (at, until): (Timestamp, Option<Timestamp>),
        reason: &str,
        recorded: &Recorded,
    ) -> Self {
        let Recorded { event_id, metadata, sequence, position, .. } = recorded;
        Self {
            change_id: id,
            kind: kind.to_owned(),
            status: ChangeStatus::Pending,
            client_id: None,
            key_id: None,
            policy_id: None,
            change,
            at,
            until,
            due_at: Some(at),
            reason: reason.to_owned(),
            requested_by: metadata.actor.clone(),
            correlation_id: metadata.correlation_id.clone(),
            planned_by: *event_id,
            planned_at: metadata.occurred_at,
            applied_at: None,
            ended_at: None,
            failure: None,
            version: *sequence,
            position: *position,
            updated_at: metadata.occurred_at,
        }
    }

    fn touch(&mut self, recorded: &Recorded) {
        self.version = recorded.sequence;
        self.position = recorded.position;
        self.updated_at = recorded.metadata.occurred_at;
    }
}
