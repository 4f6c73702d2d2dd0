//! One counter of any kind.

use domain::{Position, Timestamp};
use serde::{Deserialize, Serialize};

use super::Reading;
use crate::{
    gcra::{Bucket, BucketRow, Nodes},
    index::limits::{Limit, Rule},
    quota::{
        CalendarCount, CalendarRow, RollingCount, RollingRow, SharedCount, SharedRow,
        shared::{Around, Share},
    },
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
    /// With the number of gateways that its rate was split among.
    Rate(Bucket, Nodes),
    Calendar(CalendarCount),
    /// Rare and larger.
    Rolling(Box<RollingCount>),
    /// Instead of a calendar count, where several gateways share quotas.
    Shared(Box<SharedCount>),
}

/// The same in the form it is kept over a restart.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CounterState {
    Rate(BucketRow),
    Calendar(CalendarRow),
    Rolling(RollingRow),
    Shared(SharedRow),
}

/// A state with where the log last had its counter begin anew.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptState {
    #[serde(flatten)]
    pub(crate) state: CounterState,
    #[serde(rename = "x", default, skip_serializing_if = "is_start")]
    pub(crate) epoch: Position,
}

fn is_start(position: &Position) -> bool {
    *position == Position::START
}

/// What one counter says to a cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Granted,
    /// It would be known whether it grants it when more is reserved.
    Short,
    Refused {
        wait_seconds: u64,
        unavailable: bool,
    },
}

/// A clock may be set back by this much without finding its quota forgotten.
const CALENDAR_GRACE_SECONDS: i64 = 3_600;
/// How soon to come back when the pool could not be asked.
const UNAVAILABLE_WAIT_SECONDS: u64 = 1;

impl Counter {
    pub(super) fn fresh(rule: &Rule, revision: u32, now: Moment, around: &Around) -> Self {
        match rule {
            Rule::Rate(rate) => Self::Rate(Bucket::full(rate, now.ns), Nodes::ONE),
            Rule::Calendar(calendar) if around.pooled => {
                Self::Shared(Box::new(SharedCount::unused(calendar, revision, now.second)))
            }
            Rule::Calendar(calendar) => Self::Calendar(CalendarCount::unused(calendar, revision, now.second)),
            Rule::Rolling(span) => Self::Rolling(Box::new(RollingCount::unused(*span))),
        }
    }

    /// Brings the counter to this moment and under this limit. One that counts in another way starts anew; a calendar
    /// quota goes on when it is shared from now on, or no more.
    pub(crate) fn bring_to(&mut self, limit: &Limit, revision: u32, now: Moment, around: &Around) {
        match self {
            Self::Calendar(count) if around.pooled => {
                *self = Self::Shared(Box::new(SharedCount::joining(*count)));
            }
            Self::Shared(shared) if !around.pooled => *self = Self::Calendar(*shared.count()),
            Self::Rate(..) | Self::Calendar(_) | Self::Rolling(_) | Self::Shared(_) => {}
        }
        match (&mut *self, &limit.rule) {
            (Self::Rate(bucket, nodes), Rule::Rate(rate)) => {
                nodes.split_anew(around.nodes, bucket, rate, now.ns);
                bucket.bring_to(&nodes.part_of(rate, 0), now.ns);
            }
            (Self::Calendar(count), Rule::Calendar(calendar)) => {
                count.bring_to(calendar, revision, now.second);
            }
            (Self::Shared(count), Rule::Calendar(calendar)) => {
                count.bring_to(calendar, limit.requests, revision, now.second, around);
            }
            (Self::Rolling(count), Rule::Rolling(span)) => count.bring_to(*span, now.second),
            (Self::Rate(..) | Self::Calendar(_) | Self::Rolling(_) | Self::Shared(_), _) => {
                *self = Self::fresh(&limit.rule, revision, now, around);
                if let Self::Shared(_) | Self::Rate(..) = self {
                    self.bring_to(limit, revision, now, around);
                }
            }
        }
    }

    /// Whether it grants the cost, and how long to wait when it does not grant it now.
    pub(super) fn ask(&self, limit: &Limit, cost: u64, now: Moment, around: &Around) -> Answer {
        let wait = match (self, &limit.rule) {
            (Self::Rate(bucket, nodes), Rule::Rate(rate)) => bucket.wait(&nodes.part_of(rate, cost), cost),
            (Self::Calendar(count), _) => count.wait(limit.requests, cost, now.second),
            (Self::Rolling(count), _) => count.wait(around.part_of(limit.requests), cost, now.second),
            (Self::Shared(shared), _) => return Self::ask_shared(shared, cost, now, around),
            // Brought under its rule before it is asked.
            (Self::Rate(..), _) => Some(1),
        };
        wait.map_or(Answer::Granted, |wait_seconds| Answer::Refused { wait_seconds, unavailable: false })
    }

    fn ask_shared(shared: &SharedCount, cost: u64, now: Moment, around: &Around) -> Answer {
        let wait_seconds = match shared.ask(cost, around) {
            Share::Granted => return Answer::Granted,
            Share::Short => return Answer::Short,
            Share::Unavailable => {
                return Answer::Refused { wait_seconds: UNAVAILABLE_WAIT_SECONDS, unavailable: true };
            }
            Share::Exceeded => shared.count().reset_seconds(now.second).max(1),
        };
        Answer::Refused { wait_seconds, unavailable: false }
    }

    /// Where it stands: for all gateways together, as far as this one knows.
    pub(crate) fn reading(&self, limit: &Limit, now: Moment, around: &Around) -> Reading {
        let (allowed, wait_seconds, unavailable) = (limit.requests, None, false);
        let (window_seconds, remaining, reset_seconds) = match (self, &limit.rule) {
            (Self::Rate(bucket, nodes), Rule::Rate(rate)) => {
                let part = nodes.part_of(rate, 0);
                let remaining = bucket.remaining(&part).saturating_mul(u64::from(around.nodes));
                (u64::from(rate.per_seconds), remaining.min(rate.burst), bucket.reset_seconds(&part))
            }
            (Self::Calendar(count), _) => {
                (count.window_seconds(), count.remaining(allowed), count.reset_seconds(now.second))
            }
            (Self::Shared(shared), _) => {
                let count = shared.count();
                (count.window_seconds(), shared.remaining(), count.reset_seconds(now.second))
            }
            (Self::Rolling(count), _) => {
                let part = count.remaining(around.part_of(allowed));
                let remaining = part.saturating_mul(u64::from(around.nodes)).min(allowed);
                (count.window_seconds(), remaining, count.reset_seconds(now.second))
            }
            // Brought under its rule before it is read.
            (Self::Rate(..), _) => return Reading::default(),
        };
        Reading { window_seconds, remaining, reset_seconds, wait_seconds, unavailable }
    }

    /// Takes the cost. Whether the pool should be asked for more.
    pub(super) fn take(&mut self, rule: &Rule, cost: u64, now: Moment, around: &Around) -> bool {
        match self {
            Self::Rate(bucket, nodes) => {
                if let Rule::Rate(rate) = rule {
                    bucket.take(&nodes.part_of(rate, cost), cost);
                }
            }
            Self::Calendar(count) => count.take(cost),
            Self::Rolling(count) => count.take(cost, now.second),
            Self::Shared(shared) => return cost > 0 && shared.take(cost, around),
        }
        false
    }

    /// Whether it says no more than a fresh one would.
    pub(crate) fn is_spent(&self, now: Moment) -> bool {
        match self {
            Self::Rate(bucket, _) => bucket.full_at() <= now.second,
            Self::Calendar(count) => count.end().saturating_add(CALENDAR_GRACE_SECONDS) <= now.second,
            Self::Rolling(count) => count.end() <= now.second,
            Self::Shared(shared) => shared.count().end().saturating_add(CALENDAR_GRACE_SECONDS) <= now.second,
        }
    }

    pub(super) fn state(&self) -> CounterState {
        match self {
            Self::Rate(bucket, nodes) => CounterState::Rate(bucket.row_of(*nodes)),
            Self::Calendar(count) => CounterState::Calendar(count.row()),
            Self::Rolling(count) => CounterState::Rolling(count.row()),
            Self::Shared(shared) => CounterState::Shared(shared.row()),
        }
    }

    /// None for a state that no counter could have written.
    pub(crate) fn restored(state: CounterState) -> Option<Self> {
        Some(match state {
            CounterState::Rate(row) => Self::Rate(Bucket::restored(&row)?, row.nodes),
            CounterState::Calendar(row) => Self::Calendar(CalendarCount::restored(&row)),
            CounterState::Rolling(row) => Self::Rolling(Box::new(RollingCount::restored(row))),
            CounterState::Shared(row) => Self::Shared(Box::new(SharedCount::restored(&row))),
        })
    }
}
