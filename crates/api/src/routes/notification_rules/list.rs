//! `GET /v1/notification-rules`

use axum::Json;
use domain::NotificationRuleId;
use projections::{NotificationRuleStatus, queries::notification_rules};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::NotificationRuleView;
use crate::{
    docs::{Listed, ReadProblems, form},
    guard::{Allowed, needs::NotificationRuleRead},
    problem::Problem,
    query::{Cursor, Limit, Page, Params, parsed},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    /// Absent: those in force.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::NotificationRuleStatus, inline, required = false)]
    status: Option<NotificationRuleStatus>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// List notification rules
///
/// In the order in which they were made; those that have ended only where they are asked for.
#[utoipa::path(
    get,
    path = "/v1/notification-rules",
    operation_id = "list_notification_rules",
    tag = "notifications",
    params(List),
    responses(Listed<NotificationRuleView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("notification_rule.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<NotificationRuleRead>,
    Params(List { status, limit, cursor }): Params<List>,
) -> Result<Json<Page<NotificationRuleView>>, Problem> {
    let unread = |failure| Problem::unread(&failure);
    let page = cursor.page::<NotificationRuleId>(limit)?;
    let rows = notification_rules::list(allowed.read(), status, &allowed.reach(), &page).await;
    let Page { items, next_cursor } = Page::of(rows.map_err(unread)?, limit, |row| row.rule_id);
    let items = NotificationRuleView::of(allowed.read(), items).await.map_err(unread)?;
    Ok(Json(Page { items, next_cursor }))
}
