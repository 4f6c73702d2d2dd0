//! `POST /v1/usage/reset`

use axum::response::Response;
use domain::{
    ClientId, Environment, EventType as _, KeyId, LimitName, PolicyId, Reason,
    access::ResourceFacts,
    api_client::{ApiClient, ApiClientRefusal},
    api_key::{ApiKey, ApiKeyRefusal},
    rate_limit_policy::{
        LimitReset, PolicyCommand, RateLimitPolicy, RateLimitPolicyEvent, RateLimitPolicyRefusal, ResetLimit,
    },
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answer::bound,
    ask::{Ask, Effect, Said},
    docs::{Changed, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    facts::ANYTHING,
    guard::needs,
    problem::Problem,
};

/// Whose use of which limit is given back. A limit that is counted by client takes `client_id`, one that is counted by key
/// `key_id`, one that all share neither.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewReset {
    #[schema(value_type = form::PolicyId, inline)]
    policy_id: PolicyId,
    #[schema(value_type = form::LimitName, inline)]
    limit: LimitName,
    #[schema(value_type = Option<form::ClientId>, inline)]
    client_id: Option<ClientId>,
    #[schema(value_type = Option<form::KeyId>, inline)]
    key_id: Option<KeyId>,
    /// Absent: every environment.
    #[schema(value_type = Option<form::Environment>, inline)]
    environment: Option<Environment>,
    #[schema(value_type = form::Reason, inline)]
    reason: Reason,
}

/// A reset that is on record. Each gateway carries it out where it stands in the log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResetView {
    #[schema(value_type = form::PolicyId, inline)]
    policy_id: PolicyId,
    #[schema(value_type = form::LimitName, inline)]
    limit: LimitName,
    #[schema(value_type = Option<form::ClientId>, inline)]
    client_id: Option<ClientId>,
    #[schema(value_type = Option<form::KeyId>, inline)]
    key_id: Option<KeyId>,
    #[schema(value_type = Option<form::Environment>, inline)]
    environment: Option<Environment>,
    #[schema(value_type = form::Reason, inline)]
    reason: Reason,
}

type ResetAsk = Ask<needs::LimitReset>;

/// Give back what is used of a limit
///
/// Its counters begin anew, of all routes that are counted by themselves too. `ETag` and `If-Match` speak of the policy.
#[utoipa::path(
    post,
    path = "/v1/usage/reset",
    operation_id = "reset_limit",
    tag = "gateway",
    params(WriteHeaders),
    request_body = NewReset,
    responses(Changed<ResetView, ResetView>, WriteProblems),
    extensions(("x-tollgate-permission" = json!("limit.reset")))
)]
pub(crate) async fn reset(ask: ResetAsk) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    let view = recorded(&ask, &effect).await?;
    bound::<_, _, _, RateLimitPolicy>(&ask, effect, StatusCode::OK, Some(view)).await
}

async fn fresh(ask: &ResetAsk) -> Result<Effect<PolicyId>, Instead> {
    let NewReset { policy_id, limit, client_id, key_id, environment, reason } = ask.body()?;
    if ask.load::<RateLimitPolicy>(policy_id).await?.version == 0 {
        return Err(Problem::refused_reference(&RateLimitPolicyRefusal::NotDefined, "/policy_id").into());
    }
    if let Some(client_id) = client_id
        && ask.load::<ApiClient>(client_id).await?.version == 0
    {
        return Err(Problem::refused_reference(&ApiClientRefusal::NotRegistered, "/client_id").into());
    }
    if let Some(key_id) = key_id
        && ask.load::<ApiKey>(key_id).await?.version == 0
    {
        return Err(Problem::refused_reference(&ApiKeyRefusal::NotIssued, "/key_id").into());
    }
    // The policy is nobody's, but what is used of it is the client's or the key's.
    let facts = match (client_id, key_id) {
        (_, Some(key_id)) => ask.judge::<ApiKey>(key_id).await?.1,
        (Some(client_id), None) => of_used(ask.judge::<ApiClient>(client_id).await?.1, environment.as_ref()),
        (None, None) => Some(ResourceFacts::Shared),
    };
    let allowed_by = Some(ask.allow(&facts.unwrap_or(ANYTHING))?);
    let said = Said { allowed_by, ..Said::because(Some(&reason)) };
    let command = PolicyCommand::Reset(ResetLimit { limit, client_id, key_id, environment, reason });
    ask.execute::<RateLimitPolicy>(policy_id, command, said).await
}

/// What a client has used in one environment, or in all of its own.
fn of_used(client: Option<ResourceFacts>, environment: Option<&Environment>) -> Option<ResourceFacts> {
    match (client?, environment) {
        (ResourceFacts::Owned { owner_team, environments: _ }, Some(environment)) => {
            Some(ResourceFacts::Owned { owner_team, environments: [environment.clone()].into() })
        }
        (facts, Some(_) | None) => Some(facts),
    }
}

/// The reset as the log has it: a repeated command is answered with the one that it made.
async fn recorded(ask: &ResetAsk, effect: &Effect<PolicyId>) -> Result<ResetView, Problem> {
    match ask.event_of::<RateLimitPolicy>(effect.id, effect.version).await? {
        RateLimitPolicyEvent::LimitReset(LimitReset { limit, client_id, key_id, environment, reason }) => {
            Ok(ResetView { policy_id: effect.id, limit, client_id, key_id, environment, reason })
        }
        other @ (RateLimitPolicyEvent::Defined(_)
        | RateLimitPolicyEvent::Revised(_)
        | RateLimitPolicyEvent::Assigned(_)
        | RateLimitPolicyEvent::Unassigned(_)
        | RateLimitPolicyEvent::Retired(_)) => Err(Problem::internal(&UnexpectedEvent(other.event_type()))),
    }
}

/// The log has another event where a reset was recorded.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` stands where a limit was reset")]
struct UnexpectedEvent(&'static str);
