//! `POST /v1/webhooks/{id}/deliveries/{delivery_id}/resend`

use axum::response::Response;
use domain::{
    DeliveryId, WebhookId,
    webhook::{AskResend, Webhook, WebhookCommand},
};
use outbox::{DeliveryState, Resent};

use super::view::{DeliveryView, PendingDelivery};
use crate::{
    ask::{Ask, Effect, Said},
    docs::{BodilessProblems, Changed, DeliveryPath, Missing, WriteHeaders},
    dry_run::Instead,
    guard::needs::WebhookWrite,
    path::{Id, Named as _},
    problem::{Problem, kinds},
    routes::webhooks::test::answered,
};

type ResendAsk = Ask<WebhookWrite, (Id<WebhookId>, Id<DeliveryId>)>;

/// Send something again
///
/// The same message by the same id, whether it was delivered, given up or is held: a try at once, and the whole schedule
/// after it.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/deliveries/{delivery_id}/resend",
    operation_id = "resend_webhook_delivery",
    tag = "webhooks",
    params(DeliveryPath, WriteHeaders),
    responses(Changed<DeliveryView, PendingDelivery>, Missing, BodilessProblems),
    extensions(("x-tollgate-permission" = json!("webhook.write")))
)]
pub(crate) async fn resend(ask: ResendAsk) -> Result<Response, Instead> {
    let (_, Id(delivery_id)) = ask.place;
    let effect = ask.once(fresh(&ask)).await?;
    if !effect.replayed {
        let resent = ask.outbox().resend(delivery_id, ask.now()).await;
        match resent.map_err(|failure| Problem::unsent(&failure))? {
            Resent::Yes | Resent::Waiting => {}
            Resent::Unknown => return Err(DeliveryId::missing().into()),
            Resent::NobodyThere => return Err(Problem::new(kinds::DELIVERY_TO_NOBODY).into()),
        }
    }
    answered(&ask, effect, delivery_id).await
}

async fn fresh(ask: &ResendAsk) -> Result<Effect<WebhookId>, Instead> {
    let (Id(id), Id(delivery_id)) = ask.place;
    // To those who see the webhook alone; one that is deleted refuses by its own rules.
    let webhook = ask.load::<Webhook>(id).await?;
    webhook.state.endpoint().ok_or_else(WebhookId::missing)?;
    let row = ask.outbox().delivery(delivery_id).await.map_err(|failure| Problem::unsent(&failure))?;
    let row = row.filter(|row| row.endpoint_id == Some(id)).ok_or_else(DeliveryId::missing)?;
    match row.state {
        DeliveryState::Pending | DeliveryState::Gathered => {
            return Err(Problem::new(kinds::DELIVERY_WAITS).into());
        }
        DeliveryState::Held | DeliveryState::Delivered | DeliveryState::Dead | DeliveryState::Cancelled => {}
    }
    let command = WebhookCommand::AskResend(AskResend { delivery_id });
    ask.execute::<Webhook>(id, command, Said::nothing()).await
}
