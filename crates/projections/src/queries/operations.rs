//! Operations: one, lists, what became of their items, and those that are not done.

use domain::{OperationId, operation::ItemResult};

pub use crate::operation_directory::{OperationRow, items::ItemRow};
use crate::{
    OperationStatus, ReadFailure, ReadModel,
    queries::{Page, Select},
};

/// Which operations; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationFilter {
    pub status: Option<OperationStatus>,
    pub kind: Option<String>,
    /// The principal who ordered them.
    pub ordered_by: Option<String>,
}

/// # Errors
/// When the read model cannot be read.
pub async fn get(model: &ReadModel, id: OperationId) -> Result<Option<OperationRow>, ReadFailure> {
    let file = include_str!("operations/select.sql");
    model.fetch_one(Select::new(file, vec![]).and("operation_id = {}", id)).await
}

/// In the order of their ids, which is that of their plans.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(
    model: &ReadModel,
    filter: &OperationFilter,
    page: &Page,
) -> Result<Vec<OperationRow>, ReadFailure> {
    let OperationFilter { status, kind, ordered_by } = filter;
    let select = Select::new(include_str!("operations/select.sql"), vec![])
        .and_some("operation_id > {}", page.after.as_deref())
        .and_some("status = {}", *status)
        .and_some("kind = {}", kind.as_deref())
        .and_some("ordered_by = {}", ordered_by.as_deref())
        .then(" order by operation_id")
        .limit(page.limit);
    model.fetch(select).await
}

/// Those that somebody is to work on, the oldest first.
///
/// # Errors
/// When the read model cannot be read.
pub async fn underway(model: &ReadModel, limit: u32) -> Result<Vec<OperationRow>, ReadFailure> {
    let select = Select::new(include_str!("operations/select.sql"), vec![])
        .then("   and status in ('planned', 'running') order by operation_id")
        .limit(limit);
    model.fetch(select).await
}

/// What became of an operation's items, in their order. The page goes on after an item's number.
///
/// # Errors
/// When the read model cannot be read.
pub async fn items(
    model: &ReadModel,
    id: OperationId,
    result: Option<ItemResult>,
    page: &Page,
) -> Result<Vec<ItemRow>, ReadFailure> {
    let after = page.after.as_ref().and_then(|number| number.parse().ok()).unwrap_or(0);
    let from = crate::operation_directory::items::item_id(id, after);
    // Behind the last item that there may be.
    let until = format!("{id}/9999999");
    let select = Select::new(include_str!("operations/items.sql"), vec![])
        .and("item_id > {}", from)
        .and("item_id <= {}", until)
        .and_some("result = {}", result.map(ItemResult::as_str))
        .then(" order by item_id")
        .limit(page.limit);
    model.fetch(select).await
}
