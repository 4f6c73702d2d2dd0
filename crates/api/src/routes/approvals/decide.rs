//! `POST /v1/approvals/{id}/approve|decline`: by another person, who could do it themselves.

use axum::response::Response;
use domain::{
    ApprovalId, Reason,
    access::{Grant, Permission, PrincipalKind},
    approval::{Approval, ApprovalCommand, ApproveProposal, DeclineProposal},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{answered, view::ApprovalView};
use crate::{
    ask::{Ask, Effect, Said},
    docs::{ApprovalPath, Missing, Plain, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    guard::needs::ApprovalDecide,
    path::{Id, Named as _},
    problem::Problem,
    routes::clients::body::ReasonBody,
};

type DecideAsk = Ask<ApprovalDecide, Id<ApprovalId>>;

/// Why it is approved, or taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Why {
    #[schema(value_type = Option<form::Reason>, inline)]
    pub(super) reason: Option<Reason>,
}

/// Approve
///
/// By a person who has not proposed it, and who holds what it needs over the same things. Whoever proposed it then gives the same
/// request once more, with `Tollgate-Approval`.
#[utoipa::path(
    post,
    path = "/v1/approvals/{id}/approve",
    operation_id = "approve_approval",
    tag = "access",
    params(ApprovalPath, WriteHeaders),
    request_body = Why,
    responses(Plain<ApprovalView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("approval.decide")))
)]
pub(crate) async fn approve(ask: DecideAsk) -> Result<Response, Instead> {
    let effect = ask.once(approved(&ask)).await?;
    Ok(answered(&ask, effect).await?)
}

async fn approved(ask: &DecideAsk) -> Result<Effect<ApprovalId>, Instead> {
    let Why { reason } = ask.body_if_any()?;
    let grant = judge(ask).await?;
    let (now, by, is_person) = (ask.now(), ask.principal().id.clone(), is_person(ask));
    let said = Said { allowed_by: Some(grant.clone()), ..Said::because(reason.as_ref()) };
    let command = ApproveProposal { now, by, is_person, grant_id: grant.id(), reason };
    ask.execute::<Approval>(ask.id(), ApprovalCommand::Approve(command), said).await
}

/// Decline
///
/// Likewise; it is final.
#[utoipa::path(
    post,
    path = "/v1/approvals/{id}/decline",
    operation_id = "decline_approval",
    tag = "access",
    params(ApprovalPath, WriteHeaders),
    request_body = ReasonBody,
    responses(Plain<ApprovalView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("approval.decide")))
)]
pub(crate) async fn decline(ask: DecideAsk) -> Result<Response, Instead> {
    let effect = ask.once(declined(&ask)).await?;
    Ok(answered(&ask, effect).await?)
}

async fn declined(ask: &DecideAsk) -> Result<Effect<ApprovalId>, Instead> {
    let ReasonBody { reason } = ask.body()?;
    let grant = judge(ask).await?;
    let (now, by, is_person) = (ask.now(), ask.principal().id.clone(), is_person(ask));
    let said = Said { allowed_by: Some(grant), ..Said::because(Some(&reason)) };
    let command = DeclineProposal { now, by, is_person, reason };
    ask.execute::<Approval>(ask.id(), ApprovalCommand::Decline(command), said).await
}

/// What lets the caller decide: all of what the request needs, and to decide over the same things.
async fn judge(ask: &DecideAsk) -> Result<Grant, Problem> {
    let approval = ask.load::<Approval>(ask.id()).await?;
    let proposal = approval.state.proposal().ok_or_else(ApprovalId::missing)?;
    let mut grant = None;
    for need in &proposal.needs {
        ask.allow_also(Permission::ApprovalDecide, &need.facts)?;
        let by = ask.allow_also(need.permission, &need.facts)?;
        grant.get_or_insert(by);
    }
    // Nothing is proposed that needs nothing.
    grant.ok_or_else(ApprovalId::missing)
}

fn is_person(ask: &DecideAsk) -> bool {
    matches!(ask.principal().kind, PrincipalKind::Person)
}
