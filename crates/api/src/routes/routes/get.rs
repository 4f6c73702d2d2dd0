//! `GET /v1/routes/{id}`

use axum::response::Response;
use domain::RouteId;

use super::view::RouteView;
use crate::{
    answer::found,
    as_of::Then,
    docs::{Found, Missing, PastProblems, ReadProblems, RoutePath},
    guard::{Allowed, needs::RouteRead},
    path::Id,
    problem::Problem,
    query::Params,
};

/// Show a route
#[utoipa::path(
    get,
    path = "/v1/routes/{id}",
    operation_id = "get_route",
    tag = "routes",
    params(RoutePath, Then),
    responses(Found<RouteView>, Missing, PastProblems, ReadProblems),
    extensions(("x-tollgate-permission" = json!("route.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<RouteRead>,
    Id(id): Id<RouteId>,
    Params(Then { as_of }): Params<Then>,
) -> Result<Response, Problem> {
    found::<_, RouteView>(&allowed, id, as_of).await
}
