//! The rate limit policies as they stand now. Whom they bind is in the assignment directory.

#[cfg(test)]
mod tests;

use domain::{
    Aggregate as _, DomainEvent, PolicyId, Position, Timestamp,
    rate_limit_policy::{PolicySpec, RateLimitPolicy, RateLimitPolicyEvent, Revised},
};
use serde::Serialize;

use crate::{
    BadColumn, Column, Columns, Directory, Fact, Folded, Poison, PolicyStatus, Row, Stored, Table, Value,
};

static TABLE: Table = Table {
    name: "policy_directory",
    key_columns: 1,
    appended: false,
    columns: &[
        Column::text("policy_id"),
        Column::text("name"),
        Column::text("name_folded"),
        Column::text("status"),
        Column::text("mode"),
        Column::integer("revision"),
        Column::text("spec"),
        Column::integer("version"),
        Column::integer("position"),
        Column::integer("defined_at_us"),
        Column::integer("updated_at_us"),
    ],
};

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyRow {
    pub policy_id: PolicyId,
    pub status: PolicyStatus,
    /// Counts the specifications from 1; decisions name it.
    pub revision: u32,
    pub spec: PolicySpec,
    /// The aggregate's version after its last event, assignments included; an `ETag`.
    pub version: u64,
    /// Of its last event.
    pub position: Position,
    pub defined_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Stored for PolicyRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            policy_id: columns.parsed("policy_id")?,
            status: columns.parsed("status")?,
            revision: columns.count("revision")?,
            spec: columns.json("spec")?,
            version: columns.count("version")?,
            position: Position::new(columns.count("position")?),
            defined_at: columns.time("defined_at_us")?,
            updated_at: columns.time("updated_at_us")?,
        })
    }
}

impl Folded for PolicyRow {
    fn row(&self) -> Row {
        let spec = &self.spec;
        Row(vec![
            self.policy_id.into(),
            spec.name.as_str().into(),
            spec.name.as_str().to_lowercase().into(),
            self.status.into(),
            Value::word(&spec.mode),
            self.revision.into(),
            Value::json(spec),
            self.version.into(),
            self.position.into(),
            self.defined_at.into(),
            self.updated_at.into(),
        ])
    }
}

pub(crate) struct PolicyDirectory;

impl Directory for PolicyDirectory {
    type Row = PolicyRow;
    const TABLES: [&'static Table; 1] = [&TABLE];
    const AGGREGATES: &'static [&'static str] = &[RateLimitPolicy::TYPE];

    fn key(event: &DomainEvent) -> Option<Value> {
        match event {
            DomainEvent::RateLimitPolicy { id, .. } => Some((*id).into()),
            DomainEvent::ApiClient { .. }
            | DomainEvent::ApiKey { .. }
            | DomainEvent::Route { .. }
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

    fn fold(row: Option<PolicyRow>, fact: &Fact<'_>) -> Result<Option<PolicyRow>, Poison> {
        use RateLimitPolicyEvent as E;
        let DomainEvent::RateLimitPolicy { id, event } = fact.event else { return Ok(row) };
        let there = || row.ok_or_else(|| Poison::NoRow { table: TABLE.name, subject: id.to_string() });
        let row = match event {
            E::Defined(defined) => PolicyRow {
                policy_id: *id,
                status: PolicyStatus::Active,
                revision: 1,
                spec: defined.spec.clone(),
                version: fact.sequence,
                position: fact.position,
                defined_at: fact.occurred_at,
                updated_at: fact.occurred_at,
            },
            E::Revised(Revised { revision, spec }) => {
                PolicyRow { revision: *revision, spec: spec.clone(), ..there()? }
            }
            E::Assigned(_) | E::Unassigned(_) | E::LimitReset(_) => there()?,
            E::Retired(_) => PolicyRow { status: PolicyStatus::Retired, ..there()? },
        };
        let (version, position) = (fact.sequence, fact.position);
        Ok(Some(PolicyRow { version, position, updated_at: fact.occurred_at, ..row }))
    }
}
