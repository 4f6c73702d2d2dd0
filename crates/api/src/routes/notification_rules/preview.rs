//! `POST /v1/notification-rules/preview`

use axum::Json;
use domain::{NoticeName, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    body::{Told, check_about, check_recipients, check_report},
    make::NewNotificationRule,
};
use crate::{
    ask::Ask,
    docs::{AskProblems, FoundPlain, form},
    facts::of_about,
    guard::needs::NotificationRuleWrite,
    previews::{Preview, Previewed},
    problem::Problem,
};

/// What a rule would have told over the last 30 days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotificationRulePreview {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    notices_total: u64,
    /// The newest first, at most 200.
    #[schema(max_items = 200)]
    notices: Vec<PreviewedNotice>,
    /// There were more than 100,000 events, 20,000 keys, 20,000 windows of quotas or 200 usage reports: the oldest are
    /// left out.
    cut: bool,
    /// From when on it is known how full quotas were; none where the rule names none, or nothing is known.
    #[schema(value_type = Option<String>, format = DateTime)]
    quotas_from: Option<Timestamp>,
    /// What the rule names and a preview knows nothing of: how things stood at which time is not kept.
    #[schema(value_type = Vec<form::NoticeName>, inline)]
    left_out: Vec<NoticeName>,
}

/// A notice that would have been told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviewedNotice {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(example = "Key `checkout` of Acme expires in 7 days")]
    title: String,
    /// How many e-mail addresses it would have gone to, as things stand now.
    addresses: usize,
    webhooks: usize,
    /// As a webhook would be told.
    #[schema(value_type = Object)]
    data: Value,
}

/// Preview a notification rule
///
/// Answers what such a rule would have told over the last 30 days, by the events of that time, the keys as they stand
/// now, the quotas as they filled, and the usage of weeks and months that have ended.
/// Nothing is told, and nothing counts as told.
#[utoipa::path(
    post,
    path = "/v1/notification-rules/preview",
    operation_id = "preview_notification_rule",
    tag = "notifications",
    request_body = NewNotificationRule,
    responses(FoundPlain<NotificationRulePreview>, AskProblems),
    extensions(("x-tollgate-permission" = json!("notification_rule.write")))
)]
pub(crate) async fn preview(
    ask: Ask<NotificationRuleWrite>,
) -> Result<Json<NotificationRulePreview>, Problem> {
    let (mut spec, recipients) = ask.body::<NewNotificationRule>()?.into_parts();
    check_about(&ask, &spec.about).await?;
    // What it would tell is shown to those who may have it told.
    let facts = of_about(ask.log(), &spec.about).await.map_err(|failure| Problem::failed(&failure))?;
    ask.allow(&facts)?;
    check_report(&ask, &spec, &facts)?;
    let mut told = Told::seal(recipients, ask.random());
    spec.recipients = std::mem::take(&mut told.recipients);
    check_recipients(&ask, &spec.recipients).await?;
    let previewed = ask.previews().preview(&spec, told.values(), ask.now()).await;
    let Preview { from, until, notices_total, notices, cut, quotas_from, left_out } =
        previewed.map_err(|away| Problem::internal(&away))?;
    let notices = notices.into_iter().map(PreviewedNotice::from).collect();
    Ok(Json(NotificationRulePreview { from, until, notices_total, notices, cut, quotas_from, left_out }))
}

impl From<Previewed> for PreviewedNotice {
    fn from(Previewed { at, title, addresses, webhooks, data }: Previewed) -> Self {
        Self { at, title, addresses, webhooks, data }
    }
}
