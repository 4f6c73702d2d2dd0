//! Counters: what was taken from each limit by each of those who are counted apart.

mod rows;
mod state;

use std::sync::atomic::{AtomicU32, Ordering};

use domain::rate_limit_policy::Counting;
use hashbrown::HashMap;
use parking_lot::{Mutex, MutexGuard};
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;

pub(crate) use self::{
    rows::{key_text, read_key},
    state::{Counter, CounterState, Moment},
};
use crate::index::{
    limits::Limit,
    slots::{EnvironmentSlot, LimitSlot, RouteSlot, wide},
};

/// Names a counter. The environment is part of it: test traffic never eats what production was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CounterKey {
    pub(crate) limit: LimitSlot,
    pub(crate) environment: EnvironmentSlot,
    /// NONE unless the assignment names the route.
    pub(crate) route: RouteSlot,
    pub(crate) counting: Counting,
    /// The slot of the client or the key; 0 when all are counted together.
    pub(crate) subject: u32,
}

impl CounterKey {
    /// Counters of one client or key lie together, so that most calls take one lock.
    fn shard(&self) -> u32 {
        let apart = match self.counting {
            Counting::Client | Counting::Key => self.subject,
            Counting::Shared => self.limit.0,
        };
        // Slots are consecutive; the golden ratio spreads them.
        apart.wrapping_mul(0x9e37_79b9) >> (32 - SHARD_BITS)
    }
}

/// What is asked of one limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'index> {
    pub(crate) key: CounterKey,
    pub(crate) limit: &'index Limit,
    /// The policy's.
    pub(crate) revision: u32,
    pub(crate) cost: u64,
}

/// Where one counter stands after it was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) window_seconds: u64,
    pub(crate) remaining: u64,
    pub(crate) reset_seconds: u64,
    /// How long to wait, of a limit that refused.
    pub(crate) wait_seconds: Option<u64>,
}

/// All counters.
#[derive(Debug)]
pub(crate) struct Counters {
    shards: Box<[Mutex<Shard>]>,
    /// The shard to be swept next.
    sweep: AtomicU32,
}

const SHARD_BITS: u32 = 8;
const SHARDS: u32 = 1 << SHARD_BITS;
/// With a flush each second, every shard is looked through about once a minute.
const SWEPT_AT_ONCE: u32 = 4;

#[derive(Debug, Default)]
struct Shard {
    counters: HashMap<CounterKey, Kept, FxBuildHasher>,
    /// Those that have changed since they were last taken, each once.
    changed: Vec<CounterKey>,
}

#[derive(Debug)]
struct Kept {
    counter: Counter,
    changed: bool,
}

impl Default for Counters {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), sweep: AtomicU32::new(0) }
    }
}

impl Counters {
    /// Takes the cost from every limit, or from none when one of them refuses.
    pub(crate) fn reserve(&self, asks: &[Ask<'_>], now: Moment) -> SmallVec<[Reading; 4]> {
        let mut shards = self.lock(asks);
        let mut waits: SmallVec<[Option<u64>; 4]> = SmallVec::new();
        for ask in asks {
            waits.push(shards.of(ask).and_then(|shard| shard.wait(ask, now)));
        }
        let granted = waits.iter().all(Option::is_none);
        let mut readings = SmallVec::new();
        for (ask, wait_seconds) in asks.iter().zip(waits) {
            let reading = shards.of(ask).and_then(|shard| shard.settle(ask, granted, now));
            readings.push(Reading { wait_seconds, ..reading.unwrap_or_default() });
        }
        readings
    }

    /// In ascending order, whoever asks: so nobody waits for one who waits for him.
    fn lock(&self, asks: &[Ask<'_>]) -> Locked<'_> {
        let mut numbers: SmallVec<[u32; 4]> = SmallVec::new();
        for number in asks.iter().map(|ask| ask.key.shard()) {
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        numbers.sort_unstable();
        let mut locked = SmallVec::new();
        for number in numbers {
            if let Some(shard) = self.shards.get(wide(number)) {
                locked.push((number, shard.lock()));
            }
        }
        Locked(locked)
    }

    /// What has changed since it was last taken. A counter that is back at its start is forgotten and has no state;
    /// one that still counts never is.
    pub(crate) fn take_changed(&self, now: Moment) -> Vec<(CounterKey, Option<CounterState>)> {
        let mut taken = vec![];
        for shard in &self.shards {
            shard.lock().take_changed(&mut taken);
        }
        let first = self.sweep.fetch_add(SWEPT_AT_ONCE, Ordering::Relaxed);
        for number in first..first.saturating_add(SWEPT_AT_ONCE) {
            if let Some(shard) = self.shards.get(wide(number % SHARDS)) {
                shard.lock().sweep(now, &mut taken);
            }
        }
        taken
    }

    /// Takes kept counters over, unless calls have been counted since.
    pub(crate) fn restore(&self, rows: impl IntoIterator<Item = (CounterKey, Counter)>) {
        for (key, counter) in rows {
            if let Some(shard) = self.shards.get(wide(key.shard())) {
                shard.lock().counters.entry(key).or_insert(Kept { counter, changed: false });
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().counters.len()).sum()
    }
}

/// The shards that one call needs.
struct Locked<'counters>(SmallVec<[(u32, MutexGuard<'counters, Shard>); 2]>);

impl Locked<'_> {
    fn of(&mut self, ask: &Ask<'_>) -> Option<&mut Shard> {
        let number = ask.key.shard();
        self.0.iter_mut().find(|(held, _)| *held == number).map(|(_, shard)| &mut **shard)
    }
}

impl Shard {
    /// Brings the counter to this moment. How long to wait, when it does not grant the cost.
    fn wait(&mut self, ask: &Ask<'_>, now: Moment) -> Option<u64> {
        let Ask { key, limit, revision, cost } = *ask;
        let fresh = || Kept { counter: Counter::fresh(&limit.rule, revision, now), changed: false };
        let kept = self.counters.entry(key).or_insert_with(fresh);
        kept.counter.bring_to(&limit.rule, revision, now);
        kept.counter.wait(limit, cost, now)
    }

    /// Takes the cost when all have granted it.
    fn settle(&mut self, ask: &Ask<'_>, granted: bool, now: Moment) -> Option<Reading> {
        let kept = self.counters.get_mut(&ask.key)?;
        if granted {
            kept.counter.take(&ask.limit.rule, ask.cost, now);
            if !kept.changed {
                kept.changed = true;
                self.changed.push(ask.key);
            }
        }
        Some(kept.counter.reading(ask.limit, now))
    }

    fn take_changed(&mut self, taken: &mut Vec<(CounterKey, Option<CounterState>)>) {
        let room = Vec::with_capacity(self.changed.len());
        for key in std::mem::replace(&mut self.changed, room) {
            if let Some(kept) = self.counters.get_mut(&key) {
                kept.changed = false;
                taken.push((key, Some(kept.counter.state())));
            }
        }
    }

    fn sweep(&mut self, now: Moment, taken: &mut Vec<(CounterKey, Option<CounterState>)>) {
        let spent = self.counters.extract_if(|_, kept| !kept.changed && kept.counter.is_spent(now));
        taken.extend(spent.map(|(key, _)| (key, None)));
        if self.counters.len() < self.counters.capacity() / 4 {
            self.counters.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests;
