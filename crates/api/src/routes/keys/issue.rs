//! `POST /v1/clients/{id}/keys`

use std::collections::BTreeSet;

use axum::response::Response;
use domain::{
    ClientId, Environment, KeyId, Name, Scope,
    api_client::ApiClient,
    api_key::{ApiKey, ApiKeyCommand, IssueKey, NewSecret},
    secret::PlainSecret,
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{KeyView, KeyWithSecret, PendingKey};
use crate::{
    answer::settle,
    ask::{Ask, Effect, Said},
    docs::{ClientPath, Created, Missing, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    facts::in_environment,
    guard::needs::KeyIssue,
    path::{Id, Named},
    random::id_parts,
    values::{Cidr, Moment},
};

/// A key to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    #[schema(value_type = form::Name, inline)]
    name: Name,
    /// One that the client may use.
    #[schema(value_type = form::Environment, inline)]
    environment: Environment,
    /// Of those that the client holds. Absent: whatever the client holds, now and later. Empty: nothing.
    #[schema(value_type = Option<Vec<form::Scope>>, inline)]
    scopes: Option<BTreeSet<Scope>>,
    /// At most ten years ahead.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Moment>,
    /// Absent: at once.
    #[schema(value_type = Option<String>, format = DateTime)]
    not_before: Option<Moment>,
    /// At most 50; absent or empty: from anywhere.
    #[serde(default)]
    #[schema(value_type = Vec<form::Cidr>, inline, max_items = 50, required = false)]
    allowed_cidrs: Vec<Cidr>,
}

type IssueAsk = Ask<KeyIssue, Id<ClientId>>;

/// Issue a key
///
/// The secret is in this answer and nowhere else. `If-Match` speaks of the client.
#[utoipa::path(
    post,
    path = "/v1/clients/{id}/keys",
    operation_id = "issue_key",
    tag = "keys",
    params(ClientPath, WriteHeaders),
    request_body = NewKey,
    responses(Created<KeyWithSecret, PendingKey>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("key.issue")))
)]
pub(crate) async fn issue(ask: IssueAsk) -> Result<Response, Instead> {
    let mut secret = None;
    let effect = ask.once(fresh(&ask, &mut secret)).await?;
    let settled = settle::<_, _, _, KeyView>(&ask, effect).await?;
    // Another process may have been quicker with the same command: then this secret was never recorded.
    let secret = secret.filter(|_| !effect.replayed);
    Ok(settled.answer(StatusCode::CREATED, |key| KeyWithSecret { key, secret }))
}

async fn fresh(ask: &IssueAsk, shown: &mut Option<PlainSecret>) -> Result<Effect<KeyId>, Instead> {
    let body: NewKey = ask.body()?;
    let client = ask.load::<ApiClient>(ask.id()).await?;
    if client.version == 0 {
        return Err(ClientId::missing().into());
    }
    ask.check_seen(client.version)?;
    let grant = ask.allow(&in_environment(&client.state, &body.environment))?;
    let (plain, secret) = ask.new_secret(&body.environment)?;
    let (unix_ms, random) = id_parts(ask.random(), ask.now());
    let command = body.command(ask, &client.state, secret);
    let effect = ask
        .create::<ApiKey>(
            KeyId::from_parts(unix_ms, random),
            ApiKeyCommand::Issue(command),
            grant,
            Said::nothing(),
        )
        .await?;
    *shown = Some(plain);
    Ok(effect)
}

impl NewKey {
    fn command(self, ask: &IssueAsk, client: &ApiClient, secret: NewSecret) -> IssueKey {
        let Self { name, environment, scopes, expires_at, not_before, allowed_cidrs } = self;
        IssueKey {
            now: ask.now(),
            client_id: ask.id(),
            client: client.facts(),
            name,
            environment,
            scopes,
            not_before: not_before.map(|Moment(time)| time),
            expires_at: expires_at.map(|Moment(time)| time),
            allowed_cidrs: allowed_cidrs.into_iter().map(|Cidr(range)| range).collect(),
            secret,
        }
    }
}
