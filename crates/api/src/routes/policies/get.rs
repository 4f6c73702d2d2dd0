//! `GET /v1/policies/{id}`

use axum::response::Response;
use domain::PolicyId;

use super::view::AssignedPolicyView;
use crate::{
    answer::found,
    as_of::Then,
    docs::{Found, Missing, PastProblems, PolicyPath, ReadProblems},
    guard::{Allowed, needs::PolicyRead},
    path::Id,
    problem::Problem,
    query::Params,
};

/// Show a policy with its assignments
#[utoipa::path(
    get,
    path = "/v1/policies/{id}",
    operation_id = "get_policy",
    tag = "policies",
    params(PolicyPath, Then),
    responses(Found<AssignedPolicyView>, Missing, PastProblems, ReadProblems),
    extensions(("x-tollgate-permission" = json!("policy.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<PolicyRead>,
    Id(id): Id<PolicyId>,
    Params(Then { as_of }): Params<Then>,
) -> Result<Response, Problem> {
    found::<_, AssignedPolicyView>(&allowed, id, as_of).await
}
