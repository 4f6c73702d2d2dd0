//! `GET /v1/keys`

use axum::Json;
use domain::{ClientId, Environment, KeyId};
use projections::{
    KeyStatus,
    queries::keys::{self, KeyFilter},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::KeyView;
use crate::{
    docs::{Listed, ReadProblems, form},
    guard::{Allowed, needs::KeyRead},
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
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::KeyStatus, inline, required = false)]
    status: Option<KeyStatus>,
    /// Leaves out keys without an expiry.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    expires_before: Option<Moment>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// List keys
///
/// In the order of their issue.
#[utoipa::path(
    get,
    path = "/v1/keys",
    operation_id = "list_keys",
    tag = "keys",
    params(List),
    responses(Listed<KeyView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("key.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<KeyRead>,
    Params(asked): Params<List>,
) -> Result<Json<Page<KeyView>>, Problem> {
    let List { client_id, environment, status, expires_before, limit, cursor } = asked;
    let expires_before = expires_before.map(|Moment(time)| time);
    let filter = KeyFilter { client_id, environment, status, expires_before };
    let page = cursor.page::<KeyId>(limit)?;
    let rows =
        keys::list(allowed.read(), &filter, &page).await.map_err(|failure| Problem::unread(&failure))?;
    Ok(Json(Page::of(rows, limit, |row| row.key_id)))
}
