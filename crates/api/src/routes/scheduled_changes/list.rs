//! `GET /v1/scheduled-changes`

use axum::Json;
use domain::{ClientId, KeyId, PolicyId, ScheduledChangeId};
use projections::{
    ChangeStatus,
    queries::changes::{self, ChangeFilter},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::ChangeView;
use crate::{
    docs::{Listed, ReadProblems, form},
    guard::{Allowed, needs::ChangeRead},
    problem::Problem,
    query::{Cursor, Limit, Page, Params, parsed},
    values::Moment,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ChangeStatus, inline, required = false)]
    status: Option<ChangeStatus>,
    /// Also changes of its keys.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::KeyId, inline, required = false)]
    key_id: Option<KeyId>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::PolicyId, inline, required = false)]
    policy_id: Option<PolicyId>,
    /// Changes of which something is due before then; leaves out those with nothing ahead.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    before: Option<Moment>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// List planned changes
///
/// Those that are ahead and those that have been, the planned revocations of keys among them.
#[utoipa::path(
    get,
    path = "/v1/scheduled-changes",
    operation_id = "list_scheduled_changes",
    tag = "scheduled changes",
    params(List),
    responses(Listed<ChangeView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("change.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<ChangeRead>,
    Params(asked): Params<List>,
) -> Result<Json<Page<ChangeView>>, Problem> {
    let List { status, client_id, key_id, policy_id, before, limit, cursor } = asked;
    let due_before = before.map(|Moment(time)| time);
    let reach = allowed.reach();
    let filter = ChangeFilter { status, client_id, key_id, policy_id, due_before, reach };
    let page = cursor.page::<ScheduledChangeId>(limit)?;
    let rows =
        changes::list(allowed.read(), &filter, &page).await.map_err(|failure| Problem::unread(&failure))?;
    Ok(Json(Page::of(rows, limit, |row| row.change_id)))
}
