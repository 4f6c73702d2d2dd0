//! `GET /v1/mail-addresses`

use axum::Json;
use domain::access::Permission;
use serde::Deserialize;
use utoipa::IntoParams;

use super::MailAddressView;
use crate::{
    docs::{Listed, ReadProblems},
    facts::ANYTHING,
    guard::{Allowed, needs::NotificationRuleRead},
    problem::Problem,
    query::{Cursor, Limit, Page, Params},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// List addresses that mail does not reach
///
/// In their order. For those who may see every rule; the addresses are shown to those who hold `client.read`, too.
#[utoipa::path(
    get,
    path = "/v1/mail-addresses",
    operation_id = "list_mail_addresses",
    tag = "notifications",
    params(List),
    responses(Listed<MailAddressView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("notification_rule.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<NotificationRuleRead>,
    Params(List { limit, cursor }): Params<List>,
) -> Result<Json<Page<MailAddressView>>, Problem> {
    allowed.allow(&ANYTHING)?;
    let after = cursor.place::<String>()?;
    let rows = allowed.outbox().marked_addresses(after.as_deref(), limit.get().saturating_add(1)).await;
    let rows = rows.map_err(|failure| Problem::unsent(&failure))?;
    let mut page = Page::<MailAddressView>::of(rows, limit, |row| row.address.clone());
    if !allowed.holds(Permission::ClientRead) {
        for item in &mut page.items {
            item.address = None;
        }
    }
    Ok(Json(page))
}
