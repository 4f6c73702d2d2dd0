//! One way that the calls of a counter may go which grants the fewest of them, or the most.

use super::{
    level::Level,
    limits::{Limit, Tank},
};

/// Calls of one cost, judged by limits that are not rolling. Why it bounds what a gateway grants is told in [`super::account`].
#[derive(Debug)]
pub(super) struct Course {
    manner: Manner,
    levels: Vec<Level>,
    pub(super) granted: u128,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Calls come at the beginning of their second and find less than is there.
    Fewest,
    /// Calls come at the end of their second and find all that flows back in it.
    Most,
}

impl Manner {
    fn tank(self, limit: &Limit) -> Tank {
        match self {
            Self::Fewest => limit.tank().careful(),
            Self::Most => limit.tank(),
        }
    }
}

impl Course {
    pub(super) fn new(manner: Manner, limits: &[Limit]) -> Self {
        let levels = limits.iter().map(|limit| Level::full(limit, manner.tank(limit))).collect();
        Self { manner, levels, granted: 0 }
    }

    pub(super) fn bring_to(&mut self, limits: &[Limit], from: i64, second: i64) {
        for (level, limit) in self.levels.iter_mut().zip(limits) {
            level.bring_to(limit, self.manner.tank(limit), from, second);
        }
    }

    /// Judges the calls of a second and goes on to the next.
    pub(super) fn pass(&mut self, limits: &[Limit], second: i64, calls: u128, cost: u128) {
        let granted = room(limits, &self.levels, self.manner == Manner::Most, 0, cost).min(calls);
        self.granted = self.granted.saturating_add(granted);
        let used = granted.saturating_mul(cost);
        for (level, limit) in self.levels.iter_mut().zip(limits) {
            level.spend(limit, self.manner.tank(limit), second, limit.price(used));
        }
    }

    /// Begins anew from what is known of the levels and of the calls granted, where that is better than what this has come to:
    /// as much granted more as each level is lower by.
    pub(super) fn learn(&mut self, limits: &[Limit], levels: &[Level], granted: u128, cost: u128) {
        let better = match self.manner {
            Manner::Fewest => granted.checked_sub(self.granted).is_some_and(|ahead| {
                self.pairs(limits, levels).all(|(limit, own, known)| {
                    let known = self.content(limit, known);
                    known.saturating_add(limit.price(ahead.saturating_mul(cost))) >= own.left(limit)
                })
            }),
            Manner::Most => self.granted.checked_sub(granted).is_some_and(|ahead| {
                self.pairs(limits, levels).all(|(limit, own, known)| {
                    let own = own.left(limit).saturating_add(limit.price(ahead.saturating_mul(cost)));
                    own >= known.left(limit)
                })
            }),
        };
        if better {
            self.begin_anew(limits, levels, granted);
        }
    }

    /// The same, better or not.
    pub(super) fn begin_anew(&mut self, limits: &[Limit], levels: &[Level], granted: u128) {
        self.granted = granted;
        self.levels = levels.iter().take(limits.len()).cloned().collect();
        for (level, limit) in self.levels.iter_mut().zip(limits) {
            if let Level::Bucket(left) = level {
                *left = (*left).min(self.manner.tank(limit).holds);
            }
        }
    }

    fn pairs<'a>(
        &'a self,
        limits: &'a [Limit],
        levels: &'a [Level],
    ) -> impl Iterator<Item = (&'a Limit, &'a Level, &'a Level)> {
        limits.iter().zip(&self.levels).zip(levels).map(|((limit, own), known)| (limit, own, known))
    }

    fn content(&self, limit: &Limit, level: &Level) -> u128 {
        match level {
            Level::Bucket(left) => (*left).min(self.manner.tank(limit).holds),
            Level::Calendar { .. } | Level::Rolling { .. } => level.left(limit),
        }
    }
}

/// How many calls of a cost all limits have room for, besides some others; with what flows back within the second, or without.
pub(super) fn room(limits: &[Limit], levels: &[Level], flowing: bool, besides: u128, cost: u128) -> u128 {
    let of = |(limit, level): (&Limit, &Level)| {
        let flow = if flowing { limit.flow() } else { 0 };
        let left = level.left(limit).saturating_add(flow).saturating_sub(limit.price(besides));
        left / limit.price(cost).max(1)
    };
    limits.iter().zip(levels).map(of).min().unwrap_or(u128::MAX)
}
