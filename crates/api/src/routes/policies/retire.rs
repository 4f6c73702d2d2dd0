//! `POST /v1/policies/{id}/retire`

use axum::response::Response;
use domain::{
    PolicyId,
    rate_limit_policy::{PolicyCommand, RateLimitPolicy, RetirePolicy},
};
use http::StatusCode;

use super::{body::OptionalReason, view::AssignedPolicyView};
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{Changed, Missing, PolicyPath, WriteHeaders, WriteProblems},
    dry_run::Instead,
    guard::needs::PolicyWrite,
    path::Id,
};

/// Retire a policy for good
///
/// Its assignments must be removed first. The body may be left out.
#[utoipa::path(
    post,
    path = "/v1/policies/{id}/retire",
    operation_id = "retire_policy",
    tag = "policies",
    params(PolicyPath, WriteHeaders),
    request_body = Option<OptionalReason>,
    responses(Changed<AssignedPolicyView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("policy.write")))
)]
pub(crate) async fn retire(ask: Ask<PolicyWrite, Id<PolicyId>>) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, AssignedPolicyView>(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &Ask<PolicyWrite, Id<PolicyId>>) -> Result<Effect<PolicyId>, Instead> {
    let OptionalReason { reason } = ask.body_if_any()?;
    let said = Said::because(reason.as_ref());
    ask.execute::<RateLimitPolicy>(ask.id(), PolicyCommand::Retire(RetirePolicy { reason }), said).await
}
