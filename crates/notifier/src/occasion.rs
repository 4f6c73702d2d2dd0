//! Something that may be told: a notice, what it is once for, and whom else it names.

use domain::{
    Environment, Name, NoticeName, Position, PrincipalId, Timestamp,
    access::ResourceFacts,
    notification_rule::{DEFAULT_THRESHOLDS, ReportEvery},
    rate_limit_policy::TimeZoneName,
};

use crate::{
    book::KnownClient,
    notice::{Notice, counted},
    notices::{KeyExpiring, QuotaExhausted, QuotaThreshold, UsageReport},
};

/// What happened or has come near, before any rule was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Occasion {
    pub(crate) what: What,
    /// What re-arms it when it changes: the event's id, an expiry, a quota's window and limit.
    pub(crate) window: String,
    /// In time, by the log or the clock: messages carry it.
    pub(crate) at: Timestamp,
    /// Of the event in the log that it was found at.
    pub(crate) position: Option<Position>,
    pub(crate) client: Option<KnownClient>,
    /// Those who have it in common, as far as they are known by name, where it is no client's own.
    pub(crate) sharing: Vec<KnownClient>,
    pub(crate) environment: Option<Environment>,
    /// Whose it is, for those whose sight is bounded.
    pub(crate) facts: ResourceFacts,
    /// Those that it names itself.
    pub(crate) named: Vec<PrincipalId>,
    /// What cancels it while it waits.
    pub(crate) cancel_key: Option<String>,
}

/// A notice, or what becomes one by the marks of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Once(Notice),
    /// By how many days before it the rule wants to be told.
    Expiry(KeyExpiring),
    /// By the shares at which the rule wants to be told.
    Quota(Box<QuotaLevel>),
    /// By how often, and of which zone, the rule wants to be told.
    Report(Box<UsageReport>),
}

/// How much of a quota is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QuotaLevel {
    /// Its threshold is filled in by the rule.
    pub(crate) told: QuotaThreshold,
    /// The policy's own, for rules that name none.
    pub(crate) thresholds: Vec<u8>,
}

/// A notice as a rule has it told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marked {
    pub(crate) notice: Notice,
    /// What it is told once by: both notices of a quota are one here, so that the gravest of a window is told.
    pub(crate) once_by: &'static str,
    /// The greater, the graver.
    pub(crate) threshold: i64,
    pub(crate) covers: Vec<i64>,
}

impl Occasion {
    /// Those that it concerns.
    pub(crate) fn clients(&self) -> impl Iterator<Item = &KnownClient> {
        self.client.iter().chain(&self.sharing)
    }

    pub(crate) fn team(&self) -> Option<&Name> {
        self.client.as_ref().map(|client| &client.told.owner_team)
    }
}

impl What {
    /// What it is about.
    pub(crate) fn subject(&self) -> String {
        match self {
            Self::Once(notice) => notice.subject(),
            Self::Expiry(expiring) => expiring.key.id.to_string(),
            Self::Quota(level) => {
                let QuotaThreshold { client, key, limit, .. } = &level.told;
                counted(key.as_ref(), client.as_ref(), limit)
            }
            Self::Report(told) => told.client.id.to_string(),
        }
    }

    /// The notice that a rule with these marks has told of it; none before the first of them, and where the rule does not want it.
    pub(crate) fn marked(&self, wants: &dyn Fn(NoticeName) -> bool, marks: &Marks<'_>) -> Option<Marked> {
        match self {
            Self::Once(notice) => wants(notice.name()).then(|| Marked {
                once_by: notice.name().as_str(),
                notice: notice.clone(),
                threshold: 0,
                covers: vec![],
            }),
            Self::Expiry(expiring) if wants(NoticeName::KeyExpiring) => expiry(expiring, marks.days_before),
            Self::Expiry(_) => None,
            Self::Quota(level) => level.marked(wants, marks.thresholds),
            Self::Report(told) => (wants(NoticeName::UsageReport) && marks.want(told)).then(|| Marked {
                once_by: NoticeName::UsageReport.as_str(),
                notice: (**told).clone().into(),
                threshold: 0,
                covers: vec![],
            }),
        }
    }
}

/// When a rule wants to be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks<'rule> {
    /// Sorted.
    pub(crate) days_before: &'rule [u16],
    /// Sorted; empty: the policy's own.
    pub(crate) thresholds: &'rule [u8],
    /// None: no usage reports.
    pub(crate) report: Option<(ReportEvery, &'rule TimeZoneName)>,
    /// The environment that the rule is about: of all others nothing is added up.
    pub(crate) environment: Option<&'rule Environment>,
}

impl Marks<'_> {
    fn want(&self, told: &UsageReport) -> bool {
        self.report == Some((told.every, &told.time_zone)) && self.environment == told.environment.as_ref()
    }
}

/// The nearest mark that is reached stands for those that were reached before it.
fn expiry(expiring: &KeyExpiring, days_before: &[u16]) -> Option<Marked> {
    let mut reached = days_before.iter().filter(|days| **days >= expiring.days_left);
    let nearest = *reached.next()?;
    Some(Marked {
        notice: expiring.clone().into(),
        once_by: NoticeName::KeyExpiring.as_str(),
        threshold: -i64::from(nearest),
        covers: reached.map(|days| -i64::from(*days)).collect(),
    })
}

impl QuotaLevel {
    /// Of what is allowed, in whole percent.
    pub(crate) fn percent(&self) -> u8 {
        let QuotaThreshold { used, allowed, .. } = self.told;
        let percent = u128::from(used).saturating_mul(100) / u128::from(allowed.max(1));
        u8::try_from(percent.min(100)).unwrap_or(100)
    }

    fn marked(&self, wants: &dyn Fn(NoticeName) -> bool, thresholds: &[u8]) -> Option<Marked> {
        let own = match (thresholds, self.thresholds.as_slice()) {
            ([], []) => &DEFAULT_THRESHOLDS,
            ([], policys) => policys,
            (rules, _) => rules,
        };
        let percent = self.percent();
        let exhausted = percent == 100 && wants(NoticeName::QuotaExhausted);
        let reached = own.iter().copied().filter(|mark| *mark <= percent);
        let gravest = if exhausted { 100 } else { reached.clone().max()? };
        let notice = if exhausted {
            self.exhausted().into()
        } else if wants(NoticeName::QuotaThreshold) {
            QuotaThreshold { threshold_percent: gravest, ..self.told.clone() }.into()
        } else {
            return None;
        };
        let covers = reached.filter(|mark| *mark < gravest).map(i64::from).collect();
        Some(Marked { notice, once_by: "quota", threshold: gravest.into(), covers })
    }

    fn exhausted(&self) -> QuotaExhausted {
        let QuotaThreshold {
            client,
            key,
            limit,
            environment,
            threshold_percent: _,
            used,
            allowed,
            window_start,
            window_end,
            rolling_over,
            forecast_reached_at: _,
        } = self.told.clone();
        QuotaExhausted {
            client,
            key,
            limit,
            environment,
            used,
            allowed,
            window_start,
            window_end,
            rolling_over,
        }
    }
}

#[cfg(test)]
mod tests;
