//! Whom which policy binds. A row goes when its assignment does: the audit log remembers it.

#[cfg(test)]
mod tests;

use domain::{
    Aggregate as _, AssignmentId, ClientId, DomainEvent, PolicyId, Position, RouteId, Timestamp,
    rate_limit_policy::{Assignment, RateLimitPolicy, RateLimitPolicyEvent},
};
use serde::Serialize;

use crate::{BadColumn, Column, Columns, Directory, Fact, Folded, Poison, Row, Stored, Table, Value};

static TABLE: Table = Table {
    name: "assignment_directory",
    key_columns: 1,
    appended: false,
    columns: &[
        Column::text("assignment_id"),
        Column::text("policy_id"),
        Column::text("client_id"),
        Column::text("route_id"),
        Column::text("environment"),
        Column::integer("from_us"),
        Column::integer("until_us"),
        Column::integer("version"),
        Column::integer("position"),
        Column::integer("assigned_at_us"),
    ],
};

/// An assignment: all of what is given must fit a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AssignmentRow {
    pub assignment_id: AssignmentId,
    pub policy_id: PolicyId,
    pub client_id: Option<ClientId>,
    pub route_id: Option<RouteId>,
    pub environment: Option<String>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// The policy's version with it.
    pub version: u64,
    pub position: Position,
    pub assigned_at: Timestamp,
}

impl Stored for AssignmentRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            assignment_id: columns.parsed("assignment_id")?,
            policy_id: columns.parsed("policy_id")?,
            client_id: columns.parsed_or_none("client_id")?,
            route_id: columns.parsed_or_none("route_id")?,
            environment: columns.text_or_none("environment")?,
            from: columns.time_or_none("from_us")?,
            until: columns.time_or_none("until_us")?,
            version: columns.count("version")?,
            position: Position::new(columns.count("position")?),
            assigned_at: columns.time("assigned_at_us")?,
        })
    }
}

impl Folded for AssignmentRow {
    fn row(&self) -> Row {
        Row(vec![
            self.assignment_id.into(),
            self.policy_id.into(),
            self.client_id.into(),
            self.route_id.into(),
            self.environment.clone().into(),
            self.from.into(),
            self.until.into(),
            self.version.into(),
            self.position.into(),
            self.assigned_at.into(),
        ])
    }
}

pub(crate) struct AssignmentDirectory;

impl Directory for AssignmentDirectory {
    type Row = AssignmentRow;
    const TABLES: [&'static Table; 1] = [&TABLE];
    const AGGREGATES: &'static [&'static str] = &[RateLimitPolicy::TYPE];

    fn key(event: &DomainEvent) -> Option<Value> {
        match event {
            DomainEvent::RateLimitPolicy { event, .. } => assignment_of(event).map(Into::into),
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

    fn fold(row: Option<AssignmentRow>, fact: &Fact<'_>) -> Result<Option<AssignmentRow>, Poison> {
        use RateLimitPolicyEvent as E;
        let DomainEvent::RateLimitPolicy { id, event } = fact.event else { return Ok(row) };
        match event {
            E::Assigned(assigned) => Ok(Some(AssignmentRow::assigned(*id, &assigned.assignment, fact))),
            E::Unassigned(_) => Ok(None),
            E::Defined(_) | E::Revised(_) | E::Retired(_) | E::LimitReset(_) => Ok(row),
        }
    }
}

pub(crate) fn assignment_of(event: &RateLimitPolicyEvent) -> Option<AssignmentId> {
    match event {
        RateLimitPolicyEvent::Assigned(assigned) => Some(assigned.assignment.assignment_id),
        RateLimitPolicyEvent::Unassigned(unassigned) => Some(unassigned.assignment_id),
        RateLimitPolicyEvent::Defined(_)
        | RateLimitPolicyEvent::Revised(_)
        | RateLimitPolicyEvent::Retired(_)
        | RateLimitPolicyEvent::LimitReset(_) => None,
    }
}

impl AssignmentRow {
    fn assigned(policy_id: PolicyId, assignment: &Assignment, fact: &Fact<'_>) -> Self {
        let Assignment { assignment_id, client_id, route_id, environment, from, until } = assignment;
        Self {
            assignment_id: *assignment_id,
            policy_id,
            client_id: *client_id,
            route_id: *route_id,
            environment: environment.as_ref().map(ToString::to_string),
            from: *from,
            until: *until,
            version: fact.sequence,
            position: fact.position,
            assigned_at: fact.occurred_at,
        }
    }
}
