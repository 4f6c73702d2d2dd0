//! `GET /v1/operations/{id}/items`

use axum::Json;
use domain::{OperationId, operation::ItemResult};
use projections::queries::operations;
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::ItemView;
use crate::{
    docs::{Listed, Missing, OperationPath, ReadProblems, form},
    facts::of_order,
    guard::{Allowed, needs::OperationRead},
    path::{Id, Named},
    problem::Problem,
    query::{Cursor, Limit, Page, Params},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Items {
    #[serde(default)]
    #[param(value_type = form::ItemResult, inline, required = false)]
    result: Option<ItemResult>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// List what became of an operation's items
///
/// In their order, those that are dealt with.
#[utoipa::path(
    get,
    path = "/v1/operations/{id}/items",
    operation_id = "list_operation_items",
    tag = "operations",
    params(OperationPath, Items),
    responses(Listed<ItemView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("operation.read")))
)]
pub(crate) async fn items(
    allowed: Allowed<OperationRead>,
    Id(id): Id<OperationId>,
    Params(asked): Params<Items>,
) -> Result<Json<Page<ItemView>>, Problem> {
    let Items { result, limit, cursor } = asked;
    let page = cursor.page::<u32>(limit)?;
    let unread = |failure| Problem::unread(&failure);
    let operation = operations::get(allowed.read(), id).await.map_err(unread)?;
    let operation = operation.ok_or_else(OperationId::missing)?;
    allowed.reveals(&of_order(&operation.ordered_by, allowed.principal()), OperationId::missing)?;
    let rows = operations::items(allowed.read(), id, result, &page).await.map_err(unread)?;
    Ok(Json(Page::of(rows, limit, |row| row.number)))
}
