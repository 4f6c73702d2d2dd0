//! `GET /v1/leaks`

use axum::Json;
use domain::{ClientId, KeyId, api_key::LeakAction};
use projections::queries::leaks::{self, LeakFilter};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::LeakView;
use crate::{
    docs::{Listed, ReadProblems, form},
    guard::{Allowed, needs::LeakRead},
    problem::Problem,
    query::{Cursor, Limit, Page, Params, parsed},
    values::Moment,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::KeyId, inline, required = false)]
    key_id: Option<KeyId>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
    #[serde(default)]
    #[param(value_type = form::LeakAction, inline, required = false)]
    action: Option<LeakAction>,
    /// Reported then or later.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    from: Option<Moment>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// List reports of leaked secrets
///
/// In the order in which they came.
#[utoipa::path(
    get,
    path = "/v1/leaks",
    operation_id = "list_leaks",
    tag = "leaks",
    params(List),
    responses(Listed<LeakView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("leak.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<LeakRead>,
    Params(asked): Params<List>,
) -> Result<Json<Page<LeakView>>, Problem> {
    let List { key_id, client_id, action, from, limit, cursor } = asked;
    let filter = LeakFilter {
        key_id,
        client_id,
        action,
        reported_from: from.map(|Moment(time)| time),
        reach: allowed.reach(),
    };
    let page = cursor.page::<u64>(limit)?;
    let rows = leaks::list(allowed.read(), &filter, &page).await;
    let rows = rows.map_err(|failure| Problem::unread(&failure))?;
    Ok(Json(Page::of(rows, limit, |row| row.position)))
}
