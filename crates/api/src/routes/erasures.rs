//! `POST /v1/erasures`

use axum::response::Response;
use domain::{
    ClientId, ErasureId, PrincipalId, Reason,
    api_client::{ApiClient, ApiClientRefusal},
    erasure::{Erase, Erasure, ErasureCommand, VALUES_MAX},
    personal::PersonalValue,
    principal::{Account, HolderFacts, PrincipalRefusal},
};
use eventlog::PersonalSearch;
use http::StatusCode;
use projections::sessions;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    answer::bound,
    ask::{Ask, Effect, Said},
    docs::{Changed, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    facts::ANYTHING,
    guard::{Door, needs::PersonalErase},
    problem::{Problem, kinds},
    random::{id_parts, salt},
};

const TEXTS_MAX: usize = 20;
const TEXT_BYTES_MAX: usize = 512;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(erase))
}

/// Whose personal values are erased: a person's who may sign in, a client's, or whoever's they are. Values narrow a client's to
/// those that are equal to one of them; alone they are looked for everywhere.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewErasure {
    /// Name, e-mail address, identity, and the network addresses of everything they did. Not with the others.
    #[schema(value_type = Option<form::PrincipalId>, inline)]
    principal_id: Option<PrincipalId>,
    #[schema(value_type = Option<form::ClientId>, inline)]
    client_id: Option<ClientId>,
    /// At most 20, as they were given: `ada@example.com`, `Ada Lovelace`, `192.0.2.7`.
    #[serde(default)]
    #[schema(max_items = 20, required = false)]
    values: Vec<String>,
    #[schema(value_type = form::Reason, inline)]
    reason: Reason,
}

/// What is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Erasure)]
pub(crate) struct ErasureView {
    #[schema(value_type = form::ErasureId, inline)]
    id: ErasureId,
    /// How many values were erased, one for each event that they stood in.
    values: u64,
    /// Whether none are left. An erasure takes at most 5,000 values: ask again until none are.
    complete: bool,
}

type EraseAsk = Ask<PersonalErase>;

/// Erase personal values
///
/// For good: out of the log's side table, the read models and every answer, also of the past. What was done stays on record, and
/// every proof holds. Somebody who may still sign in is disabled first. A request key is not remembered, for what is remembered
/// of a request could confirm a guess at the values in it: a second time there is nothing left to erase.
#[utoipa::path(
    post,
    path = "/v1/erasures",
    operation_id = "erase_personal_values",
    tag = "access",
    params(WriteHeaders),
    request_body = NewErasure,
    responses(Changed<ErasureView, ErasureView>, WriteProblems),
    extensions(("x-tollgate-permission" = json!("personal.erase")))
)]
pub(crate) async fn erase(mut ask: EraseAsk) -> Result<Response, Instead> {
    ask.check_seen(0)?;
    let _held_while_it_lasts = ask.take_claim();
    let asked: NewErasure = ask.body()?;
    let search = search(&asked)?;
    let effect = give(&ask, &asked, &search).await?;
    let failed = |failure| Problem::failed(&failure);
    // On record by now: what fails here is done when it is asked for again, or at the next start.
    let erased = ask.log().erased_values(Some(effect.id)).await.map_err(failed)?;
    // First, while the log says what the values are.
    forget_told(&ask, &erased).await?;
    ask.log().forget(Some(effect.id)).await.map_err(failed)?;
    if let Some(principal_id) = asked.principal_id {
        let ended = sessions::end_all(ask.read(), &principal_id.to_string()).await;
        ended.map_err(|failure| Problem::internal(&failure))?;
    }
    let is_shown = ask.shows(&effect).await;
    // Once more: a notifier may have told what the read models still showed it. By now nothing else says what the values are.
    forget_told(&ask, &erased).await?;
    if is_shown {
        ask.read().forget_the_past().await.map_err(|failure| Problem::internal(&failure))?;
    }
    let values = ask.log().load::<Erasure>(effect.id).await.map_err(failed)?.state.values;
    let complete = ask.log().find_personal(&search, 1).await.map_err(failed)?.is_empty();
    let view = ErasureView { id: effect.id, values, complete };
    bound::<_, _, _, Erasure>(&ask, effect, StatusCode::OK, Some(view)).await
}

/// What somebody was told of the values, or is to be told at them.
async fn forget_told(ask: &EraseAsk, values: &[String]) -> Result<(), Problem> {
    let forgotten = ask.outbox().forget_address(values, ask.now()).await;
    forgotten.map(drop).map_err(|failure| Problem::internal(&failure))
}

/// Where to look, if the question is one.
fn search(asked: &NewErasure) -> Result<PersonalSearch, Problem> {
    let NewErasure { principal_id, client_id, values, reason: _ } = asked;
    let wrong = |pointer: &str, why: &'static str| {
        Err(Problem::because(kinds::BODY_INVALID, why).with("pointer", pointer))
    };
    if values.len() > TEXTS_MAX {
        return wrong("/values", "at most 20 values at once");
    }
    if let Some(at) = values.iter().position(|text| text.is_empty() || text.len() > TEXT_BYTES_MAX) {
        return wrong(&format!("/values/{at}"), "a value has 1 to 512 bytes");
    }
    let subject = match (principal_id, client_id) {
        (Some(_), Some(_)) => return wrong("/client_id", "a person or a client, not both"),
        (Some(_), None) if !values.is_empty() => return wrong("/values", "a person is erased whole"),
        (Some(id), None) => Some(id.to_string()),
        (None, Some(id)) => Some(id.to_string()),
        (None, None) if values.is_empty() => {
            return wrong("/values", "name a person, a client, or values");
        }
        (None, None) => None,
    };
    Ok(PersonalSearch { subject, values: values.clone() })
}

async fn give(
    ask: &EraseAsk,
    asked: &NewErasure,
    search: &PersonalSearch,
) -> Result<Effect<ErasureId>, Instead> {
    let grant = ask.allow(&ANYTHING)?;
    let holder_is_enabled = holder_is_enabled(ask, asked).await?;
    let found = ask.log().find_personal(search, VALUES_MAX).await;
    let found = found.map_err(|failure| Problem::failed(&failure))?;
    let (unix_ms, random) = id_parts(ask.random(), ask.now());
    let id = ErasureId::from_parts(unix_ms, random);
    let reason = asked.reason.clone();
    // No event commits to them, so that they are not kept: what waits for a second person must not show them either.
    let personal = asked.values.iter().map(|text| PersonalValue::new(salt(ask.random()), text)).collect();
    let said = Said { personal, ..Said::because(Some(&reason)) };
    let command = ErasureCommand::Erase(Erase { found, holder_is_enabled, reason });
    ask.create::<Erasure>(id, command, grant, said).await
}

/// Whether the person is let in; refuses those that are not there.
async fn holder_is_enabled(ask: &EraseAsk, asked: &NewErasure) -> Result<bool, Problem> {
    if let Some(client_id) = asked.client_id
        && ask.load::<ApiClient>(client_id).await?.version == 0
    {
        return Err(Problem::refused_reference(&ApiClientRefusal::NotRegistered, "/client_id"));
    }
    let Some(principal_id) = asked.principal_id else { return Ok(false) };
    match ask.load::<Account>(principal_id).await?.state.facts() {
        HolderFacts::Absent => Err(Problem::refused_reference(&PrincipalRefusal::NotThere, "/principal_id")),
        HolderFacts::Person { enabled } | HolderFacts::ServiceAccount { enabled } => Ok(enabled),
    }
}
