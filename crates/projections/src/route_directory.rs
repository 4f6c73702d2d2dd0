//! The routes as they stand now.

#[cfg(test)]
mod tests;

use domain::{
    Aggregate as _, DomainEvent, Position, RouteId, Timestamp,
    route::{Host, Route, RouteEvent, RouteSpec},
};
use serde::Serialize;

use crate::{
    BadColumn, Column, Columns, Directory, Fact, Folded, Poison, RouteStatus, Row, Stored, Table, Value,
};

static TABLE: Table = Table {
    name: "route_directory",
    key_columns: 1,
    appended: false,
    columns: &[
        Column::text("route_id"),
        Column::text("name"),
        Column::text("name_folded"),
        Column::text("status"),
        // All of them, with spaces between; empty: any host.
        Column::text("host"),
        Column::text("shape"),
        Column::text("spec"),
        Column::integer("version"),
        Column::integer("position"),
        Column::integer("defined_at_us"),
        Column::integer("updated_at_us"),
    ],
};

/// A route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RouteRow {
    pub route_id: RouteId,
    pub status: RouteStatus,
    pub spec: RouteSpec,
    /// The aggregate's version after its last event; an `ETag`.
    pub version: u64,
    /// Of its last event.
    pub position: Position,
    pub defined_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Stored for RouteRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            route_id: columns.parsed("route_id")?,
            status: columns.parsed("status")?,
            spec: columns.json("spec")?,
            version: columns.count("version")?,
            position: Position::new(columns.count("position")?),
            defined_at: columns.time("defined_at_us")?,
            updated_at: columns.time("updated_at_us")?,
        })
    }
}

impl Folded for RouteRow {
    fn row(&self) -> Row {
        let spec = &self.spec;
        let hosts: Vec<&str> = spec.hosts.iter().map(Host::as_str).collect();
        Row(vec![
            self.route_id.into(),
            spec.name.as_str().into(),
            spec.name.as_str().to_lowercase().into(),
            self.status.into(),
            hosts.join(" ").into(),
            spec.path.shape().into(),
            Value::json(spec),
            self.version.into(),
            self.position.into(),
            self.defined_at.into(),
            self.updated_at.into(),
        ])
    }
}

pub(crate) struct RouteDirectory;

impl Directory for RouteDirectory {
    type Row = RouteRow;
    const TABLES: [&'static Table; 1] = [&TABLE];
    const AGGREGATES: &'static [&'static str] = &[Route::TYPE];

    fn key(event: &DomainEvent) -> Option<Value> {
        match event {
            DomainEvent::Route { id, .. } => Some((*id).into()),
            DomainEvent::ApiClient { .. }
            | DomainEvent::ApiKey { .. }
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

    fn fold(row: Option<RouteRow>, fact: &Fact<'_>) -> Result<Option<RouteRow>, Poison> {
        let DomainEvent::Route { id, event } = fact.event else { return Ok(row) };
        let there = || row.ok_or_else(|| Poison::NoRow { table: TABLE.name, subject: id.to_string() });
        let row = match event {
            RouteEvent::Defined(defined) => RouteRow {
                route_id: *id,
                status: RouteStatus::Active,
                spec: defined.spec.clone(),
                version: fact.sequence,
                position: fact.position,
                defined_at: fact.occurred_at,
                updated_at: fact.occurred_at,
            },
            RouteEvent::Revised(revised) => RouteRow { spec: revised.spec.clone(), ..there()? },
            RouteEvent::Retired(_) => RouteRow { status: RouteStatus::Retired, ..there()? },
        };
        let (version, position) = (fact.sequence, fact.position);
        Ok(Some(RouteRow { version, position, updated_at: fact.occurred_at, ..row }))
    }
}
