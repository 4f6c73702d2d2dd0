//! `/v1/approvals`: what waits for a second person.

mod decide;
mod get;
mod list;
pub(crate) mod view;
mod withdraw;

use axum::response::Response;
use domain::ApprovalId;
use http::StatusCode;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    answer::effect_headers,
    ask::{Ask, Effect},
    guard::{Door, Needs},
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

/// The approval as it now stands. This process knows of it, or will in a moment.
async fn answered<P: Needs, W, Q>(
    ask: &Ask<P, W, Q>,
    effect: Effect<ApprovalId>,
) -> Result<Response, Problem> {
    let known = ask.door().api().access.approval(effect.id).ok_or_else(Problem::unavailable)?;
    let view = ApprovalView::of(effect.id, known, ask.now());
    let version = view.version();
    let mut response = receipted(StatusCode::OK, view, ask.receipt(&effect).await);
    effect_headers(response.headers_mut(), &effect, version);
    Ok(response)
}
