//! `DELETE /v1/policies/{id}/assignments/{assignment_id}`

use axum::response::Response;
use domain::{
    AssignmentId, PolicyId,
    rate_limit_policy::{PolicyCommand, RateLimitPolicy, UnassignPolicy},
};
use http::StatusCode;

use crate::{
    answer::bound,
    ask::{Ask, Effect, Said},
    docs::{AssignmentPath, BodilessProblems, EditHeaders, MatchProblems, Missing, Removed},
    dry_run::Instead,
    guard::needs::PolicyAssign,
    path::Id,
    routes::routes::retire::Why,
};

type UnassignAsk = Ask<PolicyAssign, (Id<PolicyId>, Id<AssignmentId>), Why>;

/// Remove an assignment
///
/// `ETag` and `If-Match` speak of the policy.
#[utoipa::path(
    delete,
    path = "/v1/policies/{id}/assignments/{assignment_id}",
    operation_id = "unassign_policy",
    tag = "policies",
    params(AssignmentPath, Why, EditHeaders),
    responses(Removed, Missing, BodilessProblems, MatchProblems),
    extensions(("x-tollgate-permission" = json!("policy.assign")))
)]
pub(crate) async fn unassign(ask: UnassignAsk) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    bound::<_, _, _, RateLimitPolicy>(&ask, effect, StatusCode::NO_CONTENT, None::<()>).await
}

async fn fresh(ask: &UnassignAsk) -> Result<Effect<PolicyId>, Instead> {
    let (Id(policy_id), Id(assignment_id)) = ask.place;
    let reason = ask.query.reason.clone();
    let said = Said::because(reason.as_ref());
    let command = PolicyCommand::Unassign(UnassignPolicy { assignment_id, reason });
    ask.execute::<RateLimitPolicy>(policy_id, command, said).await
}
