//! `POST /v1/clients`

use axum::response::Response;
use domain::{
    ClientId, Name,
    access::ResourceFacts,
    api_client::{ApiClient, ApiClientCommand, ClientKind, RegisterClient},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{ContactBody, Environments, Labels, OwnerBody, People, Scopes},
    view::ClientView,
};
use crate::{
    answer::written,
    ask::{Ask, Effect},
    body::Object,
    docs::{Created, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    guard::needs::ClientWrite,
    random::id_parts,
};

/// A client to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewClient {
    #[schema(value_type = form::Name, inline)]
    name: Name,
    #[schema(value_type = form::ClientKind, inline)]
    kind: ClientKind,
    #[schema(value_type = OwnerBody)]
    owner: Object<OwnerBody>,
    /// At most 20.
    #[serde(default)]
    #[schema(value_type = Vec<ContactBody>, max_items = 20)]
    contacts: Vec<Object<ContactBody>>,
    /// 1 to 16: where its keys may be issued.
    #[schema(value_type = Vec<form::Environment>, inline, min_items = 1, max_items = 16)]
    environments: Environments,
    /// At most 200: the most that its keys can do.
    #[serde(default)]
    #[schema(value_type = Vec<form::Scope>, inline, required = false)]
    scopes: Scopes,
    /// At most 32.
    #[serde(default)]
    #[schema(value_type = BTreeMap<form::LabelKey, form::LabelValue>, inline, required = false)]
    labels: Labels,
}

/// Register a client
#[utoipa::path(
    post,
    path = "/v1/clients",
    operation_id = "register_client",
    tag = "clients",
    params(WriteHeaders),
    request_body = NewClient,
    responses(Created<ClientView>, WriteProblems),
    extensions(("x-tollgate-permission" = json!("client.write")))
)]
pub(crate) async fn register(ask: Ask<ClientWrite>) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, ClientView>(&ask, effect, StatusCode::CREATED).await
}

async fn fresh(ask: &Ask<ClientWrite>) -> Result<Effect<ClientId>, Instead> {
    ask.check_seen(0)?;
    let NewClient { name, kind, owner: Object(owner), contacts, environments, scopes, labels } =
        ask.body()?;
    let (unix_ms, random) = id_parts(ask.random(), ask.now());
    let mut people = People::new(ask.random());
    let (owner, contacts) = (people.owner(owner), people.contacts(contacts));
    let command = RegisterClient { name, kind, owner, contacts, environments, scopes, labels };
    let grant =
        ask.allow(&ResourceFacts::owned(&command.owner.team, command.environments.iter().cloned()))?;
    ask.create::<ApiClient>(
        ClientId::from_parts(unix_ms, random),
        ApiClientCommand::Register(command),
        grant,
        people.said(),
    )
    .await
}
