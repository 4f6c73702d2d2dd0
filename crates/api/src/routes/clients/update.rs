//! `PATCH /v1/clients/{id}`

use std::collections::BTreeMap;

use axum::response::Response;
use domain::{
    ClientId, LabelKey, LabelValue, Name,
    access::ResourceFacts,
    api_client::{ApiClient, ApiClientCommand, Profile, UpdateClient},
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
    ask::{Ask, Effect, Said},
    body::{Object, Patch},
    docs::{Changed, ClientPath, EditHeaders, MatchProblems, Missing, WriteProblems, form},
    dry_run::Instead,
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
    #[schema(value_type = form::Name, inline, required = false)]
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
    #[schema(value_type = Vec<form::Environment>, inline, min_items = 1, max_items = 16, required = false)]
    environments: Patch<Environments>,
    /// The whole new set: keys lose what is missing in it at once.
    #[serde(default)]
    #[schema(value_type = Option<Vec<form::Scope>>, inline)]
    scopes: Patch<Scopes>,
    /// Merged label by label; `null` removes one.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<form::LabelKey, form::NewLabelValue>>, inline)]
    labels: Patch<BTreeMap<LabelKey, Option<LabelValue>>>,
}

/// What is to change of the owner.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnerPatch {
    #[serde(default)]
    #[schema(value_type = form::Name, inline, required = false)]
    team: Patch<Name>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Email, max_length = 254)]
    email: Patch<Email>,
}

type UpdateAsk = Ask<ClientWrite, Id<ClientId>>;

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
pub(crate) async fn update(ask: UpdateAsk) -> Result<Response, Instead> {
    let effect = ask.once(ask.merged(|| fresh(&ask))).await?;
    written::<_, _, _, ClientView>(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &UpdateAsk) -> Result<Effect<ClientId>, Instead> {
    let ClientPatch { name, owner, contacts, environments, scopes, labels } = ask.body()?;
    let before = ask.load::<ApiClient>(ask.id()).await?;
    let profile = before.state.profile().ok_or_else(ClientId::missing)?;
    let mut people = People::new(ask.random());
    let owner = owner.or_refuse("/owner")?.map(|Object(patch)| patch);
    let merges = matches!(labels, Patch::Set(_)) || owner.as_ref().is_some_and(|owner| owner.is_partial());
    let owner = match owner {
        Some(patch) => Some(people.owner(patch.completed(ask, profile).await?)),
        None => None,
    };
    let command = UpdateClient {
        name: name.or_refuse("/name")?,
        owner,
        contacts: contacts.or_default(vec![]).map(|contacts| people.contacts(contacts)),
        environments: environments.or_default(Environments::new()),
        scopes: scopes.or_default(Scopes::new()),
        labels: merged(&profile.labels, labels),
    };
    // What is merged is merged into this version: another must not be overwritten with it. And what is no change of this
    // version may be one of another.
    let on_version = merges || command.owner.is_some() || command.environments.is_some();
    let touches = touched(&command, profile);
    let said = Said { based_on: on_version.then_some(before.version), touches, ..people.said() };
    ask.execute::<ApiClient>(ask.id(), ApiClientCommand::Update(command), said).await
}

/// What the client will be: nobody hands a client on to a team or into an environment beyond their own reach.
fn touched(command: &UpdateClient, before: &Profile) -> Vec<ResourceFacts> {
    let team = command.owner.as_ref().map(|owner| &owner.team).filter(|team| **team != before.owner.team);
    let environments = command.environments.as_ref().filter(|names| **names != before.environments);
    if team.is_none() && environments.is_none() {
        return vec![];
    }
    let environments = environments.unwrap_or(&before.environments).iter().cloned();
    vec![ResourceFacts::owned(team.unwrap_or(&before.owner.team), environments)]
}

impl OwnerPatch {
    fn is_partial(&self) -> bool {
        self.team == Patch::Keep || self.email == Patch::Keep
    }

    /// With what is on record in the place of what is not said.
    async fn completed(self, ask: &UpdateAsk, profile: &Profile) -> Result<OwnerBody, Problem> {
        let (team, email) = (self.team.or_refuse("/owner/team")?, self.email.or_refuse("/owner/email")?);
        let team = team.unwrap_or_else(|| profile.owner.team.clone());
        let email = match email {
            Some(email) => email,
            None => email_on_record(ask).await?,
        };
        Ok(OwnerBody { team, email })
    }
}

/// The address is in no event: it is where reads have it, once they have caught up with the log.
async fn email_on_record(ask: &UpdateAsk) -> Result<Email, Problem> {
    ask.caught_up::<ApiClient>().await?;
    let row = clients::get(ask.read(), ask.id()).await.map_err(|failure| Problem::unread(&failure))?;
    let email = row.ok_or_else(ClientId::missing)?.owner_email.and_then(|email| Email::try_from(email).ok());
    let erased = || Problem::because(kinds::BODY_INVALID, "must be given: the address on record is erased");
    email.ok_or_else(|| erased().with("pointer", "/owner/email"))
}

fn merged(had: &Labels, patch: Patch<BTreeMap<LabelKey, Option<LabelValue>>>) -> Option<Labels> {
    let changes = match patch {
        Patch::Keep => return None,
        Patch::Remove => return Some(Labels::new()),
        Patch::Set(changes) => changes,
    };
    let mut labels = had.clone();
    for (key, value) in changes {
        match value {
            Some(value) => drop(labels.insert(key, value)),
            None => drop(labels.remove(&key)),
        }
    }
    Some(labels)
}
