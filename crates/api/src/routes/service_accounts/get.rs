//! `GET /v1/service-accounts/{id}`

use axum::response::Response;
use domain::PrincipalId;

use super::view::ServiceAccountView;
use crate::{
    answer::found,
    docs::{Found, Missing, PrincipalPath, ReadProblems},
    guard::{Allowed, needs::ServiceAccountRead},
    path::Id,
    problem::Problem,
    query::{NoParams, Params},
};

/// Show a service account
#[utoipa::path(
    get,
    path = "/v1/service-accounts/{id}",
    operation_id = "get_service_account",
    tag = "access",
    params(PrincipalPath),
    responses(Found<ServiceAccountView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("service_account.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<ServiceAccountRead>,
    Id(id): Id<PrincipalId>,
    _: Params<NoParams>,
) -> Result<Response, Problem> {
    found::<_, ServiceAccountView>(&allowed, id, None).await
}
