//! `GET /v1/clients`

use axum::Json;
use domain::{ClientId, Environment, Name, api_client::ClientKind};
use projections::{
    ClientStatus,
    queries::clients::{self, ClientFilter},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::ClientView;
use crate::{
    docs::{Listed, ReadProblems, form},
    guard::{Allowed, needs::ClientRead},
    problem::Problem,
    query::{Cursor, Limit, Page, Params, parsed},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientStatus, inline, required = false)]
    status: Option<ClientStatus>,
    #[param(value_type = form::ClientKind, inline, required = false)]
    kind: Option<ClientKind>,
    #[param(value_type = String, required = false)]
    owner_team: Option<Name>,
    /// One that the client may use.
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
    /// A part of the name, in any case.
    #[param(value_type = String, required = false)]
    name_contains: Option<Name>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// List clients
///
/// In the order of their registration.
#[utoipa::path(
    get,
    path = "/v1/clients",
    operation_id = "list_clients",
    tag = "clients",
    params(List),
    responses(Listed<ClientView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("client.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<ClientRead>,
    Params(asked): Params<List>,
) -> Result<Json<Page<ClientView>>, Problem> {
    let List { status, kind, owner_team, environment, name_contains, limit, cursor } = asked;
    let (owner_team, name_contains) = (owner_team.map(String::from), name_contains.map(String::from));
    let filter = ClientFilter { status, kind, owner_team, environment, name_contains };
    let page = cursor.page::<ClientId>(limit)?;
    let rows =
        clients::list(allowed.read(), &filter, &page).await.map_err(|failure| Problem::unread(&failure))?;
    Ok(Json(Page::of(rows, limit, |row| row.client_id)))
}
