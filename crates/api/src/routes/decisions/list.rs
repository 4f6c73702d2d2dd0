//! `GET /v1/decisions`

use axum::Json;
use domain::{
    ClientId, Environment, KeyId,
    decision::{Outcome, RefusalReason},
    ids::DecisionId,
};
use projections::queries::decisions::{self, DecisionFilter};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::{DecisionPage, DecisionView};
use crate::{
    docs::{FoundPlain, ReadProblems, form},
    guard::{Allowed, needs::DecisionRead},
    problem::Problem,
    query::{Cursor, Limit, Page, Params, parsed},
    values::Moment,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::KeyId, inline, required = false)]
    key_id: Option<KeyId>,
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
    #[param(value_type = form::Outcome, inline, required = false)]
    outcome: Option<Outcome>,
    #[param(value_type = form::RefusalReason, inline, required = false)]
    reason: Option<RefusalReason>,
    /// Taken then or later.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    from: Option<Moment>,
    /// Taken before then.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    until: Option<Moment>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// List decisions that are kept
///
/// From the newest to the oldest. Calls are counted in `GET /v1/reports/usage`, every one of them; kept one by one are
/// refusals, as far as there are not too many at once, and a sample of allowed calls.
#[utoipa::path(
    get,
    path = "/v1/decisions",
    operation_id = "list_decisions",
    tag = "gateway",
    params(List),
    responses(FoundPlain<form::DecisionPage>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("decision.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<DecisionRead>,
    Params(asked): Params<List>,
) -> Result<Json<DecisionPage>, Problem> {
    let (limit, page) = (asked.limit, asked.cursor.page::<DecisionId>(asked.limit)?);
    let List { client_id, key_id, environment, outcome, reason, from, until, .. } = asked;
    let (from, until) = (from.map(|Moment(time)| time), until.map(|Moment(time)| time));
    let reach = allowed.reach();
    let filter = DecisionFilter { client_id, key_id, environment, outcome, reason, from, until, reach };
    let unread = |failure| Problem::unread(&failure);
    let rows = decisions::list(allowed.read(), &filter, &page).await.map_err(unread)?;
    let left_out = decisions::left_out(allowed.read(), from, until).await.map_err(unread)?;
    let page: Page<DecisionView> = Page::of(rows, limit, |row| row.record.id);
    Ok(Json(DecisionPage { items: page.items, next_cursor: page.next_cursor, left_out }))
}
