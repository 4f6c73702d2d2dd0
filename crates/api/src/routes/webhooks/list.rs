//! `GET /v1/webhooks`

use axum::Json;
use domain::WebhookId;
use projections::{WebhookStatus, queries::webhooks};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::{Beside, WebhookView};
use crate::{
    docs::{Listed, ReadProblems, form},
    guard::{Allowed, needs::WebhookRead},
    problem::Problem,
    query::{Cursor, Limit, Page, Params, parsed},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::WebhookStatus, inline, required = false)]
    status: Option<WebhookStatus>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// List webhooks
///
/// In the order in which they were made; deleted ones only where they are asked for.
#[utoipa::path(
    get,
    path = "/v1/webhooks",
    operation_id = "list_webhooks",
    tag = "webhooks",
    params(List),
    responses(Listed<WebhookView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("webhook.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<WebhookRead>,
    Params(List { status, limit, cursor }): Params<List>,
) -> Result<Json<Page<WebhookView>>, Problem> {
    let page = cursor.page::<WebhookId>(limit)?;
    let rows = webhooks::list(allowed.read(), status, &allowed.reach(), &page).await;
    let rows = rows.map_err(|failure| Problem::unread(&failure))?;
    let Page { items, next_cursor } = Page::<WebhookView>::of(rows, limit, |row| row.webhook_id);
    let beside = Beside::of(allowed.door().api());
    let mut webhooks = Vec::with_capacity(items.len());
    for view in items {
        webhooks.push(beside.with(view).await);
    }
    Ok(Json(Page { items: webhooks, next_cursor }))
}
