//! `GET /v1/grants/{id}`

use axum::response::Response;
use domain::GrantId;

use super::view::GrantView;
use crate::{
    answer::found,
    docs::{Found, GrantPath, Missing, ReadProblems},
    guard::{Allowed, needs::GrantRead},
    path::Id,
    problem::Problem,
    query::{NoParams, Params},
};

/// Show a grant
#[utoipa::path(
    get,
    path = "/v1/grants/{id}",
    operation_id = "get_grant",
    tag = "access",
    params(GrantPath),
    responses(Found<GrantView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("grant.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<GrantRead>,
    Id(id): Id<GrantId>,
    _: Params<NoParams>,
) -> Result<Response, Problem> {
    found::<_, GrantView>(&allowed, id, None).await
}
