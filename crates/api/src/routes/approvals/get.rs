//! `GET /v1/approvals/{id}`

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::ApprovalId;
use http::header;

use super::{known, list::is_seen, view::ApprovalView};
use crate::{
    answer::set,
    docs::{ApprovalPath, Found, Missing, ReadProblems},
    guard::{Allowed, needs::ApprovalRead},
    path::{Id, Named as _},
    precondition::etag,
    problem::Problem,
    query::{NoParams, Params},
};

/// Show an approval
///
/// With the request that waits, and what it would do: what whoever decides needs to know. Of one that is no longer among the last
/// 2,000, `asked` is null.
#[utoipa::path(
    get,
    path = "/v1/approvals/{id}",
    operation_id = "get_approval",
    tag = "access",
    params(ApprovalPath),
    responses(Found<ApprovalView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("approval.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<ApprovalRead>,
    Id(id): Id<ApprovalId>,
    _: Params<NoParams>,
) -> Result<Response, Problem> {
    let known = known(allowed.door(), id, 0).await?.ok_or_else(ApprovalId::missing)?;
    let own = |proposer: &str| proposer == allowed.principal().id;
    let shown = known.state.proposal().is_some_and(|of| own(&of.proposer) || is_seen(&allowed, of));
    if !shown {
        return Err(ApprovalId::missing());
    }
    let view = ApprovalView::of(id, known, allowed.now());
    let version = view.version();
    let mut response = Json(view).into_response();
    set(response.headers_mut(), header::ETAG, &etag(version));
    Ok(response)
}
