//! `PATCH /v1/clients/{id}`

use std::collections::BTreeMap;

use axum::response::Response;
use domain::{
    ClientId, Environment, LabelKey, LabelValue, Name, Scope,
    api_client::{ApiClient, ApiClientCommand, NewOwner, UpdateClient},
};
use http::StatusCode;
use projections::queries::clients;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{ContactBody, Environments, Labels, OwnerBody, People, Scopes},
    view::ClientView,
};
use crate::{
    answer::written,
    ask::{Ask, Effect},
    body::{Object, Patch},
    docs::{Changed, ClientPath, EditHeaders, MatchProblems, Missing, WriteProblems, list_of, list_or_null, schema_of},
    guard::needs::ClientWrite,
    path::{Id, Named},
    problem::{Problem, kinds},
    values::Email,
};

/// What is to change of a client, as a merge patch: what is absent stays, `null` empties.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientPatch {
    #[serde(default)]
    #[schema(schema_with = schema_of::<Name>, required = false)]
    name: Patch<Name>,
    #[serde(default)]
    #[schema(value_type = Option<OwnerPatch>)]
    owner: Patch<Object<OwnerPatch>>,
    /// The whole new list.
    #[serde(default)]
    #[schema(value_type = Option<Vec<ContactBody>>)]
    contacts: Patch<Vec<Object<ContactBody>>>,
    /// The whole new set: keys of what is missing in it stop at once.
    #[serde(default)]
    #[schema(schema_with = list_of::<Environment>, required = false)]
    environments: Patch<Environments>,
    /// The whole new set: keys lose what is missing in it at once.
    #[serde(default)]
    #[schema(schema_with = list_or_null::<Scope>, required = false)]
    scopes: Patch<Scopes>,
    /// Merged label by label; `null` removes one.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, Option<String>>>)]
    labels: Patch<BTreeMap<LabelKey, Option<LabelValue>>>,
}

/// What is to change of the owner.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnerPatch {
    #[serde(default)]
    #[schema(schema_with = schema_of::<Name>, required = false)]
    team: Patch<Name>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Email, max_length = 254)]
    email: Patch<Email>,
}

/// Change a client
#[utoipa::path(
    patch,
    path = "/v1/clients/{id}",
    operation_id = "update_client",
    tag = "clients",
    params(ClientPath, EditHeaders),
    request_body(content((ClientPatch = "application/json"), (ClientPatch = "application/merge-patch+json"))),
    responses(Changed<ClientView>, Missing, WriteProblems, MatchProblems),
    extensions(("x-tollgate-permission" = json!("client.write")))
)]
pub(crate) async fn update(ask: Ask<ClientWrite, Id<ClientId>>) -> Result<Response, Problem> {
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, ClientView>(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &Ask<ClientWrite, Id<ClientId>>) -> Result<Effect<ClientId>, Problem> {
    let ClientPatch { name, owner, contacts, environments, scopes, labels } = ask.body()?;
    let mut people = People::new(ask.random());
    let owner = match owner.or_refuse("/owner")? {
        Some(Object(patch)) => Some(merged_owner(ask, &mut people, patch).await?),
        None => None,
    };
    let command = UpdateClient {
        name: name.or_refuse("/name")?,
        owner,
        contacts: contacts.or_default(vec![]).map(|contacts| people.contacts(contacts)),
        environments: environments.or_default(Environments::new()),
        scopes: scopes.or_default(Scopes::new()),
        labels: merged_labels(ask, labels).await?,
    };
    ask.execute::<ApiClient>(ask.id(), ApiClientCommand::Update(command), people.said()).await
}

/// Completes a change of the owner with what is on record.
async fn merged_owner(
    ask: &Ask<ClientWrite, Id<ClientId>>,
    people: &mut People<'_>,
    patch: OwnerPatch,
) -> Result<NewOwner, Problem> {
    let (team, email) = (patch.team.or_refuse("/owner/team")?, patch.email.or_refuse("/owner/email")?);
    let (team, email) = match (team, email) {
        (Some(team), Some(email)) => (team, email),
        (team, email) => {
            let (old_team, old_email) = owner_on_record(ask).await?;
            (team.unwrap_or(old_team), email.or(old_email).ok_or_else(email_needed)?)
        }
    };
    Ok(people.owner(OwnerBody { team, email }))
}

fn email_needed() -> Problem {
    Problem::because(kinds::BODY_INVALID, "must be given: the address on record is erased").with("pointer", "/owner/email")
}

/// The address is in no event: it is where reads have it, once they have caught up with the log.
async fn owner_on_record(ask: &Ask<ClientWrite, Id<ClientId>>) -> Result<(Name, Option<Email>), Problem> {
    ask.caught_up().await?;
    let row = clients::get(ask.read(), ask.id()).await.map_err(|failure| Problem::unread(&failure))?;
    let row = row.ok_or_else(ClientId::missing)?;
    let team = row.owner_team.parse().map_err(|error| Problem::internal(&error))?;
    Ok((team, row.owner_email.and_then(|email| Email::try_from(email).ok())))
}

async fn merged_labels(
    ask: &Ask<ClientWrite, Id<ClientId>>,
    patch: Patch<BTreeMap<LabelKey, Option<LabelValue>>>,
) -> Result<Option<Labels>, Problem> {
    let changes = match patch {
        Patch::Keep => return Ok(None),
        Patch::Remove => return Ok(Some(Labels::new())),
        Patch::Set(changes) => changes,
    };
    let loaded = ask.load::<ApiClient>(ask.id()).await?;
    let mut labels = loaded.state.profile().map(|profile| profile.labels.clone()).unwrap_or_default();
    for (key, value) in changes {
        match value {
            Some(value) => drop(labels.insert(key, value)),
            None => drop(labels.remove(&key)),
        }
    }
    Ok(Some(labels))
}
