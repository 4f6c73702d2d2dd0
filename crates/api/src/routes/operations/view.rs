//! An operation as it is shown, and what became of its items.

use domain::{
    KeyId, OperationId, Timestamp,
    access::{Principal, ResourceFacts},
    operation::{ItemResult, OperationKind, Tally},
};
use projections::{
    OperationStatus, ReadFailure, ReadModel,
    queries::operations::{self, ItemRow, OperationRow},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::export::ExportView;
use crate::{answer::Resource, docs::form, facts::of_order};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Operation)]
pub(crate) struct OperationView {
    #[schema(value_type = form::OperationId, inline)]
    id: OperationId,
    #[schema(value_type = form::OperationKind, inline)]
    kind: OperationKind,
    #[schema(value_type = form::OperationStatus, inline)]
    status: OperationStatus,
    /// Of an import: the system that the keys come from.
    source: Option<String>,
    reason: Option<String>,
    /// The principal who gave the order.
    ordered_by: String,
    /// The node that works or worked on it last.
    node: Option<String>,
    items_total: u32,
    /// Those that are dealt with: the sum of the next three.
    items_done: u32,
    applied: u32,
    /// Stood as they should before.
    unchanged: u32,
    refused: u32,
    cancelled_because: Option<String>,
    /// Of a report that is written to a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    export: Option<ExportView>,
    /// Counts the operation's events; its `ETag`.
    version: u64,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    updated_at: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OperationItem)]
pub(crate) struct ItemView {
    /// Counts from 1.
    number: u32,
    /// The key's id, the name of the row, the delivery's id, or until when a stretch of a report is.
    subject: String,
    #[schema(value_type = Option<form::KeyId>, inline)]
    key_id: Option<KeyId>,
    #[schema(value_type = form::ItemResult, inline)]
    result: ItemResult,
    /// Of a refusal: its stable code.
    code: Option<String>,
    /// Of a refusal: its sentence.
    detail: Option<String>,
}

impl From<OperationRow> for OperationView {
    fn from(row: OperationRow) -> Self {
        let Tally { applied, unchanged, refused } = row.tally;
        Self {
            id: row.operation_id,
            kind: row.kind,
            status: row.status,
            source: row.source,
            reason: row.reason,
            ordered_by: row.ordered_by,
            node: row.node,
            items_total: row.items_total,
            items_done: row.items_done,
            applied,
            unchanged,
            refused,
            cancelled_because: row.cancelled_because,
            export: row.export.map(|plan| {
                ExportView::of(row.operation_id, *plan, row.rows_written, row.export_made.map(|made| *made))
            }),
            version: row.version,
            created_at: row.planned_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
            updated_at: row.updated_at,
        }
    }
}

impl From<ItemRow> for ItemView {
    fn from(row: ItemRow) -> Self {
        let ItemRow { operation_id: _, number, subject, key_id, result, code, detail } = row;
        Self { number, subject, key_id, result, code, detail }
    }
}

impl Resource for OperationView {
    type Id = OperationId;
    const COLLECTION: &'static str = "/v1/operations";

    async fn read(read: &ReadModel, id: OperationId) -> Result<Option<Self>, ReadFailure> {
        Ok(operations::get(read, id).await?.map(Self::from))
    }

    fn version(&self) -> u64 {
        self.version
    }

    async fn facts(&self, _: &ReadModel, asker: &Principal) -> Result<ResourceFacts, ReadFailure> {
        Ok(of_order(&self.ordered_by, asker))
    }
}
