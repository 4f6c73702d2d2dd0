//! `POST /v1/webhooks/{id}/rotate-secret`

use axum::response::Response;
use domain::{
    WebhookId,
    webhook::{RotateWebhookSecret, SecretRotated, SecretSource, Webhook, WebhookCommand, WebhookEvent},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::settled,
    signing::SigningSecret,
    view::{PendingWebhook, WebhookWithSecret},
};
use crate::{
    ask::{Ask, Effect, Said},
    docs::{Changed, Missing, WebhookPath, WriteHeaders, WriteProblems},
    dry_run::Instead,
    guard::needs::WebhookWrite,
    path::Id,
};

/// How a secret is followed by another.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookSecretRotation {
    /// How long the secret before signs beside the new one, at most a week; absent: 24 hours. While one still signs beside another
    /// only 0 is taken, which ends both at once.
    #[schema(maximum = 604_800)]
    overlap_seconds: Option<u32>,
}

type RotateAsk = Ask<WebhookWrite, Id<WebhookId>>;

/// Give a webhook a new secret
///
/// Until the overlap is over both sign every message, so that a receiver may change from one to the other when it likes. The
/// secret is in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/rotate-secret",
    operation_id = "rotate_webhook_secret",
    tag = "webhooks",
    params(WebhookPath, WriteHeaders),
    request_body = Option<WebhookSecretRotation>,
    responses(Changed<WebhookWithSecret, PendingWebhook>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("webhook.write")))
)]
pub(crate) async fn rotate(ask: RotateAsk) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    let secret = if effect.replayed { None } else { source(&ask, effect).await? };
    let settled = settled(&ask, effect).await?;
    let peppers = &ask.door().api().peppers;
    let secret = secret.and_then(|source| SigningSecret::of(peppers, effect.id, source));
    let body = |webhook| WebhookWithSecret { webhook, secret };
    Ok(settled.answer(StatusCode::OK, body))
}

async fn fresh(ask: &RotateAsk) -> Result<Effect<WebhookId>, Instead> {
    let WebhookSecretRotation { overlap_seconds } = ask.body_if_any()?;
    let pepper_version = ask.door().api().peppers.newest();
    let command = RotateWebhookSecret { now: ask.now(), pepper_version, overlap_seconds };
    ask.execute::<Webhook>(ask.id(), WebhookCommand::RotateSecret(command), Said::nothing()).await
}

/// Which secret the rotation made.
async fn source(ask: &RotateAsk, effect: Effect<WebhookId>) -> Result<Option<SecretSource>, Instead> {
    let event = ask.event_of::<Webhook>(effect.id, effect.version).await?;
    let WebhookEvent::SecretRotated(SecretRotated { secret, previous_until: _ }) = event else {
        return Ok(None);
    };
    Ok(Some(secret))
}
