//! `GET /v1/operations`

use axum::Json;
use domain::{OperationId, access::Reach, operation::OperationKind};
use projections::{
    OperationStatus,
    queries::operations::{self, OperationFilter},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::OperationView;
use crate::{
    docs::{Listed, ReadProblems, form},
    guard::{Allowed, needs::OperationRead},
    problem::Problem,
    query::{Cursor, Limit, Page, Params, parsed},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::OperationStatus, inline, required = false)]
    status: Option<OperationStatus>,
    #[serde(default)]
    #[param(value_type = form::OperationKind, inline, required = false)]
    kind: Option<OperationKind>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// List operations
///
/// In the order of their plans.
#[utoipa::path(
    get,
    path = "/v1/operations",
    operation_id = "list_operations",
    tag = "operations",
    params(List),
    responses(Listed<OperationView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("operation.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<OperationRead>,
    Params(asked): Params<List>,
) -> Result<Json<Page<OperationView>>, Problem> {
    let List { status, kind, limit, cursor } = asked;
    // The keys in an operation may be anybody's: who does not see everything sees their own orders.
    let ordered_by = Some(allowed.principal().id.clone()).filter(|_| allowed.reach() != Reach::Everything);
    let filter = OperationFilter { status, kind: kind.map(|kind| kind.as_str().to_owned()), ordered_by };
    let page = cursor.page::<OperationId>(limit)?;
    let rows = operations::list(allowed.read(), &filter, &page).await;
    let rows = rows.map_err(|failure| Problem::unread(&failure))?;
    Ok(Json(Page::of(rows, limit, |row| row.operation_id)))
}
