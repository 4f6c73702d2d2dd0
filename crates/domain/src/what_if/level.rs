//! What is left of one limit at the beginning of a second.

use std::collections::VecDeque;

use super::limits::{Limit, Rule, Tank};
use crate::rate_limit_policy::{ROLLING_PARTS, calendar_window};

/// In units, see [`Tank`].
#[derive(Clone, Debug)]
pub(super) enum Level {
    Bucket(u128),
    Calendar {
        left: u128,
        /// Not in the window.
        end: i64,
    },
    /// What was used in each part that counts still, oldest first.
    Rolling {
        parts: VecDeque<(i64, u128)>,
        used: u128,
    },
}

impl Level {
    /// Of a limit that nobody has used.
    pub(super) fn full(limit: &Limit, tank: Tank) -> Self {
        match &limit.rule {
            Rule::Bucket(_) => Self::Bucket(tank.holds),
            // Its window is found when it is first asked.
            Rule::Calendar { allowed, .. } => Self::Calendar { left: *allowed, end: i64::MIN },
            Rule::Rolling { .. } => Self::Rolling { parts: VecDeque::new(), used: 0 },
        }
    }

    /// Brings it over seconds without calls to the beginning of this one.
    pub(super) fn bring_to(&mut self, limit: &Limit, tank: Tank, from: i64, second: i64) {
        match (self, &limit.rule) {
            (Self::Bucket(left), _) => {
                let idle = u128::from(second.max(from).abs_diff(from));
                *left = left.saturating_add(tank.flow.saturating_mul(idle)).min(tank.holds);
            }
            (Self::Calendar { left, end }, Rule::Calendar { period, zone, allowed }) if second >= *end => {
                *left = *allowed;
                *end = calendar_window(*period, zone, second).end;
            }
            (Self::Rolling { parts, used }, Rule::Rolling { part_seconds, .. }) => {
                let oldest = second.div_euclid(*part_seconds).saturating_sub(ROLLING_PARTS);
                while let Some((_, past)) = parts.pop_front_if(|(part, _)| *part < oldest) {
                    *used = used.saturating_sub(past);
                }
            }
            (Self::Calendar { .. } | Self::Rolling { .. }, _) => {}
        }
    }

    pub(super) fn left(&self, limit: &Limit) -> u128 {
        match (self, &limit.rule) {
            (Self::Bucket(left) | Self::Calendar { left, .. }, _) => *left,
            (Self::Rolling { used, .. }, Rule::Rolling { allowed, .. }) => allowed.saturating_sub(*used),
            (Self::Rolling { .. }, _) => 0,
        }
    }

    /// Takes what the calls of a second used.
    pub(super) fn take(&mut self, limit: &Limit, second: i64, units: u128) {
        match (self, &limit.rule) {
            (Self::Bucket(left) | Self::Calendar { left, .. }, _) => *left = left.saturating_sub(units),
            (Self::Rolling { parts, used }, Rule::Rolling { part_seconds, .. }) if units > 0 => {
                *used = used.saturating_add(units);
                let part = second.div_euclid(*part_seconds);
                match parts.back_mut() {
                    Some((newest, used)) if *newest == part => *used = used.saturating_add(units),
                    Some(_) | None => parts.push_back((part, units)),
                }
            }
            (Self::Rolling { .. }, _) => {}
        }
    }

    /// The same where what flows back within the second may be used in it, up to all of it.
    pub(super) fn spend(&mut self, limit: &Limit, tank: Tank, second: i64, units: u128) {
        if let Self::Bucket(left) = self {
            *left = left.saturating_add(tank.flow).saturating_sub(units).min(tank.holds);
        } else {
            self.take(limit, second, units);
        }
    }

    /// A bucket after the flow of a second; nothing else changes.
    pub(super) fn refill(&mut self, tank: Tank) {
        if let Self::Bucket(left) = self {
            *left = left.saturating_add(tank.flow).min(tank.holds);
        }
    }

    /// Lets no more be left than this. What was used of rolling quotas has its time, which this does not say.
    pub(super) fn at_most(&mut self, units: u128) {
        if let Self::Bucket(left) | Self::Calendar { left, .. } = self {
            *left = units.min(*left);
        }
    }
}
