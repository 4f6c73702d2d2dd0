//! `GET /v1/approvals`

use axum::Json;
use domain::{ApprovalId, access::Permission, approval::Proposal};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::ApprovalView;
use crate::{
    access::KnownApproval,
    docs::{Listed, ReadProblems, form},
    guard::{Allowed, needs::ApprovalRead},
    problem::Problem,
    query::{Cursor, Limit, Page, Params},
};

/// In which state it is asked for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Waiting,
    Approved,
    Redeemed,
    Declined,
    Withdrawn,
    Expired,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Redeemed => "redeemed",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[param(value_type = form::ApprovalStatus, inline, required = false)]
    status: Option<Status>,
    /// Only what the caller has proposed.
    #[serde(default)]
    #[param(required = false)]
    mine: bool,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// List approvals
///
/// The newest first: what the caller has proposed, and what lies within their reach. The last 2,000 are listed; all of
/// them are in the audit log.
#[utoipa::path(
    get,
    path = "/v1/approvals",
    operation_id = "list_approvals",
    tag = "access",
    params(List),
    responses(Listed<ApprovalView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("approval.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<ApprovalRead>,
    Params(asked): Params<List>,
) -> Result<Json<Page<ApprovalView>>, Problem> {
    let List { status, mine, limit, cursor } = asked;
    let (now, after) = (allowed.now(), cursor.place::<ApprovalId>()?);
    let own = |proposal: &Proposal| proposal.proposer == allowed.principal().id;
    let wanted = |known: &KnownApproval| {
        let state = status.is_none_or(|status| status.as_str() == known.state.status(now));
        state && known.state.proposal().is_some_and(|of| own(of) || (!mine && is_seen(&allowed, of)))
    };
    let items_max = usize::try_from(limit.get()).unwrap_or(usize::MAX);
    let mut rows = allowed.door().api().access.approvals(after, items_max.saturating_add(1), wanted);
    let more = rows.len() > items_max;
    rows.truncate(items_max);
    let next = rows.last().filter(|_| more).map(|(id, _)| *id);
    let items = rows.into_iter().map(|(id, known)| ApprovalView::of(id, known, now)).collect();
    Ok(Json(Page::until(items, next)))
}

/// Whether it is about what the caller sees.
pub(super) fn is_seen(allowed: &Allowed<ApprovalRead>, proposal: &Proposal) -> bool {
    proposal.needs.iter().all(|need| allowed.sees(Permission::ApprovalRead, &need.facts))
}
