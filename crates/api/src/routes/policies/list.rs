//! `GET /v1/policies`

use axum::Json;
use domain::{Name, PolicyId};
use projections::{
    PolicyStatus,
    queries::policies::{self, PolicyFilter},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::PolicyView;
use crate::{
    docs::{Listed, ReadProblems, form},
    guard::{Allowed, needs::PolicyRead},
    problem::Problem,
    query::{Cursor, Limit, Page, Params, parsed},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::PolicyStatus, inline, required = false)]
    status: Option<PolicyStatus>,
    /// A part of the name, in any case.
    #[param(value_type = String, required = false)]
    name_contains: Option<Name>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// List policies, without their assignments
///
/// In the order of their definition.
#[utoipa::path(
    get,
    path = "/v1/policies",
    operation_id = "list_policies",
    tag = "policies",
    params(List),
    responses(Listed<PolicyView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("policy.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<PolicyRead>,
    Params(asked): Params<List>,
) -> Result<Json<Page<PolicyView>>, Problem> {
    let List { status, name_contains, limit, cursor } = asked;
    let filter = PolicyFilter { status, name_contains: name_contains.map(String::from) };
    let page = cursor.page::<PolicyId>(limit)?;
    let rows =
        policies::list(allowed.read(), &filter, &page).await.map_err(|failure| Problem::unread(&failure))?;
    Ok(Json(Page::of(rows, limit, |row| row.policy_id)))
}
