//! The reports of leaked secrets. The secret itself was never in an event.

#[cfg(test)]
mod tests;

use domain::{
    Aggregate as _, ClientId, DomainEvent, KeyId, LeakId, Position, Timestamp,
    api_key::{ApiKey, ApiKeyEvent, LeakAction, LeakReceiver, LeakReported},
};
use serde::Serialize;

use crate::{BadColumn, Column, Columns, Directory, Fact, Folded, Poison, Row, Stored, Table, Value};

static TABLE: Table = Table {
    name: "leak_directory",
    key_columns: 1,
    appended: false,
    columns: &[
        Column::text("leak_id"),
        Column::text("key_id"),
        Column::integer("secret_version"),
        Column::text("receiver"),
        Column::text("source"),
        Column::text("url"),
        Column::text("action"),
        Column::integer("position"),
        Column::integer("reported_at_us"),
    ],
};

/// A report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeakRow {
    pub leak_id: LeakId,
    pub key_id: KeyId,
    /// Whose key it is, where the read model knows the key.
    pub client_id: Option<ClientId>,
    /// The one that was found.
    pub secret_version: u32,
    pub receiver: LeakReceiver,
    pub source: Option<String>,
    pub url: Option<String>,
    pub action: LeakAction,
    pub position: Position,
    pub reported_at: Timestamp,
}

impl Stored for LeakRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            leak_id: columns.parsed("leak_id")?,
            key_id: columns.parsed("key_id")?,
            client_id: None,
            secret_version: columns.count("secret_version")?,
            receiver: columns.word("receiver")?,
            source: columns.text_or_none("source")?,
            url: columns.text_or_none("url")?,
            action: columns.word("action")?,
            position: Position::new(columns.count("position")?),
            reported_at: columns.time("reported_at_us")?,
        })
    }
}

impl Folded for LeakRow {
    fn row(&self) -> Row {
        Row(vec![
            self.leak_id.into(),
            self.key_id.into(),
            self.secret_version.into(),
            Value::word(&self.receiver),
            self.source.as_deref().into(),
            self.url.as_deref().into(),
            Value::word(&self.action),
            self.position.into(),
            self.reported_at.into(),
        ])
    }
}

pub(crate) struct LeakDirectory;

impl Directory for LeakDirectory {
    type Row = LeakRow;
    const TABLES: [&'static Table; 1] = [&TABLE];
    const AGGREGATES: &'static [&'static str] = &[ApiKey::TYPE];

    fn key(event: &DomainEvent) -> Option<Value> {
        reported(event).map(|(_, reported)| reported.leak_id.into())
    }

    fn fold(row: Option<LeakRow>, fact: &Fact<'_>) -> Result<Option<LeakRow>, Poison> {
        let Some((key_id, reported)) = reported(fact.event) else { return Ok(row) };
        let LeakReported { leak_id, secret_version, receiver, source, url, action } = reported;
        Ok(Some(LeakRow {
            leak_id: *leak_id,
            key_id,
            client_id: None,
            secret_version: *secret_version,
            receiver: *receiver,
            source: source.as_ref().map(ToString::to_string),
            url: url.as_ref().map(ToString::to_string),
            action: *action,
            position: fact.position,
            reported_at: fact.occurred_at,
        }))
    }
}

fn reported(event: &DomainEvent) -> Option<(KeyId, &LeakReported)> {
    match event {
        DomainEvent::ApiKey { id, event: ApiKeyEvent::LeakReported(reported) } => Some((*id, reported)),
        DomainEvent::ApiKey { .. }
        | DomainEvent::ApiClient { .. }
        | DomainEvent::Route { .. }
        | DomainEvent::RateLimitPolicy { .. }
        | DomainEvent::Projection { .. }
        | DomainEvent::Operation { .. }
        | DomainEvent::ScheduledChange { .. }
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
