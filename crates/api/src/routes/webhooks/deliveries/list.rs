//! `GET /v1/webhooks/{id}/deliveries`

use axum::Json;
use domain::WebhookId;
use outbox::{DeliveryFilter, DeliveryState, Entry};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::DeliveryView;
use crate::{
    docs::{Listed, Missing, ReadProblems, WebhookPath, form},
    guard::{Allowed, needs::WebhookRead},
    path::Id,
    problem::Problem,
    query::{Cursor, Limit, Page, Params, parsed},
    routes::webhooks::view::seen,
    values::Moment,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::DeliveryState, inline, required = false)]
    state: Option<DeliveryState>,
    /// `api_key.revoked`
    r#type: Option<String>,
    /// Made then or later.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    from: Option<Moment>,
    /// Made before then.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    until: Option<Moment>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// List what was sent to a webhook
///
/// And what waits for it, the newest first.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}/deliveries",
    operation_id = "list_webhook_deliveries",
    tag = "webhooks",
    params(WebhookPath, List),
    responses(Listed<DeliveryView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("webhook.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<WebhookRead>,
    Id(id): Id<WebhookId>,
    Params(List { state, r#type, from, until, limit, cursor }): Params<List>,
) -> Result<Json<Page<DeliveryView>>, Problem> {
    seen(&allowed, id).await?;
    let filter = DeliveryFilter {
        endpoint_id: Some(id),
        states: state.into_iter().collect(),
        types: r#type.into_iter().collect(),
        from: from.map(|Moment(time)| time),
        until: until.map(|Moment(time)| time),
        ..DeliveryFilter::default()
    };
    page(&allowed, &filter, limit, &cursor).await.map(Json)
}

/// One page of what the outbox lists.
pub(in crate::routes) async fn page(
    allowed: &Allowed<WebhookRead>,
    filter: &DeliveryFilter,
    limit: Limit,
    cursor: &Cursor,
) -> Result<Page<DeliveryView>, Problem> {
    let page = outbox::Page { after: cursor.place::<Entry>()?, limit: limit.get().saturating_add(1) };
    let rows = allowed.outbox().deliveries(filter, page).await;
    let rows = rows.map_err(|failure| Problem::unsent(&failure))?;
    Ok(Page::<DeliveryView>::of(rows, limit, |row| row.entry))
}
