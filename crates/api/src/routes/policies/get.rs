//! `GET /v1/policies/{id}`

use axum::response::Response;
use domain::PolicyId;

use super::view::AssignedPolicyView;
use crate::{
    answer::found,
    docs::{Found, Missing, PolicyPath, ReadProblems},
    guard::{Allowed, needs::PolicyRead},
    path::Id,
    problem::Problem,
    query::{NoParams, Params},
};

/// Show a policy with its assignments
#[utoipa::path(
    get,
    path = "/v1/policies/{id}",
    operation_id = "get_policy",
    tag = "policies",
    params(PolicyPath),
    responses(Found<AssignedPolicyView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("policy.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<PolicyRead>,
    Id(id): Id<PolicyId>,
    _: Params<NoParams>,
) -> Result<Response, Problem> {
    found::<_, AssignedPolicyView>(&allowed, id).await
}
