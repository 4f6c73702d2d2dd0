//! The webhooks as they stand now, deleted ones too. There is nothing of a secret in them.

use domain::{
    Aggregate as _, DomainEvent, Position, Timestamp, WebhookId,
    access::{GrantScope, Limits},
    webhook::{Endpoint, Webhook, WebhookEvent},
};
use serde::Serialize;

use crate::{
    BadColumn, Column, Columns, Directory, Fact, Folded, Poison, Row, Stored, Table, Value, WebhookStatus,
};

static TABLE: Table = Table {
    name: "webhook_directory",
    key_columns: 1,
    appended: false,
    columns: &[
        Column::text("webhook_id"),
        Column::text("status"),
        Column::text("team"),
        Column::text("environments"),
        Column::text("state"),
        Column::integer("version"),
        Column::integer("position"),
        Column::integer("created_at_us"),
        Column::integer("updated_at_us"),
    ],
};

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WebhookRow {
    pub webhook_id: WebhookId,
    pub status: WebhookStatus,
    pub endpoint: Endpoint,
    /// The aggregate's version after its last event; an `ETag`.
    pub version: u64,
    pub position: Position,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Stored for WebhookRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            webhook_id: columns.parsed("webhook_id")?,
            status: columns.parsed("status")?,
            endpoint: columns.json("state")?,
            version: columns.count("version")?,
            position: Position::new(columns.count("position")?),
            created_at: columns.time("created_at_us")?,
            updated_at: columns.time("updated_at_us")?,
        })
    }
}

impl Folded for WebhookRow {
    fn row(&self) -> Row {
        let (team, environments) = match &self.endpoint.spec.scope {
            GrantScope::All => (None, None),
            GrantScope::Limited(Limits { team, environments }) => (team.as_ref(), environments.as_ref()),
        };
        Row(vec![
            self.webhook_id.into(),
            self.status.into(),
            team.map(|team| team.as_str()).into(),
            environments.map_or(Value::Null, Value::json),
            Value::json(&self.endpoint),
            self.version.into(),
            self.position.into(),
            self.created_at.into(),
            self.updated_at.into(),
        ])
    }
}

pub(crate) struct WebhookDirectory;

impl Directory for WebhookDirectory {
    type Row = WebhookRow;
    const TABLES: [&'static Table; 1] = [&TABLE];
    const AGGREGATES: &'static [&'static str] = &[Webhook::TYPE];

    fn key(event: &DomainEvent) -> Option<Value> {
        match event {
            DomainEvent::Webhook { id, .. } => Some((*id).into()),
            DomainEvent::ApiClient { .. }
            | DomainEvent::ApiKey { .. }
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
            | DomainEvent::NotificationRule { .. } => None,
        }
    }

    fn fold(row: Option<WebhookRow>, fact: &Fact<'_>) -> Result<Option<WebhookRow>, Poison> {
        let DomainEvent::Webhook { id, event } = fact.event else { return Ok(row) };
        let created_at = row.as_ref().map_or(fact.occurred_at, |row| row.created_at);
        let mut state = match row {
            Some(WebhookRow { status: WebhookStatus::Deleted, endpoint, .. }) => {
                Webhook::Deleted(endpoint.into())
            }
            Some(row) => Webhook::There(row.endpoint.into()),
            None => Webhook::Absent,
        };
        state.apply(event);
        let none = || Poison::NoRow { table: TABLE.name, subject: id.to_string() };
        let endpoint = state.endpoint().ok_or_else(none)?.clone();
        let status = match (event, &state) {
            (WebhookEvent::Deleted(_), _) | (_, Webhook::Deleted(_)) => WebhookStatus::Deleted,
            (_, Webhook::Absent | Webhook::There(_)) => match (endpoint.disabled, endpoint.verified) {
                (Some(_), _) => WebhookStatus::Disabled,
                (None, false) => WebhookStatus::Unverified,
                (None, true) => WebhookStatus::Active,
            },
        };
        Ok(Some(WebhookRow {
            webhook_id: *id,
            status,
            endpoint,
            version: fact.sequence,
            position: fact.position,
            created_at,
            updated_at: fact.occurred_at,
        }))
    }
}
