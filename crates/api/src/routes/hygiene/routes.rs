//! `GET /v1/hygiene/routes`

use axum::response::Response;
use domain::{RouteId, Timestamp};
use http::HeaderMap;
use projections::queries::hygiene::routes::{self, QuietRoute};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Days;
use crate::{
    csv::Cell,
    docs::{Listing, ReadProblems, form},
    guard::{Allowed, needs::RouteRead},
    listing::{Line, form_for, listed},
    problem::Problem,
    query::{Cursor, Limit, Page, Params},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Not called for so many days, and defined before. Absent: 90.
    #[param(value_type = u32, required = false, minimum = 1, maximum = 3650)]
    days: Option<Days>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// A route that nobody calls.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuietRoute)]
pub(crate) struct QuietRouteView {
    #[schema(value_type = form::RouteId, inline)]
    route_id: RouteId,
    name: String,
    /// Empty: any host.
    hosts: Vec<String>,
    methods: Vec<String>,
    path: String,
    created_at: Timestamp,
    /// Whatever became of that call; null: never.
    last_called_at: Option<Timestamp>,
}

/// List routes that nobody calls
///
/// In the order of their definition. For somebody who does not see everything, a call counts that they see, and the last one is told to
/// the quarter of an hour. As CSV, which needs the permission `report.export` too, the cursor is in the header
/// `Tollgate-Next-Cursor`.
#[utoipa::path(
    get,
    path = "/v1/hygiene/routes",
    operation_id = "list_hygiene_routes",
    tag = "hygiene",
    params(Asked),
    responses(Listing<QuietRouteView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("route.read")))
)]
pub(crate) async fn routes(
    allowed: Allowed<RouteRead>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let form = form_for(&allowed, &headers)?;
    let Asked { days, limit, cursor } = asked;
    let since = days.unwrap_or(Days(90)).before(allowed.now());
    let (reach, place) = (allowed.reach(), cursor.place::<RouteId>()?);
    let found = routes::list(allowed.read(), since, &reach, place, limit.get()).await;
    let found = found.map_err(|failure| Problem::unread(&failure))?;
    let items = found.items.into_iter().map(QuietRouteView::from).collect();
    listed(form, "routes", Page::until(items, found.next))
}

impl From<QuietRoute> for QuietRouteView {
    fn from(QuietRoute { route, last_called_at }: QuietRoute) -> Self {
        Self {
            route_id: route.route_id,
            name: route.spec.name.to_string(),
            hosts: route.spec.hosts.iter().map(ToString::to_string).collect(),
            methods: route.spec.methods.iter().map(ToString::to_string).collect(),
            path: route.spec.path.to_string(),
            created_at: route.defined_at,
            last_called_at,
        }
    }
}

impl Line for QuietRouteView {
    const COLUMNS: &'static [&'static str] =
        &["route_id", "name", "hosts", "methods", "path", "created_at", "last_called_at"];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.route_id),
            Cell::text(&self.name),
            Cell::text(self.hosts.join(" ")),
            Cell::text(self.methods.join(" ")),
            Cell::text(&self.path),
            Cell::text(self.created_at),
            Cell::text_or_empty(self.last_called_at),
        ]
    }
}
