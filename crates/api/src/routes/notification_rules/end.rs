//! `DELETE /v1/notification-rules/{id}`

use axum::response::Response;
use domain::{
    NotificationRuleId,
    notification_rule::{EndNotificationRule, NotificationRule, NotificationRuleCommand},
};
use http::StatusCode;

use super::view::NotificationRuleView;
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{BodilessProblems, Changed, EditHeaders, MatchProblems, Missing, NotificationRulePath},
    dry_run::Instead,
    guard::needs::NotificationRuleWrite,
    path::Id,
    routes::routes::retire::Why,
};

type EndAsk = Ask<NotificationRuleWrite, Id<NotificationRuleId>, Why>;

/// End a notification rule
///
/// By this rule nothing is told any more.
#[utoipa::path(
    delete,
    path = "/v1/notification-rules/{id}",
    operation_id = "end_notification_rule",
    tag = "notifications",
    params(NotificationRulePath, Why, EditHeaders),
    responses(Changed<NotificationRuleView>, Missing, BodilessProblems, MatchProblems),
    extensions(("x-tollgate-permission" = json!("notification_rule.write")))
)]
pub(crate) async fn end(ask: EndAsk) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, NotificationRuleView>(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &EndAsk) -> Result<Effect<NotificationRuleId>, Instead> {
    let reason = ask.query.reason.clone();
    let said = Said::because(reason.as_ref());
    let command = NotificationRuleCommand::End(EndNotificationRule { reason });
    ask.execute::<NotificationRule>(ask.id(), command, said).await
}
