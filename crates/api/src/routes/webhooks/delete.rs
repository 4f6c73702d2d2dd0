//! `DELETE /v1/webhooks/{id}`

use axum::response::Response;
use domain::{
    WebhookId,
    webhook::{DeleteWebhook, Webhook, WebhookCommand},
};

use super::{body::written, view::WebhookView};
use crate::{
    ask::{Ask, Effect, Said},
    docs::{BodilessProblems, Changed, EditHeaders, MatchProblems, Missing, WebhookPath},
    dry_run::Instead,
    guard::needs::WebhookWrite,
    path::Id,
    routes::routes::retire::Why,
};

type DeleteAsk = Ask<WebhookWrite, Id<WebhookId>, Why>;

/// Delete a webhook for good
///
/// What waits for it is not delivered any more.
#[utoipa::path(
    delete,
    path = "/v1/webhooks/{id}",
    operation_id = "delete_webhook",
    tag = "webhooks",
    params(WebhookPath, Why, EditHeaders),
    responses(Changed<WebhookView>, Missing, BodilessProblems, MatchProblems),
    extensions(("x-tollgate-permission" = json!("webhook.write")))
)]
pub(crate) async fn delete(ask: DeleteAsk) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    written(&ask, effect).await
}

async fn fresh(ask: &DeleteAsk) -> Result<Effect<WebhookId>, Instead> {
    let reason = ask.query.reason.clone();
    let said = Said::because(reason.as_ref());
    ask.execute::<Webhook>(ask.id(), WebhookCommand::Delete(DeleteWebhook { reason }), said).await
}
