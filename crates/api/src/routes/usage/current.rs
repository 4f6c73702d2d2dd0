//! `GET /v1/usage/current`

use axum::Json;
use domain::{
    ClientId, Environment, KeyId, Position,
    access::{Permission, ResourceFacts},
    api_client::ApiClientRefusal,
    api_key::ApiKeyRefusal,
    explain::LimitUse,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::{
    attribution::{EventRef, Events},
    docs::{FoundPlain, ReadProblems, UnknownReference, form},
    facts::{read_client, read_key},
    gateways::UsageOf,
    guard::{Allowed, needs::GatewayRead},
    problem::{Problem, kinds},
    query::{Params, parsed},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Whose {
    /// Either this or `key_id`. Also the limits that count each of its keys by itself, up to 100 keys.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::KeyId, inline, required = false)]
    key_id: Option<KeyId>,
    /// Absent: all environments that the client may use and the caller sees.
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
}

/// What is used of each limit.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CurrentUsage {
    items: Vec<LimitUse>,
    /// The events that made the assignments, and the last resets.
    events: Vec<EventRef>,
}

/// Show what is used of each limit
///
/// Summed over the gateways that answer within half a second, which `shares` names; of a shared quota also what those have
/// used that do not.
#[utoipa::path(
    get,
    path = "/v1/usage/current",
    operation_id = "show_current_usage",
    tag = "gateway",
    params(Whose),
    responses(FoundPlain<form::CurrentUsage>, UnknownReference, ReadProblems),
    extensions(("x-tollgate-permission" = json!("gateway.read")))
)]
pub(crate) async fn current(
    allowed: Allowed<GatewayRead>,
    Params(whose): Params<Whose>,
) -> Result<Json<CurrentUsage>, Problem> {
    let of = whose.of()?;
    let facts = match of {
        UsageOf::Client(id) => read_client(allowed.read(), id).await,
        UsageOf::Key(id) => read_key(allowed.read(), id).await,
    };
    let missing = || match of {
        UsageOf::Client(_) => Problem::refused_reference(&ApiClientRefusal::NotRegistered, "/client_id"),
        UsageOf::Key(_) => Problem::refused_reference(&ApiKeyRefusal::NotIssued, "/key_id"),
    };
    let facts = facts.map_err(|failure| Problem::unread(&failure))?;
    allowed.reveals(&facts, missing)?;
    if let Some(environment) = &whose.environment {
        allowed.reveals(&within(&facts, environment), missing)?;
    }
    let items = allowed.gateways().usage(of, whose.environment).await;
    let mut items = items.map_err(|_| Problem::unavailable())?.ok_or_else(missing)?;
    // To see the client one environment is enough; what is used in the others is not theirs to see.
    items.retain(|item| allowed.sees(Permission::GatewayRead, &within(&facts, &item.environment)));
    let mut events = Events::until(&allowed, Position::new(u64::MAX));
    for item in &items {
        events.at("assignment", item.assigned_at).await?;
        if let Some(reset_at) = item.reset_at {
            events.at("reset", reset_at).await?;
        }
    }
    Ok(Json(CurrentUsage { events: events.found(), items }))
}

impl Whose {
    fn of(&self) -> Result<UsageOf, Problem> {
        match (self.client_id, self.key_id) {
            (Some(client_id), None) => Ok(UsageOf::Client(client_id)),
            (None, Some(key_id)) => Ok(UsageOf::Key(key_id)),
            (None, None) | (Some(_), Some(_)) => {
                Err(Problem::because(kinds::QUERY_INVALID, "give either client_id or key_id"))
            }
        }
    }
}

/// What lies in one environment of it.
fn within(whole: &ResourceFacts, environment: &Environment) -> ResourceFacts {
    match whole {
        ResourceFacts::Shared => ResourceFacts::Shared,
        ResourceFacts::Owned { owner_team, environments: _ } => ResourceFacts::Owned {
            owner_team: owner_team.clone(),
            environments: [environment.clone()].into(),
        },
    }
}
