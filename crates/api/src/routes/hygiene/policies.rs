//! `GET /v1/hygiene/policies`

use axum::response::Response;
use domain::{PolicyId, Timestamp};
use http::HeaderMap;
use projections::queries::hygiene::policies::{self, IdlePolicy};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    csv::Cell,
    docs::{Listing, ReadProblems, form},
    guard::{Allowed, needs::PolicyRead},
    listing::{Line, form_for, listed},
    problem::Problem,
    query::{Cursor, Limit, Page, Params},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// A policy that binds nobody.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IdlePolicy)]
pub(crate) struct IdlePolicyView {
    #[schema(value_type = form::PolicyId, inline)]
    policy_id: PolicyId,
    name: String,
    revision: u32,
    created_at: Timestamp,
    /// None of which can bind a call any more.
    assignments: u64,
}

/// List policies that bind nobody
///
/// Active ones without an assignment, or all of whose assignments have ended, name an archived client or a retired route. In the
/// order of their definition. For somebody who does not see everything, an assignment counts that they see. As CSV, which needs the permission `report.export` too, the cursor is in the header
/// `Tollgate-Next-Cursor`.
#[utoipa::path(
    get,
    path = "/v1/hygiene/policies",
    operation_id = "list_hygiene_policies",
    tag = "hygiene",
    params(Asked),
    responses(Listing<IdlePolicyView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("policy.read")))
)]
pub(crate) async fn policies(
    allowed: Allowed<PolicyRead>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let form = form_for(&allowed, &headers)?;
    let Asked { limit, cursor } = asked;
    let place = cursor.place::<PolicyId>()?;
    let found = policies::list(allowed.read(), allowed.now(), &allowed.reach(), place, limit.get()).await;
    let found = found.map_err(|failure| Problem::unread(&failure))?;
    let items = found.items.into_iter().map(IdlePolicyView::from).collect();
    listed(form, "policies", Page::until(items, found.next))
}

impl From<IdlePolicy> for IdlePolicyView {
    fn from(IdlePolicy { policy, assignments }: IdlePolicy) -> Self {
        Self {
            policy_id: policy.policy_id,
            name: policy.spec.name.to_string(),
            revision: policy.revision,
            created_at: policy.defined_at,
            assignments,
        }
    }
}

impl Line for IdlePolicyView {
    const COLUMNS: &'static [&'static str] = &["policy_id", "name", "revision", "created_at", "assignments"];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.policy_id),
            Cell::text(&self.name),
            Cell::number(self.revision),
            Cell::text(self.created_at),
            Cell::number(self.assignments),
        ]
    }
}
