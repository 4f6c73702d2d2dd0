//! `GET /v1/deliveries`

use axum::Json;
use domain::{ClientId, WebhookId, access::Permission};
use outbox::{Channel, DeliveryFilter, DeliveryState};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    docs::{Listed, ReadProblems, form},
    facts::ANYTHING,
    guard::{Allowed, Door, needs::WebhookRead},
    problem::Problem,
    query::{Cursor, Limit, Page, Params, parsed},
    routes::webhooks::deliveries::{list::page, view::DeliveryView},
    values::Moment,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    /// `dead`: what was given up.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::DeliveryState, inline, required = false)]
    state: Option<DeliveryState>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::Channel, inline, required = false)]
    channel: Option<Channel>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::WebhookId, inline, required = false)]
    webhook_id: Option<WebhookId>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
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

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(list))
}

/// List what is told to everybody
///
/// To webhooks and by e-mail, the newest first. For those who may see every webhook; addresses are shown to those who hold
/// `client.read`, too.
#[utoipa::path(
    get,
    path = "/v1/deliveries",
    operation_id = "list_deliveries",
    tag = "webhooks",
    params(List),
    responses(Listed<DeliveryView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("webhook.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<WebhookRead>,
    Params(asked): Params<List>,
) -> Result<Json<Page<DeliveryView>>, Problem> {
    allowed.allow(&ANYTHING)?;
    let List { state, channel, webhook_id, client_id, r#type, from, until, limit, cursor } = asked;
    let filter = DeliveryFilter {
        endpoint_id: webhook_id,
        channel,
        states: state.into_iter().collect(),
        types: r#type.into_iter().collect(),
        client_id,
        from: from.map(|Moment(time)| time),
        until: until.map(|Moment(time)| time),
        ..DeliveryFilter::default()
    };
    let mut page = page(&allowed, &filter, limit, &cursor).await?;
    if !allowed.holds(Permission::ClientRead) {
        page.items = page.items.into_iter().map(DeliveryView::without_address).collect();
    }
    Ok(Json(page))
}
