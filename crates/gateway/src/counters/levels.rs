//! Which quotas have something to say of their use: it is told when it has changed by a thousandth of the limit, and to the unit
//! when the counter rests. Of a rolling one it is the most that was used at once in a day, or where it is longer in its period.

use domain::Position;

use super::{AccountKey, Counter, CounterState, Counters, Held, KeptState};
use crate::index::slots::{LimitSlot, wide};

/// One counter by what it counts.
pub(crate) type CounterPlace = (AccountKey, LimitSlot);

/// What was told of a counter last; it is forgotten over a restart. Fills what would be padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// In thousandths of the limit, or one of the next two.
    step: u16,
    /// The low bits of the minute in which its window begins: enough to know it from the next one's, and where they should
    /// agree, the rest is told a little later.
    window: u8,
    rest: Rest,
}

/// No step: nothing was told yet.
const NOTHING: u16 = u16::MAX;
/// Nor this: all of a shared quota is used, whatever this gateway's part of it.
const USED_UP: u16 = 1_001;

/// What was used and not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// Nothing.
    None,
    /// Something, since the shard was last swept.
    Moved,
    /// Something, and no more since then.
    Still,
    /// The same, and it is to be told now.
    Due,
}

impl Default for Said {
    fn default() -> Self {
        Self { step: NOTHING, window: 0, rest: Rest::None }
    }
}

impl Said {
    /// One more round in which nobody called. Whether it rests from now on.
    pub(super) fn rests(&mut self) -> bool {
        self.rest = match self.rest {
            Rest::None => Rest::None,
            Rest::Moved => Rest::Still,
            Rest::Still | Rest::Due => Rest::Due,
        };
        self.rest == Rest::Due
    }
}

/// What one counter has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) epoch: Position,
    pub(crate) used: u64,
    /// The window's first second, and the first after it.
    pub(crate) window: (i64, i64),
}

/// What a counter says when it is asked what it has to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Nothing,
    /// Something, for which there is no room now.
    Later,
    Use(Use),
}

impl KeptState {
    /// Whether it is of a counter that may have something to tell.
    pub(crate) fn is_quota(&self) -> bool {
        matches!(self.state, CounterState::Calendar(_) | CounterState::Shared(_) | CounterState::Rolling(_))
    }
}

impl Counters {
    /// What a counter that has changed, or rests, has to tell. Where there is room, it is told from then on.
    pub(crate) fn tell(&self, (account, limit): &CounterPlace, allowed: u64, has_room: bool) -> Told {
        let Some(mut shard) = self.shards.get(wide(account.shard())).map(|shard| shard.lock()) else {
            return Told::Nothing;
        };
        let Some(account) = shard.accounts.get_mut(account) else { return Told::Nothing };
        let at = account.find(*limit);
        match at.and_then(|at| account.counters.get_mut(at)) {
            Some(held) => held.tell(allowed, has_room),
            None => Told::Nothing,
        }
    }
}

impl Held {
    fn tell(&mut self, allowed: u64, has_room: bool) -> Told {
        let (used, window, used_up) = match &self.counter {
            Counter::Calendar(count) => (count.used(), count.window(), false),
            Counter::Shared(shared) => (shared.count().used(), shared.count().window(), shared.is_used_up()),
            Counter::Rolling(count) => {
                let Some((used, window)) = count.peak() else { return Told::Nothing };
                (used, window, false)
            }
            Counter::Rate(..) => return Told::Nothing,
        };
        let said = Said { step: step(used, allowed, used_up), window: low_bits(window), rest: Rest::None };
        let is_new = (said.step, said.window) != (self.said.step, self.said.window);
        if used == 0 || !is_new && self.said.rest != Rest::Due {
            self.said.rest = if used == 0 { Rest::None } else { Rest::Moved };
            return Told::Nothing;
        }
        if !has_room {
            return Told::Later;
        }
        self.said = said;
        Told::Use(Use { epoch: self.epoch, used, window })
    }
}

fn step(used: u64, allowed: u64, used_up: bool) -> u16 {
    let thousandths = u128::from(used) * 1_000 / u128::from(allowed.max(1));
    if used_up { USED_UP } else { u16::try_from(thousandths).unwrap_or(u16::MAX).min(1_000) }
}

fn low_bits((start, _): (i64, i64)) -> u8 {
    u8::try_from(start.div_euclid(60).rem_euclid(256)).unwrap_or_default()
}
