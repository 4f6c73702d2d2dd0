//! `POST /v1/policies/{id}/assignments`

use axum::response::Response;
use domain::{
    AssignmentId, ClientId, Environment, EventType as _, PolicyId, RouteId,
    api_client::{ApiClient, ApiClientRefusal},
    rate_limit_policy::{
        AssignPolicy, Assigned, Assignment, PolicyCommand, RateLimitPolicy, RateLimitPolicyEvent,
    },
    route::{Route, RouteRefusal},
};
use http::{StatusCode, header};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    findings::{self, AssignmentWritten},
    view::AssignmentView,
};
use crate::{
    answer::{bound, set},
    ask::{Ask, Effect, Said},
    docs::{Created, Missing, PolicyPath, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    guard::needs::PolicyAssign,
    path::Id,
    problem::Problem,
    random::id_parts,
    values::Moment,
};

/// Whom a policy is to bind: all of what is given must fit the call; nothing given is the default for everyone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAssignment {
    #[schema(value_type = Option<form::ClientId>, inline)]
    client_id: Option<ClientId>,
    #[schema(value_type = Option<form::RouteId>, inline)]
    route_id: Option<RouteId>,
    #[schema(value_type = Option<form::Environment>, inline)]
    environment: Option<Environment>,
    /// Absent: at once.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Moment>,
    /// Absent: until it is removed.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Moment>,
}

type AssignAsk = Ask<PolicyAssign, Id<PolicyId>>;

/// Assign a policy
///
/// `ETag` and `If-Match` speak of the policy.
#[utoipa::path(
    post,
    path = "/v1/policies/{id}/assignments",
    operation_id = "assign_policy",
    tag = "policies",
    params(PolicyPath, WriteHeaders),
    request_body = NewAssignment,
    responses(Created<AssignmentWritten, AssignmentWritten>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("policy.assign")))
)]
pub(crate) async fn assign(ask: AssignAsk) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    let assignment = recorded(&ask, &effect).await?;
    let location = format!("/v1/policies/{}/assignments/{}", ask.id(), assignment.assignment_id);
    let warnings = findings::of_new(&ask, &assignment).await?;
    let body = Some(AssignmentWritten { assignment: AssignmentView::of(ask.id(), assignment), warnings });
    let mut response = bound::<_, _, _, RateLimitPolicy>(&ask, effect, StatusCode::CREATED, body).await?;
    set(response.headers_mut(), header::LOCATION, &location);
    Ok(response)
}

async fn fresh(ask: &AssignAsk) -> Result<Effect<PolicyId>, Instead> {
    let NewAssignment { client_id, route_id, environment, from, until } = ask.body()?;
    if let Some(client_id) = client_id {
        check_client(ask, client_id).await?;
    }
    if let Some(route_id) = route_id {
        check_route(ask, route_id).await?;
    }
    let now = ask.now();
    let (unix_ms, random) = id_parts(ask.random(), now);
    let assignment = Assignment {
        assignment_id: AssignmentId::from_parts(unix_ms, random),
        client_id,
        route_id,
        environment,
        from: from.map(|Moment(time)| time),
        until: until.map(|Moment(time)| time),
    };
    let warnings = findings::of_new(ask, &assignment).await?;
    let command = PolicyCommand::Assign(AssignPolicy { now, assignment });
    ask.execute::<RateLimitPolicy>(ask.id(), command, Said { warnings, ..Said::nothing() }).await
}

async fn check_client(ask: &AssignAsk, client_id: ClientId) -> Result<(), Problem> {
    let refusal = match &*ask.load::<ApiClient>(client_id).await?.state {
        ApiClient::Active(_) | ApiClient::Suspended(_) => return Ok(()),
        ApiClient::Archived(_) => ApiClientRefusal::Archived,
        ApiClient::Absent => ApiClientRefusal::NotRegistered,
    };
    Err(Problem::refused_reference(&refusal, "/client_id"))
}

async fn check_route(ask: &AssignAsk, route_id: RouteId) -> Result<(), Problem> {
    let refusal = match &*ask.load::<Route>(route_id).await?.state {
        Route::Active(_) => return Ok(()),
        Route::Retired(_) => RouteRefusal::Retired,
        Route::Absent => RouteRefusal::NotDefined,
    };
    Err(Problem::refused_reference(&refusal, "/route_id"))
}

/// The assignment as the log has it: a repeated command is answered with the one that it made.
async fn recorded(ask: &AssignAsk, effect: &Effect<PolicyId>) -> Result<Assignment, Problem> {
    match ask.event_of::<RateLimitPolicy>(effect.id, effect.version).await? {
        RateLimitPolicyEvent::Assigned(Assigned { assignment }) => Ok(assignment),
        other @ (RateLimitPolicyEvent::Defined(_)
        | RateLimitPolicyEvent::Revised(_)
        | RateLimitPolicyEvent::Unassigned(_)
        | RateLimitPolicyEvent::Retired(_)
        | RateLimitPolicyEvent::LimitReset(_)) => {
            Err(Problem::internal(&UnexpectedEvent(other.event_type())))
        }
    }
}

/// The log has another event where an assignment was recorded.
#[derive(Debug, thiserror::Error)]
#[error("expected an assignment, found `{0}`")]
struct UnexpectedEvent(&'static str);
