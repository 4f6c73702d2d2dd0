//! `PATCH /v1/routes/{id}`

use std::collections::BTreeSet;

use axum::response::Response;
use domain::{
    Name, RouteId, Scope,
    route::{CostFromHeader, Host, Method, PathTemplate, ReviseRoute, Route, RouteCommand, RouteSpec},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    define::{COST_DEFAULT, either_host_or_hosts},
    overlap,
    view::RouteView,
};
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
    /// The only host from then on; `null`: any host.
    #[serde(default)]
    #[schema(value_type = Option<form::Host>, inline)]
    host: Patch<Host>,
    /// The whole new list, in place of `host`; `null`, and empty: any host.
    #[serde(default)]
    #[schema(value_type = Option<Vec<form::Host>>, inline, max_items = 20)]
    hosts: Patch<BTreeSet<Host>>,
    #[serde(default)]
    #[schema(value_type = Vec<form::Method>, inline, min_items = 1, max_items = 16, required = false)]
    methods: Patch<BTreeSet<Method>>,
    #[serde(default)]
    #[schema(value_type = form::PathTemplate, inline, required = false)]
    path: Patch<PathTemplate>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<form::Scope>>, inline)]
    required_scopes: Patch<BTreeSet<Scope>>,
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000)]
    cost: Patch<u32>,
    /// `null`: nowhere.
    #[serde(default)]
    #[schema(value_type = Option<form::CostFromHeader>, inline)]
    cost_from_header: Patch<CostFromHeader>,
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
        let Self { name, host, hosts, methods, path, required_scopes, cost, cost_from_header } = self;
        let hosts = match (host, hosts) {
            (Patch::Keep, hosts) => hosts.or_default(BTreeSet::new()),
            (Patch::Remove, Patch::Keep) => Some(BTreeSet::new()),
            (Patch::Set(host), Patch::Keep) => Some([host].into()),
            (Patch::Remove | Patch::Set(_), Patch::Remove | Patch::Set(_)) => {
                return Err(either_host_or_hosts());
            }
        };
        Ok(ReviseRoute {
            name: name.or_refuse("/name")?,
            hosts,
            methods: methods.or_refuse("/methods")?,
            path: path.or_refuse("/path")?,
            required_scopes: required_scopes.or_default(BTreeSet::new()),
            cost: cost.or_default(COST_DEFAULT),
            cost_from_header: match cost_from_header {
                Patch::Keep => None,
                Patch::Remove => Some(None),
                Patch::Set(header) => Some(Some(header)),
            },
        })
    }
}

/// Which calls the route would take.
fn selected(patch: &ReviseRoute, had: &RouteSpec) -> RouteSpec {
    RouteSpec {
        hosts: patch.hosts.as_ref().unwrap_or(&had.hosts).clone(),
        methods: patch.methods.as_ref().unwrap_or(&had.methods).clone(),
        path: patch.path.as_ref().unwrap_or(&had.path).clone(),
        ..had.clone()
    }
}
