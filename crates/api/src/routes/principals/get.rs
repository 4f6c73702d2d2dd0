//! `GET /v1/principals/{id}`

use axum::response::Response;
use domain::PrincipalId;

use super::view::PersonView;
use crate::{
    answer::found,
    docs::{Found, Missing, PrincipalPath, ReadProblems},
    guard::{Allowed, needs::PrincipalRead},
    path::Id,
    problem::Problem,
    query::{NoParams, Params},
};

/// Show a person
#[utoipa::path(
    get,
    path = "/v1/principals/{id}",
    operation_id = "get_person",
    tag = "access",
    params(PrincipalPath),
    responses(Found<PersonView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("principal.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<PrincipalRead>,
    Id(id): Id<PrincipalId>,
    _: Params<NoParams>,
) -> Result<Response, Problem> {
    found::<_, PersonView>(&allowed, id, None).await
}
