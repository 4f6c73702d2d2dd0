//! `GET /v1/webhooks/{id}`

use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use domain::WebhookId;
use http::header;

use super::view::{Beside, WebhookView};
use crate::{
    answer::{Resource as _, set},
    docs::{Found, Missing, ReadProblems, WebhookPath},
    guard::{Allowed, needs::WebhookRead},
    path::{Id, Named as _},
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
    let unread = |failure| Problem::unread(&failure);
    let view = WebhookView::read(allowed.read(), id).await.map_err(unread)?.ok_or_else(WebhookId::missing)?;
    let facts = view.facts(allowed.read(), allowed.principal()).await.map_err(unread)?;
    allowed.reveals(&facts, WebhookId::missing)?;
    let tag = etag(view.version());
    let mut response = Json(Beside::of(allowed.door().api()).with(view)).into_response();
    set(response.headers_mut(), header::ETAG, &tag);
    Ok(response)
}
