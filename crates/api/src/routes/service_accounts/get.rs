//! `GET /v1/service-accounts/{id}`

use axum::response::Response;
use domain::PrincipalId;

use super::view::ServiceAccountView;
use crate::{
    answer::found,
    as_of::Then,
    docs::{Found, Missing, PastProblems, PrincipalPath, ReadProblems},
    guard::{Allowed, needs::ServiceAccountRead},
    path::Id,
    problem::Problem,
    query::Params,
};

/// Show a service account
#[utoipa::path(
    get,
    path = "/v1/service-accounts/{id}",
    operation_id = "get_service_account",
    tag = "access",
    params(PrincipalPath, Then),
    responses(Found<ServiceAccountView>, Missing, PastProblems, ReadProblems),
    extensions(("x-tollgate-permission" = json!("service_account.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<ServiceAccountRead>,
    Id(id): Id<PrincipalId>,
    Params(Then { as_of }): Params<Then>,
) -> Result<Response, Problem> {
    found::<_, ServiceAccountView>(&allowed, id, as_of).await
}
