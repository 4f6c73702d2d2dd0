//! The operations as they stand: what they are to do, how far they are, what became of their items.

pub(crate) mod items;
#[cfg(test)]
mod tests;

use domain::{
    Aggregate as _, DomainEvent, OperationId, Position, Timestamp,
    operation::{
        ExportMade, ExportPlan, ItemResult, Operation, OperationEvent, OperationKind, Planned, Tally,
    },
};
use serde::Serialize;

use crate::{
    BadColumn, Column, Columns, Directory, Fact, Folded, OperationStatus, Poison, Row, Stored, Table, Value,
};

static TABLE: Table = Table {
    name: "operation_directory",
    key_columns: 1,
    appended: false,
    columns: &[
        Column::text("operation_id"),
        Column::text("kind"),
        Column::text("status"),
        Column::text("source"),
        Column::text("reason"),
        Column::text("ordered_by"),
        Column::text("node"),
        Column::integer("items_total"),
        Column::integer("items_done"),
        Column::integer("applied"),
        Column::integer("unchanged"),
        Column::integer("refused"),
        Column::text("cancelled_because"),
        Column::text("export"),
        Column::integer("rows_written"),
        Column::text("export_made"),
        Column::integer("version"),
        Column::integer("position"),
        Column::integer("planned_at_us"),
        Column::integer("started_at_us"),
        Column::integer("ended_at_us"),
        Column::integer("updated_at_us"),
    ],
};

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OperationRow {
    pub operation_id: OperationId,
    pub kind: OperationKind,
    pub status: OperationStatus,
    /// Of an import: the system that the keys come from.
    pub source: Option<String>,
    pub reason: Option<String>,
    /// The principal's id.
    pub ordered_by: String,
    /// The node that works or worked on it last.
    pub node: Option<String>,
    pub items_total: u32,
    pub items_done: u32,
    pub tally: Tally,
    pub cancelled_because: Option<String>,
    pub export: Option<Box<ExportPlan>>,
    /// Of an export.
    pub rows_written: u64,
    /// Of an export whose file is whole.
    pub export_made: Option<Box<ExportMade>>,
    /// The aggregate's version after its last event; an `ETag`.
    pub version: u64,
    pub position: Position,
    pub planned_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub updated_at: Timestamp,
}

impl Stored for OperationRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            operation_id: columns.parsed("operation_id")?,
            kind: columns.word("kind")?,
            status: columns.parsed("status")?,
            source: columns.text_or_none("source")?,
            reason: columns.text_or_none("reason")?,
            ordered_by: columns.text("ordered_by")?,
            node: columns.text_or_none("node")?,
            items_total: columns.count("items_total")?,
            items_done: columns.count("items_done")?,
            tally: Tally {
                applied: columns.count("applied")?,
                unchanged: columns.count("unchanged")?,
                refused: columns.count("refused")?,
            },
            cancelled_because: columns.text_or_none("cancelled_because")?,
            export: columns.json_or_none("export")?,
            rows_written: columns.count("rows_written")?,
            export_made: columns.json_or_none("export_made")?,
            version: columns.count("version")?,
            position: Position::new(columns.count("position")?),
            planned_at: columns.time("planned_at_us")?,
            started_at: columns.time_or_none("started_at_us")?,
            ended_at: columns.time_or_none("ended_at_us")?,
            updated_at: columns.time("updated_at_us")?,
        })
    }
}

impl Folded for OperationRow {
    fn row(&self) -> Row {
        let Tally { applied, unchanged, refused } = self.tally;
        Row(vec![
            self.operation_id.into(),
            self.kind.as_str().into(),
            self.status.into(),
            self.source.as_deref().into(),
            self.reason.as_deref().into(),
            self.ordered_by.as_str().into(),
            self.node.as_deref().into(),
            self.items_total.into(),
            self.items_done.into(),
            applied.into(),
            unchanged.into(),
            refused.into(),
            self.cancelled_because.as_deref().into(),
            self.export.as_ref().map_or(Value::Null, Value::json),
            self.rows_written.into(),
            self.export_made.as_ref().map_or(Value::Null, Value::json),
            self.version.into(),
            self.position.into(),
            self.planned_at.into(),
            self.started_at.into(),
            self.ended_at.into(),
            self.updated_at.into(),
        ])
    }
}

pub(crate) struct OperationDirectory;

impl Directory for OperationDirectory {
    type Row = OperationRow;
    const TABLES: [&'static Table; 1] = [&TABLE];
    const AGGREGATES: &'static [&'static str] = &[Operation::TYPE];

    fn key(event: &DomainEvent) -> Option<Value> {
        match event {
            DomainEvent::Operation { id, .. } => Some((*id).into()),
            DomainEvent::ApiClient { .. }
            | DomainEvent::ApiKey { .. }
            | DomainEvent::Route { .. }
            | DomainEvent::RateLimitPolicy { .. }
            | DomainEvent::Projection { .. }
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

    fn fold(row: Option<OperationRow>, fact: &Fact<'_>) -> Result<Option<OperationRow>, Poison> {
        let DomainEvent::Operation { id, event } = fact.event else { return Ok(row) };
        let mut row = if let OperationEvent::Planned(planned) = event {
            OperationRow::planned(*id, planned, fact)
        } else {
            row.ok_or_else(|| Poison::NoRow { table: TABLE.name, subject: id.to_string() })?
        };
        row.change(event);
        row.version = fact.sequence;
        row.position = fact.position;
        row.updated_at = fact.occurred_at;
        Ok(Some(row))
    }
}

impl OperationRow {
    fn planned(operation_id: OperationId, planned: &Planned, fact: &Fact<'_>) -> Self {
        let Planned { kind, items_total, reason, import, ordered, replay: _, export } = planned;
        Self {
            operation_id,
            kind: *kind,
            status: OperationStatus::Planned,
            source: import.as_ref().map(|import| import.source.to_string()),
            reason: reason.as_ref().map(ToString::to_string),
            ordered_by: ordered.by.clone(),
            node: None,
            items_total: *items_total,
            items_done: 0,
            tally: Tally::default(),
            cancelled_because: None,
            export: export.clone(),
            rows_written: 0,
            export_made: None,
            version: fact.sequence,
            position: fact.position,
            planned_at: fact.occurred_at,
            started_at: None,
            ended_at: None,
            updated_at: fact.occurred_at,
        }
    }

    fn change(&mut self, event: &OperationEvent) {
        use OperationEvent as E;
        match event {
            E::Planned(_) | E::KeysChosen(_) => {}
            E::Started(started) => {
                self.status = OperationStatus::Running;
                self.node = Some(started.node.to_string());
                self.started_at = self.started_at.or(Some(started.at));
            }
            E::Progressed(progressed) => {
                self.rows_written = progressed.rows.unwrap_or(self.rows_written);
                for item in &progressed.items {
                    self.items_done = self.items_done.saturating_add(1);
                    let count = match item.result {
                        ItemResult::Applied => &mut self.tally.applied,
                        ItemResult::Unchanged => &mut self.tally.unchanged,
                        ItemResult::Refused => &mut self.tally.refused,
                    };
                    *count = count.saturating_add(1);
                }
            }
            E::Finished(finished) => {
                self.status = OperationStatus::Finished;
                self.export_made.clone_from(&finished.export);
                self.ended_at = Some(finished.at);
            }
            E::Cancelled(cancelled) => {
                self.status = OperationStatus::Cancelled;
                self.ended_at = Some(cancelled.at);
                self.cancelled_because = Some(cancelled.reason.to_string());
            }
        }
    }
}
