//! `POST /v1/claim`: the first administrator.

use axum::{
    extract::{FromRequestParts as _, Request, State},
    response::Response,
};
use domain::{
    GrantId, Metadata, PrincipalId, Timestamp,
    access::{Principal, PrincipalKind},
    personal::PersonalValue,
    principal::{Account, ClaimInstallation, NewToken, PrincipalCommand},
    secret::PlainSecret,
};
use eventlog::{Execute, ExecuteError, Executed, Idempotency};
use http::{StatusCode, request::Parts};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    keys::view::show,
    principals::{
        add::{IdentityBody, NewPerson},
        view::PersonView,
    },
    service_accounts::token_end,
};
use crate::{
    access::claim,
    answer::{Pending, Resource as _, Settled, Shown},
    ask::{Effect, arrived},
    body::{self, Object},
    circumstances::Circumstances,
    docs::{AskProblems, Created, form},
    guard::{Authenticated, Door},
    problem::{Problem, kinds},
    query::{NoParams, Params},
    random::{id_parts, salt, token_id},
    secret::new_principal_token,
    values::{Email, Moment, PersonName},
};

/// The token that an installation began with.
const BOOTSTRAP: &str = "bootstrap_token";
/// One that somebody with access to the machine has made.
const RECOVERY: &str = "claim_token";

/// Who is to be the first administrator.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Claim)]
pub(crate) struct ClaimBody {
    #[schema(value_type = form::Name, inline)]
    name: PersonName,
    #[schema(value_type = Option<String>, format = Email, max_length = 254)]
    email: Option<Email>,
    /// How an identity provider knows the person, so that they can sign in by it.
    #[schema(value_type = Option<IdentityBody>)]
    identity: Option<Object<IdentityBody>>,
    /// When the token stops: at most 365 days ahead. Absent: in 90 days.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Moment>,
}

/// The first administrator, with a token that is in no other answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClaimedInstallation {
    #[schema(value_type = PersonView)]
    person: Shown<PersonView>,
    /// Of `admin` over everything.
    #[schema(value_type = form::GrantId, inline)]
    grant_id: GrantId,
    /// Shown this once and kept nowhere. Lost, it is had again by `tollgate access recover` alone.
    #[schema(value_type = String)]
    #[serde(serialize_with = "show")]
    token: Option<PlainSecret>,
    expires_at: Timestamp,
}

/// The same while reads do not show it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `ClaimedInstallation` writes then")]
pub(crate) struct PendingClaim {
    person: Pending,
    grant_id: String,
    token: String,
    expires_at: String,
}

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(claim))
}

/// Claim the installation
///
/// Makes the first administrator, a person with `admin` over everything and a token. The token that the installation
/// began with opens nothing from then on. It is done once: a second time answers 401 or 409, also where both come at once.
#[utoipa::path(
    post,
    path = "/v1/claim",
    operation_id = "claim_installation",
    tag = "access",
    request_body = ClaimBody,
    responses(Created<ClaimedInstallation, PendingClaim>, AskProblems),
    extensions(("x-tollgate-permission" = json!("none: by the installation's first token, or one that recovers it")))
)]
pub(crate) async fn claim(State(door): State<Door>, request: Request) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let Authenticated(principal) = Authenticated::from_request_parts(&mut parts, &door).await?;
    let name = name_of(&principal, &door)?;
    let Params(NoParams {}) = Params::from_request_parts(&mut parts, &door).await?;
    let request = Request::from_parts(parts.clone(), body);
    let body = arrived(request, &door).await?;
    body::check_media_type(&parts.method, &parts.headers)?;
    let asked = body::parse::<ClaimBody>(&body)?;
    Box::pin(claimed(&door, &parts, &principal, name, asked)).await
}

/// What the claim is called, which is done once under one name.
fn name_of(principal: &Principal, door: &Door) -> Result<String, Problem> {
    let (PrincipalKind::Bootstrap, by @ (BOOTSTRAP | RECOVERY)) =
        (&principal.kind, principal.authenticated_by)
    else {
        return Err(Problem::new(kinds::CLAIM_TOKEN_NEEDED));
    };
    let name = door.api().access.claim_name(by == RECOVERY);
    name.ok_or_else(|| Problem::new(kinds::ALREADY_CLAIMED))
}

async fn claimed(
    door: &Door,
    parts: &Parts,
    principal: &Principal,
    name: String,
    asked: ClaimBody,
) -> Result<Response, Problem> {
    let ClaimBody { name: person, email, identity, expires_at } = asked;
    let (api, random, now) = (door.api(), door.random(), door.now());
    // From looking whether the identity is taken until it is on record.
    let held = door.admins.lock().await;
    let (person, mut personal) = NewPerson { name: person, email, identity }.sealed(door, random);
    let (plain, secret) = new_principal_token(&api.peppers, random).map_err(|why| Problem::internal(&why))?;
    let expires_at = token_end(expires_at, now);
    let ((id_ms, id_random), (grant_ms, grant_random)) = (id_parts(random, now), id_parts(random, now));
    let id = PrincipalId::from_parts(id_ms, id_random);
    let grant_id = GrantId::from_parts(grant_ms, grant_random);
    let (metadata, address) = metadata(door, parts, principal);
    personal.extend(address);
    let token = NewToken { secret, expires_at };
    let command = PrincipalCommand::Claim(ClaimInstallation { now, person, token, grant_id });
    let idempotency = Some(Idempotency { key: name, request_digest: [0; 32] });
    let given = metadata.clone();
    let ask = Execute { id, command, metadata, expected_version: None, idempotency, personal };
    let done = api.log.execute::<Account>(ask).await.map_err(unclaimed)?;
    drop(held);
    // The person is an administrator by now; what breaks off here is finished later, and is no failure of the claim.
    let command_id = token_id("cmd", random, now);
    if let Err(failure) = claim::give(api, id, grant_id, Metadata { command_id, ..given }).await {
        tracing::warn!(error = %failure, "The grant of the claim is not on record yet");
    }
    tracing::info!(principal.id = %id, "Claimed the installation");
    let settled = settle(door, id, &done).await;
    let body = |person| ClaimedInstallation { person, grant_id, token: Some(plain), expires_at };
    Ok(settled.answer(StatusCode::CREATED, body))
}

fn unclaimed<R: domain::Refusal>(why: ExecuteError<R>) -> Problem {
    match why {
        ExecuteError::Refused(refusal) => Problem::refused(&refusal),
        // Somebody was quicker.
        ExecuteError::Repeated(_) => Problem::new(kinds::ALREADY_CLAIMED),
        ExecuteError::VersionMismatch { .. } => Problem::unavailable(),
        ExecuteError::Failed(failure) => Problem::failed(&failure),
    }
}

/// Waits until this process knows the administrator and reads show them; for a bounded time.
async fn settle(door: &Door, id: PrincipalId, done: &Executed<Account>) -> Settled<PersonView> {
    let (api, at_most) = (door.api(), door.settings().visible_wait);
    let position = api.log.position(done.place, at_most).await.ok();
    let mut shown = None;
    if let Some(position) = position {
        let of = <Account as domain::Aggregate>::TYPE;
        let (_, visible) = tokio::join!(
            api.access.wait_for(position, at_most),
            api.visibility.wait_for_effect(position, of, at_most)
        );
        if visible {
            shown = PersonView::read(&api.read, id).await.unwrap_or_else(|failure| {
                tracing::warn!(error = %failure, "Cannot show what was just written");
                None
            });
        }
    }
    let aggregate_type = Some(<Account as domain::Aggregate>::TYPE);
    let effect = Effect { id, version: done.version, position, aggregate_type, replayed: false };
    Settled::of(effect, shown)
}

fn metadata(door: &Door, parts: &Parts, principal: &Principal) -> (Metadata, Option<PersonalValue>) {
    let (random, now) = (door.random(), door.now());
    let framed = parts.extensions.get::<Circumstances>().cloned();
    let request_id = || token_id("req", random, now);
    let (request_id, correlation_id, address, user_agent) = match framed {
        Some(Circumstances { request_id, correlation_id, address, user_agent, traceparent: _ }) => {
            (request_id, correlation_id, address, user_agent)
        }
        None => (request_id(), request_id(), None, None),
    };
    let address = address.map(|address| PersonalValue::new(salt(random), &address.to_string()));
    let metadata = Metadata {
        occurred_at: now,
        actor: principal.id.clone(),
        actor_kind: principal.kind.actor_kind(),
        authenticated_by: principal.authenticated_by.to_owned(),
        on_behalf_of: None,
        allowed_by: "claim".to_owned(),
        address: address.as_ref().map(PersonalValue::commitment),
        user_agent,
        request_id,
        correlation_id,
        causation_id: None,
        reason: None,
        command_id: token_id("cmd", random, now),
    };
    (metadata, address)
}
