//! `POST /v1/routes`

use std::collections::BTreeSet;

use axum::response::Response;
use domain::{
    Name, RouteId, Scope,
    access::ResourceFacts,
    route::{CostFromHeader, DefineRoute, Host, Method, PathTemplate, Route, RouteCommand, RouteSpec},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{overlap, view::RouteView};
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{Created, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    guard::needs::RouteWrite,
    problem::{Problem, kinds},
    random::id_parts,
};

/// What a call costs unless said.
pub(super) const COST_DEFAULT: u32 = 1;

/// A route to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRoute {
    #[schema(value_type = form::Name, inline)]
    name: Name,
    /// One host. Absent, and no `hosts` either: any host.
    #[schema(value_type = Option<form::Host>, inline)]
    host: Option<Host>,
    /// Several, in place of `host`: at most 20. `*.example.com` stands for every host with one label more.
    #[schema(value_type = Option<Vec<form::Host>>, inline, max_items = 20)]
    hosts: Option<BTreeSet<Host>>,
    /// 1 to 16.
    #[schema(value_type = Vec<form::Method>, inline, min_items = 1, max_items = 16)]
    methods: BTreeSet<Method>,
    /// `{name}` stands for one segment, `{*name}` for all that follow.
    #[schema(value_type = form::PathTemplate, inline, max_length = 512, example = "/orders/{id}")]
    path: PathTemplate,
    /// At most 20, all of which a call needs.
    #[serde(default)]
    #[schema(value_type = Vec<form::Scope>, inline, required = false)]
    required_scopes: BTreeSet<Scope>,
    /// What one call takes from every limit.
    #[serde(default = "cost_default")]
    #[schema(minimum = 1, maximum = 1_000, default = 1)]
    cost: u32,
    /// Where a trusted proxy may say that a call costs something else. Gateways believe it where they are told to
    /// (`trust_cost_headers`) and nobody else.
    #[schema(value_type = Option<form::CostFromHeader>, inline)]
    cost_from_header: Option<CostFromHeader>,
}

fn cost_default() -> u32 {
    COST_DEFAULT
}

/// Define a route
#[utoipa::path(
    post,
    path = "/v1/routes",
    operation_id = "define_route",
    tag = "routes",
    params(WriteHeaders),
    request_body = NewRoute,
    responses(Created<RouteView>, WriteProblems),
    extensions(("x-tollgate-permission" = json!("route.write")))
)]
pub(crate) async fn define(ask: Ask<RouteWrite>) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, RouteView>(&ask, effect, StatusCode::CREATED).await
}

pub(super) fn either_host_or_hosts() -> Problem {
    Problem::because(kinds::BODY_INVALID, "give either `host` or `hosts`").with("pointer", "/hosts")
}

async fn fresh(ask: &Ask<RouteWrite>) -> Result<Effect<RouteId>, Instead> {
    ask.check_seen(0)?;
    let NewRoute { name, host, hosts, methods, path, required_scopes, cost, cost_from_header } =
        ask.body()?;
    let hosts = match (host, hosts) {
        (Some(_), Some(_)) => return Err(either_host_or_hosts().into()),
        (host, hosts) => hosts.unwrap_or_else(|| host.into_iter().collect()),
    };
    let spec = RouteSpec { name, hosts, methods, path, required_scopes, cost, cost_from_header };
    let alone = overlap::check(ask, &spec, None).await?;
    let (unix_ms, random) = id_parts(ask.random(), ask.now());
    let command = RouteCommand::Define(DefineRoute { spec });
    let (id, grant) = (RouteId::from_parts(unix_ms, random), ask.allow(&ResourceFacts::Shared)?);
    let effect = ask.create::<Route>(id, command, grant, Said::nothing()).await;
    drop(alone);
    effect
}
