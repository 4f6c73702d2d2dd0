//! `GET /v1/effective-policy`

use axum::Json;
use domain::{
    ClientId, Environment, RouteId, api_client::ApiClientRefusal, explain::EffectivePolicies,
    route::RouteRefusal,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    attribution::{EventRef, Events},
    docs::{FoundPlain, ReadProblems, UnknownReference, form},
    facts::read_client,
    gateways::EffectiveAsked,
    guard::{Allowed, Door, needs::GatewayRead},
    problem::{Problem, kinds},
    query::{Params, parsed},
    values::Moment,
};

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(show))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Calls {
    /// Absent: a client that no assignment names.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
    /// Absent: a route that no assignment names.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::RouteId, inline, required = false)]
    route_id: Option<RouteId>,
    /// Absent: the one that is served.
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
    /// From now on; absent: now.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    at: Option<Moment>,
}

/// What applies, with whatever was weighed for it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EffectivePolicy {
    #[serde(flatten)]
    policies: EffectivePolicies,
    /// The events that made the assignments in force and those that follow them.
    events: Vec<EventRef>,
}

/// Show which policies apply to calls
///
/// For each kind of limit the assignment in force with all candidates, and what applies after it: a time-boxed assignment is
/// an override that says when it ends.
#[utoipa::path(
    get,
    path = "/v1/effective-policy",
    operation_id = "show_effective_policy",
    tag = "gateway",
    params(Calls),
    responses(FoundPlain<form::EffectivePolicy>, UnknownReference, ReadProblems),
    extensions(("x-tollgate-permission" = json!("gateway.read")))
)]
pub(crate) async fn show(
    allowed: Allowed<GatewayRead>,
    Params(calls): Params<Calls>,
) -> Result<Json<EffectivePolicy>, Problem> {
    let Calls { client_id, route_id, environment, at } = calls;
    let now = allowed.now();
    let at = at.map_or(now, |Moment(at)| at);
    if at < now {
        return Err(Problem::because(kinds::QUERY_INVALID, "at must not be before now"));
    }
    if let Some(client_id) = client_id {
        let facts = read_client(allowed.read(), client_id).await;
        allowed.reveals(&facts.map_err(|failure| Problem::unread(&failure))?, || {
            Problem::refused_reference(&ApiClientRefusal::NotRegistered, "/client_id")
        })?;
    }
    let asked = EffectiveAsked { client_id, route_id, environment, at };
    let policies = allowed.gateways().effective(asked).await.map_err(|_| Problem::unavailable())?;
    let missing = || match client_id {
        // Which of the two is known to whoever knows neither.
        Some(_) if route_id.is_none() => {
            Problem::refused_reference(&ApiClientRefusal::NotRegistered, "/client_id")
        }
        Some(_) | None => Problem::refused_reference(&RouteRefusal::NotDefined, "/route_id"),
    };
    let policies = policies.ok_or_else(missing)?;
    let mut events = Events::until(&allowed, policies.position);
    for in_force in &policies.in_force {
        events.at("assignment", in_force.winner.assigned_at).await?;
        if let Some(then) = &in_force.then {
            events.at("assignment", then.assigned_at).await?;
        }
    }
    Ok(Json(EffectivePolicy { events: events.found(), policies }))
}
