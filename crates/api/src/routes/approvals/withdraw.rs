//! `POST /v1/approvals/{id}/withdraw`

use axum::response::Response;
use domain::{
    ApprovalId,
    approval::{Approval, ApprovalCommand, WithdrawProposal},
};

use super::{answered, decide::Why, view::ApprovalView};
use crate::{
    ask::{Ask, Effect, Said},
    docs::{ApprovalPath, Missing, Plain, WriteHeaders, WriteProblems},
    dry_run::Instead,
    guard::needs::ApprovalRead,
    path::Id,
};

type WithdrawAsk = Ask<ApprovalRead, Id<ApprovalId>>;

/// Take a proposal back
///
/// By whoever has proposed it, as long as it is not done, also where it is approved already.
#[utoipa::path(
    post,
    path = "/v1/approvals/{id}/withdraw",
    operation_id = "withdraw_approval",
    tag = "access",
    params(ApprovalPath, WriteHeaders),
    request_body = Why,
    responses(Plain<ApprovalView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("approval.read")))
)]
pub(crate) async fn withdraw(ask: WithdrawAsk) -> Result<Response, Instead> {
    let effect = ask.once(withdrawn(&ask)).await?;
    Ok(answered(&ask, effect).await?)
}

async fn withdrawn(ask: &WithdrawAsk) -> Result<Effect<ApprovalId>, Instead> {
    let Why { reason } = ask.body_if_any()?;
    let said = Said { allowed_by: Some(ask.grant()), ..Said::because(reason.as_ref()) };
    let command = WithdrawProposal { now: ask.now(), by: ask.principal().id.clone(), reason };
    ask.execute::<Approval>(ask.id(), ApprovalCommand::Withdraw(command), said).await
}
