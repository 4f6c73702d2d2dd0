//! `POST /v1/webhooks/{id}/disable|enable`

use axum::response::Response;
use domain::{
    WebhookId,
    webhook::{DisableCause, DisableWebhook, EnableWebhook, Webhook, WebhookCommand},
};

use super::{body::written, view::WebhookView};
use crate::{
    ask::{Ask, Effect, Said},
    docs::{Changed, Missing, WebhookPath, WriteHeaders, WriteProblems},
    dry_run::Instead,
    guard::needs::WebhookWrite,
    path::Id,
    routes::policies::body::OptionalReason,
};

type StandAsk = Ask<WebhookWrite, Id<WebhookId>>;

/// Disable a webhook
///
/// What it would be told is held until it is enabled again.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/disable",
    operation_id = "disable_webhook",
    tag = "webhooks",
    params(WebhookPath, WriteHeaders),
    request_body = Option<OptionalReason>,
    responses(Changed<WebhookView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("webhook.write")))
)]
pub(crate) async fn disable(ask: StandAsk) -> Result<Response, Instead> {
    let effect = ask.once(disabled(&ask)).await?;
    written(&ask, effect).await
}

async fn disabled(ask: &StandAsk) -> Result<Effect<WebhookId>, Instead> {
    let OptionalReason { reason } = ask.body_if_any()?;
    let said = Said::because(reason.as_ref());
    let command = DisableWebhook { cause: DisableCause::ByHand, url: None, reason };
    ask.execute::<Webhook>(ask.id(), WebhookCommand::Disable(command), said).await
}

/// Enable a webhook again
///
/// What was held is delivered now.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/enable",
    operation_id = "enable_webhook",
    tag = "webhooks",
    params(WebhookPath, WriteHeaders),
    request_body = Option<OptionalReason>,
    responses(Changed<WebhookView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("webhook.write")))
)]
pub(crate) async fn enable(ask: StandAsk) -> Result<Response, Instead> {
    let effect = ask.once(enabled(&ask)).await?;
    written(&ask, effect).await
}

async fn enabled(ask: &StandAsk) -> Result<Effect<WebhookId>, Instead> {
    let OptionalReason { reason } = ask.body_if_any()?;
    let said = Said::because(reason.as_ref());
    ask.execute::<Webhook>(ask.id(), WebhookCommand::Enable(EnableWebhook { reason }), said).await
}
