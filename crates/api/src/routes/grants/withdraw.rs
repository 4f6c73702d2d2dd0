//! `DELETE /v1/grants/{id}`

use axum::response::Response;
use domain::{
    GrantId, Reason,
    grant::{GivenGrant, GrantCommand, WithdrawGrant},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::GrantView;
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{BodilessProblems, Changed, EditHeaders, GrantPath, MatchProblems, Missing, form},
    dry_run::Instead,
    guard::needs::GrantWrite,
    path::Id,
};

/// Why a grant is withdrawn.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhyWithdrawn {
    #[param(value_type = form::Reason, inline, example = "changed teams")]
    reason: Reason,
}

type WithdrawAsk = Ask<GrantWrite, Id<GrantId>, WhyWithdrawn>;

/// Withdraw a grant
///
/// Nobody withdraws what they could not give, and the last administrator stays.
#[utoipa::path(
    delete,
    path = "/v1/grants/{id}",
    operation_id = "withdraw_grant",
    tag = "access",
    params(GrantPath, WhyWithdrawn, EditHeaders),
    responses(Changed<GrantView>, Missing, BodilessProblems, MatchProblems),
    extensions(("x-tollgate-permission" = json!("grant.write")))
)]
pub(crate) async fn withdraw(ask: WithdrawAsk) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, GrantView>(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &WithdrawAsk) -> Result<Effect<GrantId>, Instead> {
    let reason = ask.query.reason.clone();
    let said = Said::because(Some(&reason));
    // From looking who else may grant everything until it is known that this one may not.
    let _held = ask.door().admins.lock().await;
    let is_last_admin = ask.door().api().access.is_last_admin_grant(ask.id());
    let (now, granter) = (ask.now(), ask.principal().grants.clone());
    let command = GrantCommand::Withdraw(WithdrawGrant { now, reason, granter, is_last_admin });
    ask.execute::<GivenGrant>(ask.id(), command, said).await
}
