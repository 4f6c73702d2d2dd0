//! Limits of one policy that defeat each other, and costs that never fit.

use std::collections::BTreeSet;

use super::Finding;
use crate::{
    LimitName, RouteId,
    notification_rule::DEFAULT_THRESHOLDS,
    rate_limit_policy::{Period, PolicySpec, QuotaLimit, QuotaWindow, RateLimit},
    route::RouteSpec,
};

/// What a policy had where nobody said, before it was [`DEFAULT_THRESHOLDS`].
const THRESHOLDS_BEFORE: [u8; 2] = [80, 100];

/// What contradicts itself in a policy. All its limits count the same calls of the same callers.
#[must_use]
pub fn of_spec(spec: &PolicySpec) -> Vec<Finding> {
    let PolicySpec { rates, quotas, thresholds, .. } = spec;
    let mut found = vec![];
    for quota in quotas {
        found.extend(rates.iter().filter(|rate| quota.requests < rate.burst).map(|rate| below(quota, rate)));
    }
    let limits: Vec<Granted<'_>> =
        rates.iter().map(Granted::Rate).chain(quotas.iter().map(Granted::Quota)).collect();
    for (at, limit) in limits.iter().enumerate() {
        let others = limits.iter().enumerate().filter(|(other, _)| *other != at);
        // Of two that say the same, the first is the one that never refuses.
        let defeating = others.filter_map(|(other, by)| {
            let (at_most, same) = (limit.at_most_under(by)?, by.at_most_under(limit).is_some());
            (!same || at < other).then_some((by, at_most))
        });
        found.extend(defeating.min_by_key(|(_, at_most)| *at_most).map(|(by, at_most)| {
            let (requests, by) = (limit.holds(), by.name().clone());
            Finding::LimitNeverReached { limit: limit.name().clone(), requests, by, at_most }
        }));
    }
    // Thresholds that nobody asked for contradict nothing.
    let asked_for =
        *thresholds != BTreeSet::from(DEFAULT_THRESHOLDS) && *thresholds != BTreeSet::from(THRESHOLDS_BEFORE);
    if quotas.is_empty() && !thresholds.is_empty() && asked_for {
        found.push(Finding::ThresholdsWithoutQuota);
    }
    found
}

fn below(quota: &QuotaLimit, rate: &RateLimit) -> Finding {
    Finding::QuotaBelowBurst {
        quota: quota.name.clone(),
        requests: quota.requests,
        rate: rate.name.clone(),
        burst: rate.burst,
    }
}

/// What a route costs that a policy binds, and what never passes for it: the tightest limit is told.
#[must_use]
pub fn costs(spec: &PolicySpec, route_id: RouteId, route: &RouteSpec) -> Option<Finding> {
    let rates = spec.rates.iter().map(|rate| (&rate.name, rate.burst));
    let quotas = spec.quotas.iter().map(|quota| (&quota.name, quota.requests));
    let (limit, holds) = rates.chain(quotas).min_by_key(|(_, holds)| *holds)?;
    let (limit, cost) = (limit.clone(), route.cost);
    if u64::from(cost) > holds {
        return Some(Finding::CostNeverFits { route_id, cost, limit, holds });
    }
    let cost = route.cost_from_header.as_ref()?.max;
    (u64::from(cost) > holds).then_some(Finding::HeaderCostNeverFits { route_id, cost, limit, holds })
}

/// One limit.
#[derive(Clone, Copy)]
enum Granted<'a> {
    Rate(&'a RateLimit),
    Quota(&'a QuotaLimit),
}

impl<'a> Granted<'a> {
    fn name(self) -> &'a LimitName {
        match self {
            Self::Rate(rate) => &rate.name,
            Self::Quota(quota) => &quota.name,
        }
    }

    /// The most that it ever has to give at once.
    fn holds(self) -> u64 {
        match self {
            Self::Rate(rate) => rate.burst,
            Self::Quota(quota) => quota.requests,
        }
    }

    /// What another limit lets through in the longest window of this one, where that is never more than this one
    /// grants. A bucket that another bucket keeps from emptying has a smaller one that fills no faster beside it.
    fn at_most_under(self, by: &Granted<'_>) -> Option<u64> {
        match (self, by) {
            (Self::Rate(rate), Granted::Rate(by)) => {
                let slower = u128::from(by.requests) * u128::from(rate.per_seconds)
                    <= u128::from(rate.requests) * u128::from(by.per_seconds);
                (slower && by.burst <= rate.burst).then_some(by.burst)
            }
            // All of a quota may come in one moment, and at the turn of its window all of the next.
            (Self::Rate(rate), Granted::Quota(by)) => {
                let at_once = by.requests.saturating_mul(2);
                let slower = u128::from(by.requests) * u128::from(rate.per_seconds)
                    <= u128::from(rate.requests) * u128::from(shortest_seconds(by));
                (slower && at_once <= rate.burst).then_some(at_once)
            }
            (Self::Quota(quota), by) => {
                let granted = by.in_window_of(quota);
                (granted <= quota.requests).then_some(granted)
            }
        }
    }

    /// The most that this limit grants within one window of a quota.
    fn in_window_of(self, quota: &QuotaLimit) -> u64 {
        let longest = longest_seconds(quota);
        match self {
            Self::Rate(rate) => {
                let refilled = u128::from(longest) * u128::from(rate.requests) / u128::from(rate.per_seconds);
                rate.burst.saturating_add(u64::try_from(refilled).unwrap_or(u64::MAX))
            }
            Self::Quota(own) => own.requests.saturating_mul(windows_in(own, quota, longest)),
        }
    }
}

/// How many windows of one quota lie in one window of another.
fn windows_in(own: &QuotaLimit, other: &QuotaLimit, longest: u64) -> u64 {
    let aligned = own.window == QuotaWindow::Calendar
        && other.window == QuotaWindow::Calendar
        && own.time_zone == other.time_zone;
    let around = nested(other.period, own.period).map(|_| 1);
    match nested(own.period, other.period).or(around).filter(|_| aligned) {
        Some(windows) => windows,
        None => windows_touched(own, longest),
    }
}

/// How many windows of a quota a stretch of time can touch.
fn windows_touched(own: &QuotaLimit, seconds: u64) -> u64 {
    let shortest = shortest_seconds(own);
    let whole = seconds.div_ceil(shortest);
    match own.window {
        // It may begin and end in the middle of one.
        QuotaWindow::Calendar => whole.saturating_add(1),
        QuotaWindow::Rolling => whole,
    }
}

/// How many calendar windows of a period another one has at most, where the one's ends are among the other's. Hours
/// and minutes are those of the clock: one that is set gives a day 25 hours, and may cut an hour in two.
fn nested(own: Period, other: Period) -> Option<u64> {
    use Period as P;
    match (own, other) {
        (P::Minute, P::Minute) | (P::Hour, P::Hour) => Some(1),
        (P::Day, P::Day) | (P::Week, P::Week) | (P::Month, P::Month) | (P::Year, P::Year) => Some(1),
        (P::Day, P::Week) => Some(7),
        (P::Day, P::Month) => Some(31),
        (P::Day, P::Year) => Some(366),
        (P::Month, P::Year) => Some(12),
        (P::Hour, P::Day) => Some(26),
        _ => None,
    }
}

/// A month has at most 31 days, a year 366, and one day of a week, a month or a year 25 hours.
fn longest_seconds(quota: &QuotaLimit) -> u64 {
    let one_more_hour = match quota.window {
        QuotaWindow::Calendar => HOUR,
        QuotaWindow::Rolling => 0,
    };
    match (quota.period, quota.window) {
        (Period::Minute, _) => 60,
        (Period::Hour, _) => HOUR,
        (Period::Day, _) => DAY + one_more_hour,
        (Period::Week, _) => 7 * DAY + one_more_hour,
        (Period::Month, QuotaWindow::Calendar) => 31 * DAY + one_more_hour,
        (Period::Month, QuotaWindow::Rolling) => 30 * DAY,
        (Period::Year, QuotaWindow::Calendar) => 366 * DAY + one_more_hour,
        (Period::Year, QuotaWindow::Rolling) => 365 * DAY,
    }
}

/// A month has at least 28 days, a year 365, and a day of either 23 hours.
fn shortest_seconds(quota: &QuotaLimit) -> u64 {
    match (quota.period, quota.window) {
        // A clock that is set may cut them short.
        (Period::Minute | Period::Hour, QuotaWindow::Calendar) => 1,
        (Period::Minute, QuotaWindow::Rolling) => 60,
        (Period::Hour, QuotaWindow::Rolling) => HOUR,
        (Period::Day, QuotaWindow::Calendar) => DAY - HOUR,
        (Period::Day, QuotaWindow::Rolling) => DAY,
        (Period::Week, QuotaWindow::Calendar) => 7 * DAY - HOUR,
        (Period::Week, QuotaWindow::Rolling) => 7 * DAY,
        (Period::Month, QuotaWindow::Calendar) => 28 * DAY - HOUR,
        (Period::Month, QuotaWindow::Rolling) => 30 * DAY,
        (Period::Year, QuotaWindow::Calendar | QuotaWindow::Rolling) => 365 * DAY - HOUR,
    }
}

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
