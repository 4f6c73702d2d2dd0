//! `GET /v1/notification-rules/{id}`

use axum::response::Response;
use domain::NotificationRuleId;

use super::view::NotificationRuleView;
use crate::{
    answer::found,
    docs::{Found, Missing, NotificationRulePath, ReadProblems},
    guard::{Allowed, needs::NotificationRuleRead},
    path::Id,
    problem::Problem,
    query::{NoParams, Params},
};

/// Show a notification rule
#[utoipa::path(
    get,
    path = "/v1/notification-rules/{id}",
    operation_id = "get_notification_rule",
    tag = "notifications",
    params(NotificationRulePath),
    responses(Found<NotificationRuleView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("notification_rule.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<NotificationRuleRead>,
    Id(id): Id<NotificationRuleId>,
    _: Params<NoParams>,
) -> Result<Response, Problem> {
    found::<_, NotificationRuleView>(&allowed, id, None).await
}
