//! The grants as they stand now, withdrawn ones too.

use std::collections::BTreeSet;

use domain::{
    Aggregate as _, DomainEvent, Environment, GrantId, Position, PrincipalId, Timestamp,
    access::{GrantScope, Limits, Role},
    grant::{Given, GivenGrant, GrantEvent},
};
use serde::Serialize;

use crate::{
    BadColumn, Column, Columns, Directory, Fact, Folded, GrantStatus, Poison, Row, Stored, Table, Value,
};

static TABLE: Table = Table {
    name: "grant_directory",
    key_columns: 1,
    appended: false,
    columns: &[
        Column::text("grant_id"),
        Column::text("principal_id"),
        Column::text("role"),
        Column::text("scope_kind"),
        Column::text("team"),
        Column::text("environments"),
        Column::integer("until_us"),
        Column::text("reason"),
        Column::text("status"),
        Column::text("withdrawn_because"),
        Column::integer("version"),
        Column::integer("position"),
        Column::integer("given_at_us"),
        Column::integer("updated_at_us"),
    ],
};

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GrantRow {
    pub grant_id: GrantId,
    pub principal_id: PrincipalId,
    pub role: Role,
    pub scope: GrantScope,
    /// From then on it allows nothing, whatever its status.
    pub until: Option<Timestamp>,
    pub reason: String,
    pub status: GrantStatus,
    pub withdrawn_because: Option<String>,
    /// The aggregate's version after its last event; an `ETag`.
    pub version: u64,
    pub position: Position,
    pub given_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Stored for GrantRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let (team, environments) = (columns.parsed_or_none("team")?, columns.json_or_none("environments")?);
        let scope = match columns.text("scope_kind")?.as_str() {
            "all" => GrantScope::All,
            _ => GrantScope::Limited(Limits { team, environments }),
        };
        Ok(Self {
            grant_id: columns.parsed("grant_id")?,
            principal_id: columns.parsed("principal_id")?,
            role: columns.word("role")?,
            scope,
            until: columns.time_or_none("until_us")?,
            reason: columns.text("reason")?,
            status: columns.parsed("status")?,
            withdrawn_because: columns.text_or_none("withdrawn_because")?,
            version: columns.count("version")?,
            position: Position::new(columns.count("position")?),
            given_at: columns.time("given_at_us")?,
            updated_at: columns.time("updated_at_us")?,
        })
    }
}

impl Folded for GrantRow {
    fn row(&self) -> Row {
        let (kind, team, environments) = match &self.scope {
            GrantScope::All => ("all", None, None),
            GrantScope::Limited(Limits { team, environments }) => {
                ("limited", team.as_ref(), environments.as_ref())
            }
        };
        Row(vec![
            self.grant_id.into(),
            self.principal_id.into(),
            Value::word(&self.role),
            kind.into(),
            team.map(|team| team.as_str()).into(),
            environments.map_or(Value::Null, |set: &BTreeSet<Environment>| Value::json(set)),
            self.until.into(),
            self.reason.as_str().into(),
            self.status.into(),
            self.withdrawn_because.as_deref().into(),
            self.version.into(),
            self.position.into(),
            self.given_at.into(),
            self.updated_at.into(),
        ])
    }
}

pub(crate) struct GrantDirectory;

impl Directory for GrantDirectory {
    type Row = GrantRow;
    const TABLES: [&'static Table; 1] = [&TABLE];
    const AGGREGATES: &'static [&'static str] = &[GivenGrant::TYPE];

    fn key(event: &DomainEvent) -> Option<Value> {
        match event {
            DomainEvent::Grant { id, .. } => Some((*id).into()),
            DomainEvent::ApiClient { .. }
            | DomainEvent::ApiKey { .. }
            | DomainEvent::Route { .. }
            | DomainEvent::RateLimitPolicy { .. }
            | DomainEvent::Projection { .. }
            | DomainEvent::Operation { .. }
            | DomainEvent::ScheduledChange { .. }
            | DomainEvent::Principal { .. }
            | DomainEvent::Observation { .. }
            | DomainEvent::Erasure { .. }
            | DomainEvent::Approval { .. }
            | DomainEvent::ApprovalRule { .. }
            | DomainEvent::Webhook { .. }
            | DomainEvent::NotificationRule { .. } => None,
        }
    }

    fn fold(row: Option<GrantRow>, fact: &Fact<'_>) -> Result<Option<GrantRow>, Poison> {
        let DomainEvent::Grant { id, event } = fact.event else { return Ok(row) };
        let row = match event {
            GrantEvent::Given(given) => GrantRow::given(*id, given, fact),
            GrantEvent::Withdrawn(withdrawn) => {
                let none = || Poison::NoRow { table: TABLE.name, subject: id.to_string() };
                GrantRow {
                    status: GrantStatus::Withdrawn,
                    withdrawn_because: Some(withdrawn.reason.to_string()),
                    version: fact.sequence,
                    position: fact.position,
                    updated_at: fact.occurred_at,
                    ..row.ok_or_else(none)?
                }
            }
        };
        Ok(Some(row))
    }
}

impl GrantRow {
    fn given(grant_id: GrantId, given: &Given, fact: &Fact<'_>) -> Self {
        let Given { principal_id, role, scope, until, reason } = given;
        Self {
            grant_id,
            principal_id: *principal_id,
            role: *role,
            scope: scope.clone(),
            until: *until,
            reason: reason.to_string(),
            status: GrantStatus::Given,
            withdrawn_because: None,
            version: fact.sequence,
            position: fact.position,
            given_at: fact.occurred_at,
            updated_at: fact.occurred_at,
        }
    }
}
