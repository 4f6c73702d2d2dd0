//! One counter of any kind.

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::Reading;
use crate::{
    gcra::{Bucket, BucketRow},
    index::limits::{Limit, Rule},
    quota::{CalendarCount, CalendarRow, RollingCount, RollingRow},
};

/// A moment in the units that counters hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) ns: i64,
    pub(crate) second: i64,
}

impl From<Timestamp> for Moment {
    /// Saturates in the year 2262.
    fn from(at: Timestamp) -> Self {
        let ns = i64::try_from(at.as_nanosecond()).unwrap_or(if at < Timestamp::UNIX_EPOCH {
            i64::MIN
        } else {
            i64::MAX
        });
        Self { ns, second: ns.div_euclid(1_000_000_000) }
    }
}

/// The state of one counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Counter {
    Rate(Bucket),
    Calendar(CalendarCount),
    /// Rare and larger.
    Rolling(Box<RollingCount>),
}

/// The same in the form it is kept over a restart.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CounterState {
    Rate(BucketRow),
    Calendar(CalendarRow),
    Rolling(RollingRow),
}

/// A clock may be set back by this much without finding its quota forgotten.
const CALENDAR_GRACE_SECONDS: i64 = 3_600;

impl Counter {
    pub(super) fn fresh(rule: &Rule, revision: u32, now: Moment) -> Self {
        match rule {
            Rule::Rate(rate) => Self::Rate(Bucket::full(rate, now.ns)),
            Rule::Calendar(calendar) => Self::Calendar(CalendarCount::unused(calendar, revision, now.second)),
            Rule::Rolling(span) => Self::Rolling(Box::new(RollingCount::unused(*span))),
        }
    }

    /// Brings the counter to this moment and under this rule. One that counts in another way starts anew.
    pub(super) fn bring_to(&mut self, rule: &Rule, revision: u32, now: Moment) {
        match (&mut *self, rule) {
            (Self::Rate(bucket), Rule::Rate(rate)) => bucket.bring_to(rate, now.ns),
            (Self::Calendar(count), Rule::Calendar(calendar)) => {
                count.bring_to(calendar, revision, now.second)
            }
            (Self::Rolling(count), Rule::Rolling(span)) => count.bring_to(*span, now.second),
            (Self::Rate(_) | Self::Calendar(_) | Self::Rolling(_), _) => {
                *self = Self::fresh(rule, revision, now)
            }
        }
    }

    /// How long to wait until it grants the cost, when it does not grant it now.
    pub(super) fn wait(&self, limit: &Limit, cost: u64, now: Moment) -> Option<u64> {
        match (self, &limit.rule) {
            (Self::Rate(bucket), Rule::Rate(rate)) => bucket.wait(rate, cost),
            (Self::Calendar(count), _) => count.wait(limit.requests, cost, now.second),
            (Self::Rolling(count), _) => count.wait(limit.requests, cost, now.second),
            // Brought under its rule before it is asked.
            (Self::Rate(_), _) => Some(1),
        }
    }

    /// Where it stands.
    pub(super) fn reading(&self, limit: &Limit, now: Moment) -> Reading {
        let (allowed, wait_seconds) = (limit.requests, None);
        match (self, &limit.rule) {
            (Self::Rate(bucket), Rule::Rate(rate)) => Reading {
                window_seconds: u64::from(rate.per_seconds),
                remaining: bucket.remaining(rate),
                reset_seconds: bucket.reset_seconds(rate),
                wait_seconds,
            },
            (Self::Calendar(count), _) => Reading {
                window_seconds: count.window_seconds(),
                remaining: count.remaining(allowed),
                reset_seconds: count.reset_seconds(now.second),
                wait_seconds,
            },
            (Self::Rolling(count), _) => Reading {
                window_seconds: count.window_seconds(),
                remaining: count.remaining(allowed),
                reset_seconds: count.reset_seconds(now.second),
                wait_seconds,
            },
            // Brought under its rule before it is read.
            (Self::Rate(_), _) => Reading::default(),
        }
    }

    pub(super) fn take(&mut self, rule: &Rule, cost: u64, now: Moment) {
        match self {
            Self::Rate(bucket) => {
                if let Rule::Rate(rate) = rule {
                    bucket.take(rate, cost);
                }
            }
            Self::Calendar(count) => count.take(cost),
            Self::Rolling(count) => count.take(cost, now.second),
        }
    }

    /// Whether it says no more than a fresh one would.
    pub(crate) fn is_spent(&self, now: Moment) -> bool {
        match self {
            Self::Rate(bucket) => bucket.full_at() <= now.second,
            Self::Calendar(count) => count.end().saturating_add(CALENDAR_GRACE_SECONDS) <= now.second,
            Self::Rolling(count) => count.end() <= now.second,
        }
    }

    pub(super) fn state(&self) -> CounterState {
        match self {
            Self::Rate(bucket) => CounterState::Rate(bucket.row()),
            Self::Calendar(count) => CounterState::Calendar(count.row()),
            Self::Rolling(count) => CounterState::Rolling(count.row()),
        }
    }

    /// None for a state that no counter could have written.
    pub(crate) fn restored(state: CounterState) -> Option<Self> {
        Some(match state {
            CounterState::Rate(row) => Self::Rate(Bucket::restored(&row)?),
            CounterState::Calendar(row) => Self::Calendar(CalendarCount::restored(&row)),
            CounterState::Rolling(row) => Self::Rolling(Box::new(RollingCount::restored(row))),
        })
    }
}
