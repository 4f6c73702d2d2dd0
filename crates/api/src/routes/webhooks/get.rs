//! `GET /v1/webhooks/{id}`

use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use domain::WebhookId;
use http::header;

use super::view::{Beside, WebhookView, seen};
use crate::{
    answer::{Resource as _, set},
    docs::{Found, Missing, ReadProblems, WebhookPath},
    guard::{Allowed, needs::WebhookRead},
    path::Id,
    precondition::etag,
    problem::Problem,
    query::{NoParams, Params},
};

/// Show a webhook
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}",
    operation_id = "get_webhook",
    tag = "webhooks",
    params(WebhookPath),
    responses(Found<WebhookView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("webhook.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<WebhookRead>,
    Id(id): Id<WebhookId>,
    _: Params<NoParams>,
) -> Result<Response, Problem> {
    let view = seen(&allowed, id).await?;
    let tag = etag(view.version());
    let mut response = Json(Beside::of(allowed.door().api()).with(view).await).into_response();
    set(response.headers_mut(), header::ETAG, &tag);
    Ok(response)
}
