//! Whose a secret was that the log has a digest of, also once it has ended: found by a name that its locator does not follow from.
//! No digest is here; what proves a secret stands in the event that is named.

#[cfg(test)]
mod tests;

use domain::{
    Aggregate as _, DomainEvent, Position,
    api_key::{ApiKey, SecretVersion},
    principal::Account,
};
use serde::Serialize;

use crate::{BadColumn, Column, Columns, Directory, Fact, Folded, Poison, Row, Stored, Table, Value};

static TABLE: Table = Table {
    name: "secret_directory",
    key_columns: 1,
    appended: false,
    columns: &[
        Column::text("fingerprint"),
        Column::text("subject_type"),
        Column::text("subject_id"),
        Column::integer("sequence"),
        Column::integer("position"),
    ],
};

/// The event that a secret came with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SecretRow {
    /// [`Locator::fingerprint`](domain::secret::Locator::fingerprint).
    pub fingerprint: String,
    /// `api_key` or `principal`.
    pub subject_type: String,
    pub subject_id: String,
    /// Within the subject's stream.
    pub sequence: u64,
    pub position: Position,
}

impl Stored for SecretRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            fingerprint: columns.text("fingerprint")?,
            subject_type: columns.text("subject_type")?,
            subject_id: columns.text("subject_id")?,
            sequence: columns.count("sequence")?,
            position: Position::new(columns.count("position")?),
        })
    }
}

impl Folded for SecretRow {
    fn row(&self) -> Row {
        Row(vec![
            self.fingerprint.as_str().into(),
            self.subject_type.as_str().into(),
            self.subject_id.as_str().into(),
            self.sequence.into(),
            self.position.into(),
        ])
    }
}

pub(crate) struct SecretDirectory;

impl Directory for SecretDirectory {
    type Row = SecretRow;
    const TABLES: [&'static Table; 1] = [&TABLE];
    const AGGREGATES: &'static [&'static str] = &[ApiKey::TYPE, Account::TYPE];

    fn key(event: &DomainEvent) -> Option<Value> {
        secret(event).map(|secret| secret.locator.fingerprint().into())
    }

    fn fold(row: Option<SecretRow>, fact: &Fact<'_>) -> Result<Option<SecretRow>, Poison> {
        let Some(secret) = secret(fact.event) else { return Ok(row) };
        Ok(Some(SecretRow {
            fingerprint: secret.locator.fingerprint(),
            subject_type: fact.event.aggregate_type().to_owned(),
            subject_id: fact.event.subject(),
            sequence: fact.sequence,
            position: fact.position,
        }))
    }
}

/// The secret that the event brings. One of another system has no locator, and is found by its command's name.
fn secret(event: &DomainEvent) -> Option<&SecretVersion> {
    match event {
        DomainEvent::ApiKey { id: _, event } => event.secret(),
        DomainEvent::Principal { id: _, event } => event.secret(),
        DomainEvent::ApiClient { .. }
        | DomainEvent::Route { .. }
        | DomainEvent::RateLimitPolicy { .. }
        | DomainEvent::Projection { .. }
        | DomainEvent::Operation { .. }
        | DomainEvent::ScheduledChange { .. }
        | DomainEvent::Grant { .. }
        | DomainEvent::Observation { .. }
        | DomainEvent::Erasure { .. }
        | DomainEvent::Approval { .. }
        | DomainEvent::ApprovalRule { .. }
        | DomainEvent::Webhook { .. }
        | DomainEvent::NotificationRule { .. } => None,
    }
}
