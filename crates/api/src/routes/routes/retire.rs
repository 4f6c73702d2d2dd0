//! `DELETE /v1/routes/{id}`

use axum::response::Response;
use domain::{
    Reason, RouteId,
    route::{RetireRoute, Route, RouteCommand},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::RouteView;
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{BodilessProblems, Changed, EditHeaders, MatchProblems, Missing, RoutePath, form},
    dry_run::Instead,
    guard::needs::RouteWrite,
    path::Id,
};

/// A deletion has no body, so its reason is in the query.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Why {
    #[param(value_type = form::Reason, inline, required = false)]
    pub(crate) reason: Option<Reason>,
}

type RetireAsk = Ask<RouteWrite, Id<RouteId>, Why>;

/// Retire a route for good
///
/// Its path is matched by no route from then on; its history keeps its name.
#[utoipa::path(
    delete,
    path = "/v1/routes/{id}",
    operation_id = "retire_route",
    tag = "routes",
    params(RoutePath, Why, EditHeaders),
    responses(Changed<RouteView>, Missing, BodilessProblems, MatchProblems),
    extensions(("x-tollgate-permission" = json!("route.write")))
)]
pub(crate) async fn retire(ask: RetireAsk) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, RouteView>(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &RetireAsk) -> Result<Effect<RouteId>, Instead> {
    let reason = ask.query.reason.clone();
    let said = Said::because(reason.as_ref());
    ask.execute::<Route>(ask.id(), RouteCommand::Retire(RetireRoute { reason }), said).await
}
