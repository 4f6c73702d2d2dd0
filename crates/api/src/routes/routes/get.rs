//! `GET /v1/routes/{id}`

use axum::response::Response;
use domain::RouteId;

use super::view::RouteView;
use crate::{
    answer::found,
    docs::{Found, Missing, ReadProblems, RoutePath},
    guard::{Allowed, needs::RouteRead},
    path::Id,
    problem::Problem,
    query::{NoParams, Params},
};

/// Show a route
#[utoipa::path(
    get,
    path = "/v1/routes/{id}",
    operation_id = "get_route",
    tag = "routes",
    params(RoutePath),
    responses(Found<RouteView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("route.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<RouteRead>,
    Id(id): Id<RouteId>,
    _: Params<NoParams>,
) -> Result<Response, Problem> {
    found::<_, RouteView>(&allowed, id).await
}
