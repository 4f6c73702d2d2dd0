//! `GET /v1/principals/{id}`

use axum::response::Response;
use domain::PrincipalId;

use super::view::PersonView;
use crate::{
    answer::found,
    as_of::Then,
    docs::{Found, Missing, PastProblems, PrincipalPath, ReadProblems},
    guard::{Allowed, needs::PrincipalRead},
    path::Id,
    problem::Problem,
    query::Params,
};

/// Show a person
#[utoipa::path(
    get,
    path = "/v1/principals/{id}",
    operation_id = "get_person",
    tag = "access",
    params(PrincipalPath, Then),
    responses(Found<PersonView>, Missing, PastProblems, ReadProblems),
    extensions(("x-tollgate-permission" = json!("principal.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<PrincipalRead>,
    Id(id): Id<PrincipalId>,
    Params(Then { as_of }): Params<Then>,
) -> Result<Response, Problem> {
    found::<_, PersonView>(&allowed, id, as_of).await
}
