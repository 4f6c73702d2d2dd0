//! `POST /v1/notification-rules`

use std::collections::BTreeSet;

use axum::response::Response;
use domain::{
    Name, NotificationRuleId,
    notice::NoticeName,
    notification_rule::{
        About, Cadence, DEFAULT_DAYS_BEFORE, MakeNotificationRule, NotificationRule, NotificationRuleCommand,
        ReportSettings, RuleSpec,
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
    ask::{Ask, Effect},
    docs::{Created, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    facts::of_about,
    guard::needs::NotificationRuleWrite,
    problem::Problem,
    random::id_parts,
};

/// A rule to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNotificationRule {
    #[schema(value_type = form::Name, inline)]
    name: Name,
    #[schema(value_type = Vec<form::NoticeName>, inline, min_items = 1)]
    notices: BTreeSet<NoticeName>,
    /// Of quotas, in percent, 1 to 100, at most 20; absent or empty: those of the policy, and 50, 80, 90 and 100 where it has none.
    #[serde(default)]
    #[schema(value_type = Vec<u8>, required = false, max_items = 20)]
    thresholds: BTreeSet<u8>,
    /// Of keys that expire, in days, 1 to 365, at most 20; absent: 60, 30, 14, 7, 3 and 1.
    #[serde(default = "default_days_before")]
    #[schema(value_type = Vec<u16>, required = false, max_items = 20)]
    days_before: BTreeSet<u16>,
    /// Everything that is given has to hold; absent: about everything.
    #[serde(default)]
    #[schema(value_type = form::About, inline, required = false)]
    about: About,
    /// 1 to 20.
    #[schema(value_type = Vec<RecipientBody>, min_items = 1, max_items = 20)]
    recipients: Recipients,
    /// Of e-mail; webhooks are told at once. Absent: at once, too.
    #[serde(default = "immediate")]
    #[schema(value_type = form::Cadence, inline, required = false)]
    cadence: Cadence,
    /// With the notice `usage_report`: which weeks or months, and in which form letters have it. It needs `report.read` over what the
    /// rule is about, with `csv` `report.export` too.
    #[schema(value_type = Option<form::ReportSettings>, inline)]
    report: Option<ReportSettings>,
}

impl NewNotificationRule {
    /// The rule without its recipients, which are still to be sealed.
    pub(super) fn into_parts(self) -> (RuleSpec, Recipients) {
        let Self { name, notices, thresholds, days_before, about, recipients, cadence, report } = self;
        let spec =
            RuleSpec { name, notices, thresholds, days_before, about, recipients: vec![], cadence, report };
        (spec, recipients)
    }
}

fn default_days_before() -> BTreeSet<u16> {
    DEFAULT_DAYS_BEFORE.into()
}

fn immediate() -> Cadence {
    Cadence::Immediate
}

type MakeAsk = Ask<NotificationRuleWrite>;

/// Make a notification rule
///
/// From now on what it names is told to whom it names, each notice once. Addresses are personal data: erased like those of
/// contacts.
#[utoipa::path(
    post,
    path = "/v1/notification-rules",
    operation_id = "make_notification_rule",
    tag = "notifications",
    params(WriteHeaders),
    request_body = NewNotificationRule,
    responses(Created<NotificationRuleView>, WriteProblems),
    extensions(("x-tollgate-permission" = json!("notification_rule.write")))
)]
pub(crate) async fn make(ask: MakeAsk) -> Result<Response, Instead> {
    ask.check_seen(0)?;
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, NotificationRuleView>(&ask, effect, StatusCode::CREATED).await
}

async fn fresh(ask: &MakeAsk) -> Result<Effect<NotificationRuleId>, Instead> {
    let (mut spec, recipients) = ask.body::<NewNotificationRule>()?.into_parts();
    check_about(ask, &spec.about).await?;
    let facts = of_about(ask.log(), &spec.about).await.map_err(|failure| Problem::failed(&failure))?;
    let grant = ask.allow(&facts)?;
    check_report(ask, &spec, &facts)?;
    let mut told = Told::seal(recipients, ask.random());
    spec.recipients = std::mem::take(&mut told.recipients);
    check_recipients(ask, &spec.recipients).await?;
    let (unix_ms, random) = id_parts(ask.random(), ask.now());
    let id = NotificationRuleId::from_parts(unix_ms, random);
    let command = NotificationRuleCommand::Make(MakeNotificationRule { spec });
    ask.create::<NotificationRule>(id, command, grant, told.said()).await
}
