//! `/v1/approvals`: what waits for a second person.

mod decide;
mod get;
mod list;
pub(crate) mod view;
mod withdraw;

use axum::response::Response;
use domain::{ApprovalId, approval::Approval};
use http::StatusCode;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::KnownApproval,
    answer::effect_headers,
    ask::{Ask, Effect},
    guard::{Door, Needs},
    path::Named as _,
    problem::Problem,
    receipt::receipted,
};
use view::ApprovalView;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(get::get))
        .routes(routes!(decide::approve))
        .routes(routes!(decide::decline))
        .routes(routes!(withdraw::withdraw))
}

/// The approval as it now stands. That this process has forgotten it, or has not heard of it yet, makes what was done no failure.
async fn answered<P: Needs, W, Q>(
    ask: &Ask<P, W, Q>,
    effect: Effect<ApprovalId>,
) -> Result<Response, Problem> {
    let known = known(ask.door(), effect.id, effect.version).await?.ok_or_else(ApprovalId::missing)?;
    let view = ApprovalView::of(effect.id, known, ask.now());
    let version = view.version();
    let mut response = receipted(StatusCode::OK, view, ask.receipt(&effect).await);
    effect_headers(response.headers_mut(), &effect, version);
    Ok(response)
}

/// The approval, at least as old as this version. Of one that is not in memory the log tells, but for what was asked.
pub(crate) async fn known(
    door: &Door,
    id: ApprovalId,
    version: u64,
) -> Result<Option<KnownApproval>, Problem> {
    let api = door.api();
    if let Some(known) = api.access.approval(id).filter(|known| known.version >= version) {
        return Ok(Some(known));
    }
    let past = api.log.history::<Approval>(id).await.map_err(|failure| Problem::failed(&failure))?;
    Ok(KnownApproval::from_log(&past))
}
