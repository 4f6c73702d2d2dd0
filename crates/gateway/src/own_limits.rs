//! Counts by limits that come with calls: in memory alone, in a bounded number of counters, each of its gateway.

mod window;

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicUsize, Ordering},
};

use domain::rate_limit_policy::WindowBounds;
use hashbrown::HashMap;
use parking_lot::Mutex;
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;

use crate::{
    counters::Moment,
    metered::{OwnLimit, OwnStanding},
    quota::shared::Around,
};

/// A counter is found by a hash, so that no text of a caller's, nor a secret among the entries, is kept. Two of 64 bits each,
/// keyed anew in each process: nobody who chooses entries can choose two that agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key(u64, u64);

#[derive(Clone, Copy, Debug)]
struct Count {
    used: u64,
    window: WindowBounds,
}

type Shard = HashMap<Key, Count, FxBuildHasher>;

/// All counters of this kind.
#[derive(Debug)]
pub(crate) struct OwnLimits {
    shards: Box<[Mutex<Shard>]>,
    shard_max: usize,
    keys: [RandomState; 2],
    /// The shard to be swept next.
    sweep: AtomicUsize,
}

const SHARD_BITS: u32 = 6;
const SHARDS: usize = 1 << SHARD_BITS;
/// Counters that are held at once, some 10 MB. They are spread by their hash: the last places are found by luck.
const COUNTERS_MAX: usize = 131_072;
/// With a flush each second, every shard is looked through in a quarter of a minute.
const SWEPT_AT_ONCE: usize = 4;
/// A clock set back by no more keeps its window; one set back by more was wrong before.
const SET_BACK_SECONDS_MAX: i64 = 2 * 60 * 60;
/// How soon to come back where there was no room.
const NO_ROOM_WAIT_SECONDS: u64 = 1;

impl Default for OwnLimits {
    fn default() -> Self {
        Self::new(COUNTERS_MAX)
    }
}

impl OwnLimits {
    fn new(counters_max: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            shard_max: counters_max / SHARDS,
            keys: [RandomState::new(), RandomState::new()],
            sweep: AtomicUsize::new(0),
        }
    }

    /// Takes the cost, all of it or nothing. A counter that still counts is never given up for another: where there is no
    /// room, the call is refused. Several gateways grant equal parts.
    pub(crate) fn take(&self, limit: &OwnLimit<'_>, cost: u64, now: Moment, around: &Around) -> OwnStanding {
        let key = self.key(limit);
        let place = usize::try_from(key.0 >> (u64::BITS - SHARD_BITS)).unwrap_or_default();
        let fresh = || Count { used: 0, window: window::at(limit.every, now.second) };
        let Some(mut shard) = self.shards.get(place).map(|shard| shard.lock()) else {
            return fresh().no_room(limit, now, around);
        };
        let mut count = match shard.get(&key) {
            Some(held) if held.counts_at(now) => *held,
            Some(_) | None => fresh(),
        };
        let granted = count.used.saturating_add(cost) <= around.part_of(limit.requests);
        if granted && cost > 0 {
            count.used = count.used.saturating_add(cost);
            if !shard.contains_key(&key) && !self.make_room(&mut shard, now) {
                return fresh().no_room(limit, now, around);
            }
            shard.insert(key, count);
        }
        let standing = count.standing(limit, now, around);
        let wait_seconds = (!granted).then(|| standing.reset_seconds.max(1));
        OwnStanding { wait_seconds, ..standing }
    }

    /// Gives up some counters whose window is over. Answers how many there are.
    pub(crate) fn sweep(&self, now: Moment) -> usize {
        let first = self.sweep.fetch_add(SWEPT_AT_ONCE, Ordering::Relaxed);
        for number in first..first.saturating_add(SWEPT_AT_ONCE) {
            if let Some(shard) = self.shards.get(number % SHARDS) {
                forget_spent(&mut shard.lock(), now);
            }
        }
        self.len()
    }

    fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    fn make_room(&self, shard: &mut Shard, now: Moment) -> bool {
        if shard.len() >= self.shard_max {
            forget_spent(shard, now);
        }
        shard.len() < self.shard_max
    }

    fn key(&self, limit: &OwnLimit<'_>) -> Key {
        let OwnLimit { domain, entries, requests: _, every } = limit;
        let mut entries: SmallVec<[(&str, &[u8]); 8]> = entries.iter().copied().collect();
        entries.sort_unstable();
        // What is granted is not part of it: who is granted more or less goes on where the count was.
        let [high, low] = [0, 1].map(|at: usize| {
            self.keys.get(at).map(|key| key.hash_one((domain, entries.as_slice(), every))).unwrap_or_default()
        });
        Key(high, low)
    }
}

impl Count {
    fn counts_at(&self, now: Moment) -> bool {
        let WindowBounds { start, end } = self.window;
        start.saturating_sub(SET_BACK_SECONDS_MAX) <= now.second && now.second < end
    }

    fn standing(&self, limit: &OwnLimit<'_>, now: Moment, around: &Around) -> OwnStanding {
        let WindowBounds { start, end } = self.window;
        let seconds = |until: i64, from: i64| u64::try_from(until.saturating_sub(from)).unwrap_or_default();
        let left = around.part_of(limit.requests).saturating_sub(self.used);
        OwnStanding {
            requests: limit.requests,
            window_seconds: seconds(end, start),
            remaining: left.saturating_mul(u64::from(around.nodes)).min(limit.requests),
            reset_seconds: seconds(end, now.second),
            wait_seconds: None,
            no_room: false,
        }
    }

    fn no_room(&self, limit: &OwnLimit<'_>, now: Moment, around: &Around) -> OwnStanding {
        let wait_seconds = Some(NO_ROOM_WAIT_SECONDS);
        OwnStanding { wait_seconds, no_room: true, ..self.standing(limit, now, around) }
    }
}

fn forget_spent(shard: &mut Shard, now: Moment) {
    shard.retain(|_, count| count.counts_at(now));
    if shard.len() < shard.capacity() / 4 {
        shard.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests;
