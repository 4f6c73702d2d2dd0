//! `GET /v1/operations/{id}`

use axum::response::Response;
use domain::OperationId;

use super::view::OperationView;
use crate::{
    answer::found,
    docs::{Found, Missing, OperationPath, ReadProblems},
    guard::{Allowed, needs::OperationRead},
    path::Id,
    problem::Problem,
    query::{NoParams, Params},
};

/// Show how far an operation is
#[utoipa::path(
    get,
    path = "/v1/operations/{id}",
    operation_id = "get_operation",
    tag = "operations",
    params(OperationPath),
    responses(Found<OperationView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("operation.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<OperationRead>,
    Id(id): Id<OperationId>,
    _: Params<NoParams>,
) -> Result<Response, Problem> {
    found::<_, OperationView>(&allowed, id, None).await
}
