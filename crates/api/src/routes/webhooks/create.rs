//! `POST /v1/webhooks`

use axum::response::Response;
use domain::{
    Name, WebhookId,
    access::GrantScope,
    webhook::{CreateWebhook, SecretSource, Webhook, WebhookCommand, WebhookSpec, WebhookUrl},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Events, challenged, check, settled},
    signing::SigningSecret,
    view::{PendingWebhook, WebhookWithSecret},
};
use crate::{
    ask::{Ask, Effect, Said},
    docs::{Created, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    guard::needs::WebhookWrite,
    random::id_parts,
};

/// A webhook to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhook {
    #[schema(value_type = form::Name, inline)]
    name: Name,
    /// `https`, at an address of the public network, unless the operator has opened more.
    #[schema(value_type = form::WebhookUrl, inline)]
    url: WebhookUrl,
    /// Types, `api_key.revoked`, all of a kind, `api_key.*`, or `*`; notices too: `notice.key_expiring`. 1 to 50.
    #[schema(value_type = Vec<form::EventPattern>, inline, min_items = 1, max_items = 50)]
    events: Events,
    /// What it is told of: never more than whoever makes it sees in the audit log.
    #[schema(value_type = form::GrantScope, inline)]
    scope: GrantScope,
}

type CreateAsk = Ask<WebhookWrite>;

/// Make a webhook
///
/// Events are the audit log's: whoever makes a webhook needs `audit.read` in a scope that covers its own, too. It is told
/// nothing before whoever answers at the URL has echoed our challenge, which is sent at once. The secret is in this answer
/// and nowhere else.
#[utoipa::path(
    post,
    path = "/v1/webhooks",
    operation_id = "create_webhook",
    tag = "webhooks",
    params(WriteHeaders),
    request_body = NewWebhook,
    responses(Created<WebhookWithSecret, PendingWebhook>, WriteProblems),
    extensions(("x-tollgate-permission" = json!("webhook.write")))
)]
pub(crate) async fn create(ask: CreateAsk) -> Result<Response, Instead> {
    ask.check_seen(0)?;
    let mut source = None;
    let effect = ask.once(fresh(&ask, &mut source)).await?;
    challenged(&ask, effect).await;
    let settled = settled(&ask, effect).await?;
    let api = ask.door().api();
    // Another process may have been quicker with the same command: then it has shown the secret.
    let source = source.filter(|_| !effect.replayed);
    let secret = source.and_then(|source| SigningSecret::of(&api.peppers, effect.id, source));
    let body = |webhook| WebhookWithSecret { webhook, secret };
    Ok(settled.answer(StatusCode::CREATED, body))
}

async fn fresh(ask: &CreateAsk, made: &mut Option<SecretSource>) -> Result<Effect<WebhookId>, Instead> {
    let NewWebhook { name, url, events, scope } = ask.body()?;
    let spec = WebhookSpec { name, url, events, scope };
    let grant = ask.allow(&spec.scope.facts())?;
    check(ask, &spec)?;
    let (unix_ms, random) = id_parts(ask.random(), ask.now());
    let (id, pepper_version) = (WebhookId::from_parts(unix_ms, random), ask.door().api().peppers.newest());
    let command = WebhookCommand::Create(CreateWebhook { spec, pepper_version });
    let effect = ask.create::<Webhook>(id, command, grant, Said::nothing()).await?;
    *made = Some(SecretSource { version: 1, pepper_version });
    Ok(effect)
}
