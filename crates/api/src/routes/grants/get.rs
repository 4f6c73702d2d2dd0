//! `GET /v1/grants/{id}`

use axum::response::Response;
use domain::GrantId;

use super::view::GrantView;
use crate::{
    answer::found,
    as_of::Then,
    docs::{Found, GrantPath, Missing, PastProblems, ReadProblems},
    guard::{Allowed, needs::GrantRead},
    path::Id,
    problem::Problem,
    query::Params,
};

/// Show a grant
#[utoipa::path(
    get,
    path = "/v1/grants/{id}",
    operation_id = "get_grant",
    tag = "access",
    params(GrantPath, Then),
    responses(Found<GrantView>, Missing, PastProblems, ReadProblems),
    extensions(("x-tollgate-permission" = json!("grant.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<GrantRead>,
    Id(id): Id<GrantId>,
    Params(Then { as_of }): Params<Then>,
) -> Result<Response, Problem> {
    found::<_, GrantView>(&allowed, id, as_of).await
}
