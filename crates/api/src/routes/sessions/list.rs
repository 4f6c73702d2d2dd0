//! `GET /v1/sessions`

use axum::{Json, extract::State};
use domain::{PrincipalId, access::Permission};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{super::session::view::SessionView, may_others};
use crate::{
    docs::{KnownProblems, Listed, form},
    guard::{Authenticated, Door},
    problem::Problem,
    query::{Limit, Page, Params, parsed},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::PrincipalId, inline, required = false)]
    principal_id: Option<PrincipalId>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
}

/// List sessions
///
/// The newest first, one page. Those of others are shown to who holds `principal.read` over everything.
#[utoipa::path(
    get,
    path = "/v1/sessions",
    operation_id = "list_sessions",
    tag = "access",
    params(List),
    responses(Listed<SessionView>, KnownProblems),
    extensions(("x-tollgate-permission" = json!("none: of one's own sessions; with principal.read over everything those of others")))
)]
pub(crate) async fn list(
    State(door): State<Door>,
    Authenticated(principal): Authenticated,
    Params(List { principal_id, limit }): Params<List>,
) -> Result<Json<Page<SessionView>>, Problem> {
    let sessions = &door.api().sign_in.sessions;
    let asked = principal_id.map(|id| id.to_string());
    let whose = if may_others(&principal, Permission::PrincipalRead, door.now()) {
        asked
    } else if asked.as_ref().is_some_and(|asked| *asked != principal.id) {
        return Ok(Json(Page::until(vec![], None::<String>)));
    } else {
        Some(principal.id)
    };
    let rows = sessions.store().list(whose.as_deref(), limit.get()).await;
    let rows = rows.map_err(|why| Problem::unkept(&why))?;
    let limits = sessions.limits();
    let items = rows.into_iter().map(|row| SessionView::of(row, limits, None)).collect();
    Ok(Json(Page::until(items, None::<String>)))
}
