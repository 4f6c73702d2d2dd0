//! `GET /v1/routes`

use axum::Json;
use domain::{Name, RouteId, route::Host};
use projections::{
    RouteStatus,
    queries::routes::{self, RouteFilter},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::RouteView;
use crate::{
    docs::{Listed, ReadProblems, form},
    guard::{Allowed, needs::RouteRead},
    problem::Problem,
    query::{Cursor, Limit, Page, Params, parsed},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::RouteStatus, inline, required = false)]
    status: Option<RouteStatus>,
    /// One of the route's hosts as it was given. Leaves out routes of any host.
    #[param(value_type = String, required = false)]
    host: Option<Host>,
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

/// List routes
///
/// In the order of their definition.
#[utoipa::path(
    get,
    path = "/v1/routes",
    operation_id = "list_routes",
    tag = "routes",
    params(List),
    responses(Listed<RouteView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("route.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<RouteRead>,
    Params(asked): Params<List>,
) -> Result<Json<Page<RouteView>>, Problem> {
    let List { status, host, name_contains, limit, cursor } = asked;
    let filter = RouteFilter { status, host, name_contains: name_contains.map(String::from) };
    let page = cursor.page::<RouteId>(limit)?;
    let rows =
        routes::list(allowed.read(), &filter, &page).await.map_err(|failure| Problem::unread(&failure))?;
    Ok(Json(Page::of(rows, limit, |row| row.route_id)))
}
