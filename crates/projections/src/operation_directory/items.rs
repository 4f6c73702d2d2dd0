//! What became of each item of an operation: a row once it is dealt with.

use domain::{
    Aggregate as _, DomainEvent, KeyId, OperationId, Recorded,
    operation::{Item, ItemResult, Operation, OperationEvent, Progressed},
};
use serde::Serialize;

use crate::{BadColumn, Change, Column, Columns, Poison, Projection, Row, Rows, Stored, Table, Value};

static TABLE: Table = Table {
    name: "operation_items",
    key_columns: 1,
    appended: false,
    columns: &[
        Column::text("item_id"),
        Column::text("operation_id"),
        Column::integer("number"),
        Column::text("subject"),
        Column::text("key_id"),
        Column::text("result"),
        Column::text("code"),
        Column::text("detail"),
    ],
};

static TABLES: [&Table; 1] = [&TABLE];

/// An item that is dealt with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemRow {
    pub operation_id: OperationId,
    /// Counts from 1.
    pub number: u32,
    /// The key's id, or the name of the row.
    pub subject: String,
    pub key_id: Option<KeyId>,
    pub result: ItemResult,
    pub code: Option<String>,
    pub detail: Option<String>,
}

impl Stored for ItemRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            operation_id: columns.parsed("operation_id")?,
            number: columns.count("number")?,
            subject: columns.text("subject")?,
            key_id: columns.parsed_or_none("key_id")?,
            result: columns.word("result")?,
            code: columns.text_or_none("code")?,
            detail: columns.text_or_none("detail")?,
        })
    }
}

/// Sorts as the items do: no operation has more than a million.
pub(crate) fn item_id(operation_id: OperationId, number: u32) -> String {
    format!("{operation_id}/{number:07}")
}

fn row(operation_id: OperationId, item: &Item) -> Row {
    let Item { number, subject, key_id, result, code, detail } = item;
    Row(vec![
        item_id(operation_id, *number).into(),
        operation_id.into(),
        (*number).into(),
        subject.as_str().into(),
        (*key_id).into(),
        result.as_str().into(),
        code.as_deref().into(),
        detail.as_deref().into(),
    ])
}

pub(crate) struct OperationItems;

impl Projection for OperationItems {
    fn name(&self) -> &'static str {
        TABLE.name
    }

    fn tables(&self) -> &'static [&'static Table] {
        &TABLES
    }

    fn aggregates(&self) -> Option<&'static [&'static str]> {
        Some(const { &[Operation::TYPE] })
    }

    fn shows_personal_values(&self) -> bool {
        false
    }

    fn keys(&self, _: &Recorded) -> Vec<(&'static Table, Value)> {
        vec![]
    }

    fn fold(&self, _: &Rows, event: &Recorded) -> Result<Vec<Change>, Poison> {
        let DomainEvent::Operation { id, event: OperationEvent::Progressed(progressed) } = &event.event
        else {
            return Ok(vec![]);
        };
        let Progressed { node: _, at: _, items, rows: _ } = progressed;
        Ok(items.iter().map(|item| Change::Put { table: &TABLE, row: row(*id, item) }).collect())
    }
}
