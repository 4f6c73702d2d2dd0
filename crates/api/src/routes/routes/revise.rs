//! `PATCH /v1/routes/{id}`

use std::collections::BTreeSet;

use axum::response::Response;
use domain::{
    Name, RouteId, Scope,
    route::{Host, Method, PathTemplate, ReviseRoute, Route, RouteCommand, RouteSpec},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{define::COST_DEFAULT, overlap, view::RouteView};
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    body::Patch,
    docs::{Changed, EditHeaders, MatchProblems, Missing, RoutePath, WriteProblems, form},
    dry_run::Instead,
    guard::needs::RouteWrite,
    path::Id,
    problem::Problem,
};

/// What is to change of a route, as a merge patch: what is absent stays, `null` is as if it had never been said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoutePatch {
    #[serde(default)]
    #[schema(value_type = form::Name, inline, required = false)]
    name: Patch<Name>,
    /// `null`: any host.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    host: Patch<Host>,
    #[serde(default)]
    #[schema(value_type = Vec<form::Method>, inline, min_items = 1, max_items = 16, required = false)]
    methods: Patch<BTreeSet<Method>>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 512)]
    path: Patch<PathTemplate>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<form::Scope>>, inline)]
    required_scopes: Patch<BTreeSet<Scope>>,
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000)]
    cost: Patch<u32>,
}

/// Revise a route
#[utoipa::path(
    patch,
    path = "/v1/routes/{id}",
    operation_id = "revise_route",
    tag = "routes",
    params(RoutePath, EditHeaders),
    request_body(content((RoutePatch = "application/json"), (RoutePatch = "application/merge-patch+json"))),
    responses(Changed<RouteView>, Missing, WriteProblems, MatchProblems),
    extensions(("x-tollgate-permission" = json!("route.write")))
)]
pub(crate) async fn revise(ask: Ask<RouteWrite, Id<RouteId>>) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, RouteView>(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &Ask<RouteWrite, Id<RouteId>>) -> Result<Effect<RouteId>, Instead> {
    let patch = ask.body::<RoutePatch>()?.read()?;
    let route = ask.load::<Route>(ask.id()).await?;
    let alone = match &*route.state {
        Route::Active(had) => Some(overlap::check(ask, &selected(&patch, had), Some(ask.id())).await?),
        // The rules refuse it themselves.
        Route::Absent | Route::Retired(_) => None,
    };
    let effect = ask.execute::<Route>(ask.id(), RouteCommand::Revise(patch), Said::nothing()).await;
    drop(alone);
    effect
}

impl RoutePatch {
    fn read(self) -> Result<ReviseRoute, Problem> {
        let Self { name, host, methods, path, required_scopes, cost } = self;
        Ok(ReviseRoute {
            name: name.or_refuse("/name")?,
            host: match host {
                Patch::Keep => None,
                Patch::Remove => Some(None),
                Patch::Set(host) => Some(Some(host)),
            },
            methods: methods.or_refuse("/methods")?,
            path: path.or_refuse("/path")?,
            required_scopes: required_scopes.or_default(BTreeSet::new()),
            cost: cost.or_default(COST_DEFAULT),
        })
    }
}

/// Which calls the route would take.
fn selected(patch: &ReviseRoute, had: &RouteSpec) -> RouteSpec {
    RouteSpec {
        host: patch.host.as_ref().unwrap_or(&had.host).clone(),
        methods: patch.methods.as_ref().unwrap_or(&had.methods).clone(),
        path: patch.path.as_ref().unwrap_or(&had.path).clone(),
        ..had.clone()
    }
}
