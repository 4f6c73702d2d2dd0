//! Who wants to be told what: the rules in force, and the webhooks that subscribe to notices, each as a rule of its own.

use std::collections::BTreeSet;

use domain::{
    Environment, NoticeName, NotificationRuleId, Timestamp, WebhookId,
    access::{Access, GrantScope},
    notification_rule::{
        About, Cadence, DEFAULT_DAYS_BEFORE, Recipient, ReportEvery, ReportForm, ReportSettings, RuleSpec,
    },
    personal::PersonalValues,
    rate_limit_policy::TimeZoneName,
    webhook::EventPattern,
};
use projections::{
    NotificationRuleStatus, ReadFailure, ReadModel,
    queries::{
        Page,
        notification_rules::{self, NotificationRuleRow},
        webhooks::{self, WebhookRow},
    },
};

use crate::{
    book::KnownClient,
    occasion::{Marked, Marks, Occasion},
};

const PAGE: u32 = 500;

/// Everything that is to be asked of an occasion, and of an event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) rules: Vec<Rule>,
    /// Those that are not deleted.
    pub(crate) webhooks: Vec<WebhookRow>,
    /// The addresses in the rules, as far as they are not erased.
    pub(crate) addresses: PersonalValues,
}

/// A rule as it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) id: NotificationRuleId,
    /// None of a subscription.
    pub(crate) name: Option<String>,
    /// What was before is not told by it.
    since: Timestamp,
    notices: BTreeSet<NoticeName>,
    thresholds: Vec<u8>,
    days_before: Vec<u16>,
    about: Within,
    pub(crate) recipients: Vec<Recipient>,
    pub(crate) cadence: Cadence,
    report: Option<ReportSettings>,
}

/// Usage reports that a rule has told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReportAsked {
    pub(crate) about: About,
    pub(crate) every: ReportEvery,
    pub(crate) time_zone: TimeZoneName,
    /// What had ended before is not told.
    pub(crate) since: Timestamp,
}

/// What it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Within {
    About(About),
    Scope(GrantScope),
}

impl Wishes {
    /// # Errors
    /// When the read models cannot be read.
    pub(crate) async fn load(read: &ReadModel) -> Result<Self, ReadFailure> {
        let everything = domain::access::Reach::Everything;
        let (mut webhooks, mut page) = (vec![], Page::first(PAGE));
        loop {
            let some = webhooks::list(read, None, &everything, &page).await?;
            let last = page_ends(some.len());
            page.after = some.last().map(|row| row.webhook_id.to_string());
            webhooks.extend(some);
            if last {
                break;
            }
        }
        let (mut rules, mut page) = (vec![], Page::first(PAGE));
        loop {
            let in_force = Some(NotificationRuleStatus::InForce);
            let some = notification_rules::list(read, in_force, &everything, &page).await?;
            let last = page_ends(some.len());
            page.after = some.last().map(|row| row.rule_id.to_string());
            rules.extend(some.into_iter().map(Rule::of_row));
            if last {
                break;
            }
        }
        let recipients = rules.iter().flat_map(|rule: &Rule| &rule.recipients);
        let addresses = notification_rules::addresses(read, recipients).await?;
        rules.extend(webhooks.iter().filter_map(Rule::of_webhook));
        Ok(Self { rules, webhooks, addresses })
    }

    /// One rule alone, as for a preview.
    pub(crate) fn of_one(id: NotificationRuleId, spec: &RuleSpec, addresses: PersonalValues) -> Self {
        Self { rules: vec![Rule::of(id, spec, Timestamp::MIN)], webhooks: vec![], addresses }
    }

    /// Whether anybody is told anything of that name.
    pub(crate) fn want(&self, name: NoticeName) -> bool {
        self.rules.iter().any(|rule| rule.notices.contains(&name))
    }

    /// The usage reports that rules ask for.
    pub(crate) fn reports(&self) -> impl Iterator<Item = ReportAsked> {
        self.rules.iter().filter_map(Rule::report_asked)
    }

    /// The most days before its end that anybody wants to hear of a key.
    pub(crate) fn days_before_max(&self) -> Option<u16> {
        let wants = self.rules.iter().filter(|rule| rule.notices.contains(&NoticeName::KeyExpiring));
        wants.filter_map(|rule| rule.days_before.last().copied()).max()
    }
}

/// Whether there are no more behind a page of so many.
fn page_ends(rows: usize) -> bool {
    u32::try_from(rows).is_ok_and(|rows| rows < PAGE)
}

impl Rule {
    fn of_row(row: NotificationRuleRow) -> Self {
        Self::of(row.rule_id, &row.spec, row.made_at)
    }

    fn of(id: NotificationRuleId, spec: &RuleSpec, since: Timestamp) -> Self {
        let RuleSpec { name, notices, thresholds, days_before, about, recipients, cadence, report } =
            spec.clone();
        Self {
            id,
            name: Some(name.to_string()),
            since,
            notices,
            thresholds: thresholds.into_iter().collect(),
            days_before: days_before.into_iter().collect(),
            about: Within::About(about),
            recipients,
            cadence,
            report,
        }
    }

    /// None where it subscribes to no notice. Usage reports are nobody's but a rule's, which says how often and of what.
    fn of_webhook(row: &WebhookRow) -> Option<Self> {
        let WebhookRow { webhook_id, endpoint, .. } = row;
        let subscribed = |name: &NoticeName| {
            let of = EventPattern::type_of(*name);
            *name != NoticeName::UsageReport
                && endpoint.spec.events.iter().any(|pattern| pattern.matches(&of))
        };
        let notices: BTreeSet<NoticeName> = NoticeName::ALL.into_iter().filter(subscribed).collect();
        (!notices.is_empty()).then(|| Self {
            id: subscription(*webhook_id),
            name: None,
            since: row.created_at,
            notices,
            thresholds: vec![],
            days_before: {
                let mut days = DEFAULT_DAYS_BEFORE.to_vec();
                days.sort_unstable();
                days
            },
            about: Within::Scope(endpoint.spec.scope.clone()),
            recipients: vec![Recipient::Webhook { webhook_id: *webhook_id }],
            cadence: Cadence::Immediate,
            report: None,
        })
    }

    fn report_asked(&self) -> Option<ReportAsked> {
        let (Within::About(about), Some(report)) = (&self.about, &self.report) else { return None };
        let ReportSettings { every, time_zone, form: _ } = report.clone();
        self.notices.contains(&NoticeName::UsageReport).then(|| ReportAsked {
            about: about.clone(),
            every,
            time_zone,
            since: self.since,
        })
    }

    /// Whether letters have the rows of a usage report, too.
    pub(crate) fn sends_csv(&self) -> bool {
        self.report.as_ref().is_some_and(|report| report.form == ReportForm::Csv)
    }

    /// Those of the clients that an occasion concerns whom the rule is about.
    pub(crate) fn concerned<'of>(
        &'of self,
        occasion: &'of Occasion,
    ) -> impl Iterator<Item = &'of KnownClient> {
        occasion.clients().filter(|client| match &self.about {
            Within::Scope(_) => true,
            Within::About(about) => is_about(about, client),
        })
    }

    /// What the rule has told of the occasion; none where it is about something else, or not yet.
    pub(crate) fn marks(&self, occasion: &Occasion) -> Option<Marked> {
        if occasion.at < self.since || !self.about.covers(occasion) {
            return None;
        }
        let environment = match &self.about {
            Within::About(about) => about.environment.as_ref(),
            Within::Scope(_) => None,
        };
        let marks = Marks {
            days_before: &self.days_before,
            thresholds: &self.thresholds,
            report: self.report.as_ref().map(|report| (report.every, &report.time_zone)),
            environment,
        };
        occasion.what.marked(&|name| self.notices.contains(&name), &marks)
    }
}

/// A subscription to notices is a rule of the webhook's own, under its number.
pub(crate) fn subscription(id: WebhookId) -> NotificationRuleId {
    NotificationRuleId::from_u128(id.to_u128())
}

impl Within {
    fn covers(&self, occasion: &Occasion) -> bool {
        match self {
            Self::Scope(scope) => scope.reaches(Access::Read, &occasion.facts),
            Self::About(about) => {
                let About { client_id, team, environment } = about;
                let of_anybody = client_id.is_none() && team.is_none();
                (of_anybody || occasion.clients().any(|client| is_about(about, client)))
                    && environment.as_ref().is_none_or(|there| lies_in(occasion, there))
            }
        }
    }
}

fn is_about(About { client_id, team, environment: _ }: &About, client: &KnownClient) -> bool {
    client_id.is_none_or(|id| client.told.id == id)
        && team.as_ref().is_none_or(|team| client.told.owner_team == *team)
}

/// What names no environment lies in all of its client's.
fn lies_in(occasion: &Occasion, environment: &Environment) -> bool {
    match (&occasion.environment, &occasion.client) {
        (Some(there), _) => there == environment,
        (None, Some(client)) => client.row.environments.iter().any(|name| name == environment.as_str()),
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests;
