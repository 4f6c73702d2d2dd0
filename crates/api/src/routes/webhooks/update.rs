//! `PATCH /v1/webhooks/{id}`

use axum::response::Response;
use domain::{
    Name, WebhookId,
    access::GrantScope,
    webhook::{ReviseWebhook, Webhook, WebhookCommand, WebhookSpec, WebhookUrl},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Events, challenged, check, written},
    view::WebhookView,
};
use crate::{
    ask::{Ask, Effect, Said},
    body::Patch,
    docs::{Changed, EditHeaders, MatchProblems, Missing, WebhookPath, WriteProblems, form},
    dry_run::Instead,
    guard::needs::WebhookWrite,
    path::{Id, Named as _},
};

/// What is to change of a webhook: what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookPatch {
    #[serde(default)]
    #[schema(value_type = form::Name, inline, required = false)]
    name: Patch<Name>,
    /// Another one has to be verified again before it is told anything.
    #[serde(default)]
    #[schema(value_type = form::WebhookUrl, inline, required = false)]
    url: Patch<WebhookUrl>,
    /// The whole new set.
    #[serde(default)]
    #[schema(value_type = Vec<form::EventPattern>, inline, min_items = 1, max_items = 50, required = false)]
    events: Patch<Events>,
    #[serde(default)]
    #[schema(value_type = form::GrantScope, inline, required = false)]
    scope: Patch<GrantScope>,
}

type UpdateAsk = Ask<WebhookWrite, Id<WebhookId>>;

/// Change a webhook
///
/// What it is told then must again be nothing beyond the `audit.read` of whoever changes it.
#[utoipa::path(
    patch,
    path = "/v1/webhooks/{id}",
    operation_id = "update_webhook",
    tag = "webhooks",
    params(WebhookPath, EditHeaders),
    request_body(content((WebhookPatch = "application/json"), (WebhookPatch = "application/merge-patch+json"))),
    responses(Changed<WebhookView>, Missing, WriteProblems, MatchProblems),
    extensions(("x-tollgate-permission" = json!("webhook.write")))
)]
pub(crate) async fn update(ask: UpdateAsk) -> Result<Response, Instead> {
    let effect = ask.once(ask.merged(|| fresh(&ask))).await?;
    let webhook = ask.load::<Webhook>(effect.id).await?.state;
    if webhook.endpoint().is_some_and(|endpoint| !endpoint.verified) {
        challenged(&ask, effect).await;
    }
    written(&ask, effect).await
}

async fn fresh(ask: &UpdateAsk) -> Result<Effect<WebhookId>, Instead> {
    let WebhookPatch { name, url, events, scope } = ask.body()?;
    let before = ask.load::<Webhook>(ask.id()).await?;
    let spec = before.state.endpoint().ok_or_else(WebhookId::missing)?.spec.clone();
    ask.allow(&spec.scope.facts())?;
    let spec = WebhookSpec {
        name: name.or_refuse("/name")?.unwrap_or(spec.name),
        url: url.or_refuse("/url")?.unwrap_or(spec.url),
        events: events.or_refuse("/events")?.unwrap_or(spec.events),
        scope: scope.or_refuse("/scope")?.unwrap_or(spec.scope),
    };
    check(ask, &spec)?;
    // It is merged into this version: another must not be overwritten with it.
    let touches = vec![spec.scope.facts()];
    let said = Said { based_on: Some(before.version), touches, ..Said::nothing() };
    ask.execute::<Webhook>(ask.id(), WebhookCommand::Revise(ReviseWebhook { spec }), said).await
}
