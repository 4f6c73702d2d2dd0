//! `POST /v1/explain`

use std::net::IpAddr;

use axum::Json;
use domain::{
    ClientId, Environment, KeyId, Timestamp, api_client::ApiClientRefusal, api_key::ApiKeyRefusal,
    explain::Explanation,
};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ask::Ask,
    attribution::{EventRef, Events, Parties},
    docs::{AskProblems, FoundPlain, form},
    facts::read_client,
    gateways::{CallAsked, Who},
    guard::{Door, needs::DecisionRead},
    problem::{Problem, kinds},
    values::{CallCost, CallHost, CallMethod, CallPath, Moment},
};

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(explain))
}

/// One call to explain: at most one of secret, key and client says who makes it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallToExplain {
    /// What the caller would present. It is neither kept nor handed on.
    #[schema(value_type = Option<String>, max_length = 256, format = Password)]
    secret: Option<SecretString>,
    /// As if with its current secret.
    #[schema(value_type = Option<form::KeyId>, inline)]
    key_id: Option<KeyId>,
    /// As if with a key of the client that has no bounds of its own.
    #[schema(value_type = Option<form::ClientId>, inline)]
    client_id: Option<ClientId>,
    #[schema(value_type = String, pattern = "^[A-Za-z]{1,16}$", example = "GET")]
    method: CallMethod,
    #[schema(value_type = Option<String>, max_length = 260, example = "api.example.com")]
    host: Option<CallHost>,
    #[schema(value_type = String, min_length = 1, max_length = 8192, pattern = "^/", example = "/orders/17")]
    path: CallPath,
    /// Absent: the key's own; for a client, the one that is served.
    #[schema(value_type = Option<form::Environment>, inline)]
    environment: Option<Environment>,
    #[schema(value_type = Option<String>, example = "198.51.100.7")]
    address: Option<IpAddr>,
    /// What the call takes from every limit; absent: the cost of its route.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    cost: Option<CallCost>,
    /// The moment it is judged at, from now on; absent: now. Counters are those of now, as they stand then if nobody
    /// calls.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Moment>,
}

/// What would be decided, step by step, and who set what it rests on.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Explained {
    #[serde(flatten)]
    explanation: Explanation,
    /// The events that set the limits' assignments and their policies' revisions, and the cause of a refusal.
    events: Vec<EventRef>,
}

/// Explain a call
///
/// Answers what a gateway would decide about a call now, by the checks it makes and in their order. Nothing is counted and
/// nothing taken.
#[utoipa::path(
    post,
    path = "/v1/explain",
    operation_id = "explain_call",
    tag = "gateway",
    request_body = CallToExplain,
    responses(FoundPlain<form::Explained>, AskProblems),
    extensions(("x-tollgate-permission" = json!("decision.read")))
)]
pub(crate) async fn explain(ask: Ask<DecisionRead>) -> Result<Json<Explained>, Problem> {
    let call: CallToExplain = ask.body()?;
    let named_key = call.key_id.is_some();
    let asked = asked(call, ask.now())?;
    let explanation = ask.gateways().explain(asked).await.map_err(|_| Problem::unavailable())?;
    let missing = || {
        if named_key {
            Problem::refused_reference(&ApiKeyRefusal::NotIssued, "/key_id")
        } else {
            Problem::refused_reference(&ApiClientRefusal::NotRegistered, "/client_id")
        }
    };
    let explanation = explanation.ok_or_else(missing)?;
    let caller = explanation.caller.as_ref();
    // Whose secret it is is told only to those who see the client: to others it is nobody's they know.
    if let Some(client_id) = caller.and_then(|caller| caller.client_id) {
        let facts = read_client(ask.read(), client_id).await;
        ask.reveals(&facts.map_err(|failure| Problem::unread(&failure))?, missing)?;
    }
    let parties = Parties {
        client_id: caller.and_then(|caller| caller.client_id),
        key_id: caller.and_then(|caller| caller.key.as_ref()).map(|key| key.key_id),
        route_id: explanation.route_id,
    };
    let events = Events::until(&ask, explanation.position).of_limits(&explanation.limits).await?;
    let events = events.of_refusal(explanation.reason, parties).await?.found();
    Ok(Json(Explained { explanation, events }))
}

fn asked(call: CallToExplain, now: Timestamp) -> Result<CallAsked, Problem> {
    let CallToExplain { secret, key_id, client_id, method, host, path, environment, address, cost, at } =
        call;
    let who = match (secret, key_id, client_id) {
        (Some(secret), None, None) => Who::Secret(secret),
        (None, Some(key_id), None) => Who::Key(key_id),
        (None, None, Some(client_id)) => Who::Client(client_id),
        (None, None, None) => Who::Nobody,
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
            let why = "takes only one of `secret`, `key_id` and `client_id`";
            return Err(Problem::because(kinds::BODY_INVALID, why).with("pointer", ""));
        }
    };
    let at = at.map_or(now, |Moment(at)| at);
    if at < now {
        let why = "must not be before now; what was decided then is under /v1/decisions";
        return Err(Problem::because(kinds::BODY_INVALID, why).with("pointer", "/at"));
    }
    let (method, path) = (method.into(), path.into());
    let (host, cost) = (host.map(Into::into), cost.map(Into::into));
    let address = address.map(|address| address.to_canonical());
    Ok(CallAsked { who, method, host, path, environment, address, cost, at })
}
