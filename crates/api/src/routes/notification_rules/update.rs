//! `PATCH /v1/notification-rules/{id}`

use std::collections::BTreeSet;

use axum::response::Response;
use domain::{
    Name, NotificationRuleId,
    access::ResourceFacts,
    notice::NoticeName,
    notification_rule::{
        About, Cadence, DEFAULT_DAYS_BEFORE, DEFAULT_THRESHOLDS, NotificationRule, NotificationRuleCommand,
        Recipient, ReportSettings, ReviseNotificationRule, RuleSpec,
    },
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{RecipientBody, Recipients, Told, check_about, check_recipients, check_report},
    view::NotificationRuleView,
};
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    body::Patch,
    docs::{Changed, EditHeaders, MatchProblems, Missing, NotificationRulePath, WriteProblems, form},
    dry_run::Instead,
    facts::of_about,
    guard::needs::NotificationRuleWrite,
    path::{Id, Named as _},
    problem::Problem,
};

/// What is to change of a rule: what is absent stays, `null` is what it is when nobody says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotificationRulePatch {
    #[serde(default)]
    #[schema(value_type = form::Name, inline, required = false)]
    name: Patch<Name>,
    /// The whole new set.
    #[serde(default)]
    #[schema(value_type = Vec<form::NoticeName>, inline, min_items = 1, required = false)]
    notices: Patch<BTreeSet<NoticeName>>,
    /// The whole new set.
    #[serde(default)]
    #[schema(value_type = Option<Vec<u8>>, max_items = 20)]
    thresholds: Patch<BTreeSet<u8>>,
    /// The whole new set.
    #[serde(default)]
    #[schema(value_type = Option<Vec<u16>>, max_items = 20)]
    days_before: Patch<BTreeSet<u16>>,
    /// Whole.
    #[serde(default)]
    #[schema(value_type = Option<form::About>, inline)]
    about: Patch<About>,
    /// The whole new list.
    #[serde(default)]
    #[schema(value_type = Vec<RecipientBody>, min_items = 1, max_items = 20, required = false)]
    recipients: Patch<Recipients>,
    #[serde(default)]
    #[schema(value_type = Option<form::Cadence>, inline)]
    cadence: Patch<Cadence>,
    /// Whole.
    #[serde(default)]
    #[schema(value_type = Option<form::ReportSettings>, inline)]
    report: Patch<ReportSettings>,
}

type UpdateAsk = Ask<NotificationRuleWrite, Id<NotificationRuleId>>;

/// Change a notification rule
#[utoipa::path(
    patch,
    path = "/v1/notification-rules/{id}",
    operation_id = "update_notification_rule",
    tag = "notifications",
    params(NotificationRulePath, EditHeaders),
    request_body(content((NotificationRulePatch = "application/json"), (NotificationRulePatch = "application/merge-patch+json"))),
    responses(Changed<NotificationRuleView>, Missing, WriteProblems, MatchProblems),
    extensions(("x-tollgate-permission" = json!("notification_rule.write")))
)]
pub(crate) async fn update(ask: UpdateAsk) -> Result<Response, Instead> {
    let effect = ask.once(ask.merged(|| fresh(&ask))).await?;
    written::<_, _, _, NotificationRuleView>(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &UpdateAsk) -> Result<Effect<NotificationRuleId>, Instead> {
    let NotificationRulePatch { name, notices, thresholds, days_before, about, recipients, cadence, report } =
        ask.body()?;
    let before = ask.load::<NotificationRule>(ask.id()).await?;
    let spec = before.state.spec().ok_or_else(NotificationRuleId::missing)?.clone();
    ask.allow(&facts(ask, &spec.about).await?)?;
    let about = about.or_default(About::default());
    if let Some(about) = &about {
        check_about(ask, about).await?;
    }
    let (recipients, said) = told(ask, recipients.or_refuse("/recipients")?, spec.recipients).await?;
    let spec = RuleSpec {
        name: name.or_refuse("/name")?.unwrap_or(spec.name),
        notices: notices.or_refuse("/notices")?.unwrap_or(spec.notices),
        thresholds: thresholds.or_default(DEFAULT_THRESHOLDS.into()).unwrap_or(spec.thresholds),
        days_before: days_before.or_default(DEFAULT_DAYS_BEFORE.into()).unwrap_or(spec.days_before),
        about: about.unwrap_or(spec.about),
        recipients,
        cadence: cadence.or_default(Cadence::Immediate).unwrap_or(spec.cadence),
        report: match report {
            Patch::Keep => spec.report,
            Patch::Remove => None,
            Patch::Set(report) => Some(report),
        },
    };
    // It is merged into this version: another must not be overwritten with it.
    let about = facts(ask, &spec.about).await?;
    check_report(ask, &spec, &about)?;
    let touches = vec![about];
    let said = Said { based_on: Some(before.version), touches, ..said };
    let command = NotificationRuleCommand::Revise(ReviseNotificationRule { spec });
    ask.execute::<NotificationRule>(ask.id(), command, said).await
}

async fn facts(ask: &UpdateAsk, about: &About) -> Result<ResourceFacts, Problem> {
    of_about(ask.log(), about).await.map_err(|failure| Problem::failed(&failure))
}

/// The new recipients with the addresses behind them; those that were there where nobody says others.
async fn told(
    ask: &UpdateAsk,
    recipients: Option<Recipients>,
    before: Vec<Recipient>,
) -> Result<(Vec<Recipient>, Said), Problem> {
    let Some(recipients) = recipients else { return Ok((before, Said::nothing())) };
    let mut told = Told::seal(recipients, ask.random());
    let recipients = std::mem::take(&mut told.recipients);
    check_recipients(ask, &recipients).await?;
    Ok((recipients, told.said()))
}
