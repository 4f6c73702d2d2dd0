//! `POST /v1/webhooks/{id}/verify`

use axum::response::Response;
use domain::{
    WebhookId,
    webhook::{Webhook, WebhookCommand},
};

use super::{
    deliveries::view::{DeliveryView, PendingDelivery},
    sent::{Asked, challenge},
    test::answered,
};
use crate::{
    ask::{Ask, Effect, Said},
    docs::{BodilessProblems, Changed, Missing, WebhookPath, WriteHeaders},
    dry_run::Instead,
    guard::needs::WebhookWrite,
    path::Id,
    problem::Problem,
};

type VerifyAsk = Ask<WebhookWrite, Id<WebhookId>>;

/// Verify a webhook now
///
/// Our challenge is posted there, once more if it was before: whoever answers with 2xx and echoes it in the first kilobyte of
/// the body wants to be told. Making a webhook and giving it another URL do the same.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/verify",
    operation_id = "verify_webhook",
    tag = "webhooks",
    params(WebhookPath, WriteHeaders),
    responses(Changed<DeliveryView, PendingDelivery>, Missing, BodilessProblems),
    extensions(("x-tollgate-permission" = json!("webhook.write")))
)]
pub(crate) async fn verify(ask: VerifyAsk) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    let asked = Asked { id: effect.id, version: effect.version };
    let sent = challenge(ask.door().api(), asked).await;
    answered(&ask, effect, sent.map_err(|failure| Problem::unsent(&failure))?).await
}

async fn fresh(ask: &VerifyAsk) -> Result<Effect<WebhookId>, Instead> {
    ask.execute::<Webhook>(ask.id(), WebhookCommand::AskVerification, Said::nothing()).await
}
