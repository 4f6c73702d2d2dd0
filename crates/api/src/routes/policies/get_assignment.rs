//! `GET /v1/policies/{id}/assignments/{assignment_id}`

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{AssignmentId, PolicyId, rate_limit_policy::RateLimitPolicy};
use http::header;
use projections::queries::policies;

use super::view::AssignmentView;
use crate::{
    docs::{AssignmentPath, Found, Missing, ReadProblems},
    facts::read_client,
    guard::{Allowed, needs::PolicyRead},
    path::{Id, Named},
    precondition::etag,
    problem::Problem,
    query::{NoParams, Params},
};

/// Show an assignment
///
/// `ETag` speaks of the policy.
#[utoipa::path(
    get,
    path = "/v1/policies/{id}/assignments/{assignment_id}",
    operation_id = "get_assignment",
    tag = "policies",
    params(AssignmentPath),
    responses(Found<AssignmentView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("policy.read")))
)]
pub(crate) async fn get_assignment(
    allowed: Allowed<PolicyRead>,
    Id(policy_id): Id<PolicyId>,
    Id(assignment_id): Id<AssignmentId>,
    _: Params<NoParams>,
) -> Result<Response, Problem> {
    // Before the row: a version that is older than what it goes with only makes a change be refused.
    let policy = allowed.load::<RateLimitPolicy>(policy_id).await?;
    let row = policies::assignment(allowed.read(), assignment_id)
        .await
        .map_err(|failure| Problem::unread(&failure))?;
    let row = row.filter(|row| row.policy_id == policy_id).ok_or_else(AssignmentId::missing)?;
    if let Some(client_id) = row.client_id {
        let facts = read_client(allowed.read(), client_id).await;
        allowed.reveals(&facts.map_err(|failure| Problem::unread(&failure))?, AssignmentId::missing)?;
    }
    Ok(([(header::ETAG, etag(policy.version))], Json(AssignmentView::from(row))).into_response())
}
