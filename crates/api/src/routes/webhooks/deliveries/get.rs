//! `GET /v1/webhooks/{id}/deliveries/{delivery_id}`

use axum::Json;
use domain::{DeliveryId, WebhookId};

use super::view::{DeliveryView, DeliveryWithTries};
use crate::{
    docs::{DeliveryPath, FoundPlain, Missing, ReadProblems},
    guard::{Allowed, needs::WebhookRead},
    path::{Id, Named as _},
    problem::Problem,
    query::{NoParams, Params},
    routes::webhooks::view::seen,
};

/// Show what became of a delivery
///
/// With every try, and the first kilobyte of what was answered to it.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}/deliveries/{delivery_id}",
    operation_id = "get_webhook_delivery",
    tag = "webhooks",
    params(DeliveryPath),
    responses(FoundPlain<DeliveryWithTries>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("webhook.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<WebhookRead>,
    Id(id): Id<WebhookId>,
    Id(delivery): Id<DeliveryId>,
    _: Params<NoParams>,
) -> Result<Json<DeliveryWithTries>, Problem> {
    seen(&allowed, id).await?;
    let unread = |failure| Problem::unsent(&failure);
    let row = allowed.outbox().delivery(delivery).await.map_err(unread)?;
    let row = row.filter(|row| row.endpoint_id == Some(id)).ok_or_else(DeliveryId::missing)?;
    let tries = allowed.outbox().attempts(delivery).await.map_err(unread)?;
    let delivery = DeliveryView::from(row);
    Ok(Json(DeliveryWithTries { delivery, tries: tries.into_iter().map(Into::into).collect() }))
}
