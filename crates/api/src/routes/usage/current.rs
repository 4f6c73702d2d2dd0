//! `GET /v1/usage/current`

use axum::Json;
use domain::{
    ClientId, Environment, KeyId, Position, api_client::ApiClientRefusal, api_key::ApiKeyRefusal,
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
    /// Absent: all environments that the client may use.
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
    let Whose { client_id, key_id, environment } = whose;
    let of = match (client_id, key_id) {
        (Some(client_id), None) => UsageOf::Client(client_id),
        (None, Some(key_id)) => UsageOf::Key(key_id),
        (None, None) | (Some(_), Some(_)) => {
            return Err(Problem::because(kinds::QUERY_INVALID, "give either client_id or key_id"));
        }
    };
    let facts = match of {
        UsageOf::Client(id) => read_client(allowed.read(), id).await,
        UsageOf::Key(id) => read_key(allowed.read(), id).await,
    };
    let missing = || match of {
        UsageOf::Client(_) => Problem::refused_reference(&ApiClientRefusal::NotRegistered, "/client_id"),
        UsageOf::Key(_) => Problem::refused_reference(&ApiKeyRefusal::NotIssued, "/key_id"),
    };
    allowed.reveals(&facts.map_err(|failure| Problem::unread(&failure))?, missing)?;
    let items = allowed.gateways().usage(of, environment).await.map_err(|_| Problem::unavailable())?;
    let items = items.ok_or_else(missing)?;
    let mut events = Events::until(&allowed, Position::new(u64::MAX));
    for item in &items {
        events.at("assignment", item.assigned_at).await?;
        if let Some(reset_at) = item.reset_at {
            events.at("reset", reset_at).await?;
        }
    }
    Ok(Json(CurrentUsage { events: events.found(), items }))
}
