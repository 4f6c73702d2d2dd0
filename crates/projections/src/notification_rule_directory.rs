//! The rules of what is told to whom, as they stand now. Addresses in them are commitments;
//! [`addresses`](crate::queries::notification_rules::addresses) finds what is left of them.

use domain::{
    Aggregate as _, DomainEvent, NotificationRuleId, Position, Timestamp,
    notification_rule::{About, NotificationRule, NotificationRuleEvent, RuleSpec},
};
use serde::Serialize;

use crate::{
    BadColumn, Column, Columns, Directory, Fact, Folded, NotificationRuleStatus, Poison, Row, Stored, Table,
    Value,
};

static TABLE: Table = Table {
    name: "notification_rule_directory",
    key_columns: 1,
    appended: false,
    columns: &[
        Column::text("rule_id"),
        Column::text("status"),
        Column::text("client_id"),
        Column::text("team"),
        Column::text("environment"),
        Column::text("spec"),
        Column::integer("version"),
        Column::integer("position"),
        Column::integer("made_at_us"),
        Column::integer("updated_at_us"),
    ],
};

/// A notification rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotificationRuleRow {
    pub rule_id: NotificationRuleId,
    pub status: NotificationRuleStatus,
    pub spec: RuleSpec,
    /// The aggregate's version after its last event; an `ETag`.
    pub version: u64,
    pub position: Position,
    pub made_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Stored for NotificationRuleRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            rule_id: columns.parsed("rule_id")?,
            status: columns.parsed("status")?,
            spec: columns.json("spec")?,
            version: columns.count("version")?,
            position: Position::new(columns.count("position")?),
            made_at: columns.time("made_at_us")?,
            updated_at: columns.time("updated_at_us")?,
        })
    }
}

impl Folded for NotificationRuleRow {
    fn row(&self) -> Row {
        let About { client_id, team, environment } = &self.spec.about;
        Row(vec![
            self.rule_id.into(),
            self.status.into(),
            client_id.map(|id| id.to_string()).into(),
            team.as_ref().map(|team| team.as_str()).into(),
            environment.as_ref().map(|environment| environment.as_str()).into(),
            Value::json(&self.spec),
            self.version.into(),
            self.position.into(),
            self.made_at.into(),
            self.updated_at.into(),
        ])
    }
}

pub(crate) struct NotificationRuleDirectory;

impl Directory for NotificationRuleDirectory {
    type Row = NotificationRuleRow;
    const TABLES: [&'static Table; 1] = [&TABLE];
    const AGGREGATES: &'static [&'static str] = &[NotificationRule::TYPE];

    fn key(event: &DomainEvent) -> Option<Value> {
        match event {
            DomainEvent::NotificationRule { id, .. } => Some((*id).into()),
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
            | DomainEvent::Webhook { .. } => None,
        }
    }

    fn fold(
        row: Option<NotificationRuleRow>,
        fact: &Fact<'_>,
    ) -> Result<Option<NotificationRuleRow>, Poison> {
        let DomainEvent::NotificationRule { id, event } = fact.event else { return Ok(row) };
        let none = || Poison::NoRow { table: TABLE.name, subject: id.to_string() };
        let made_at = row.as_ref().map_or(fact.occurred_at, |row| row.made_at);
        let (status, spec) = match event {
            NotificationRuleEvent::Made(made) => (NotificationRuleStatus::InForce, made.spec.clone()),
            NotificationRuleEvent::Revised(revised) => (row.ok_or_else(none)?.status, revised.spec.clone()),
            NotificationRuleEvent::Ended(_) => (NotificationRuleStatus::Ended, row.ok_or_else(none)?.spec),
        };
        Ok(Some(NotificationRuleRow {
            rule_id: *id,
            status,
            spec,
            version: fact.sequence,
            position: fact.position,
            made_at,
            updated_at: fact.occurred_at,
        }))
    }
}
