//! Counts what was judged: every call once, whatever becomes of it.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{Timestamp, decision::Outcome, usage::UsageFact};
use hashbrown::{HashMap, hash_map::Entry};
use parking_lot::{Mutex, RwLock};
use rustc_hash::FxBuildHasher;

use crate::index::{
    Index, micros,
    slots::{ClientSlot, EnvironmentSlot, KeySlot, RouteSlot},
};

/// What calls agree in when they are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Counted {
    pub(crate) client: ClientSlot,
    pub(crate) key: KeySlot,
    /// 0 when the secret was not genuine.
    pub(crate) secret_version: u32,
    pub(crate) route: RouteSlot,
    pub(crate) environment: EnvironmentSlot,
    pub(crate) outcome: Outcome,
}

/// The fact that a call belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct FactKey {
    /// Minutes since 1970.
    minute: i32,
    counted: Counted,
}

impl FactKey {
    /// The same without what there may be many of.
    fn without_details(self) -> Self {
        let counted =
            Counted { key: KeySlot::NONE, secret_version: 0, route: RouteSlot::NONE, ..self.counted };
        Self { counted, ..self }
    }

    fn anonymous(self) -> Self {
        let Self { minute, counted } = self.without_details();
        Self { minute, counted: Counted { client: ClientSlot::NONE, ..counted } }
    }
}

/// How many, and the latest of them in Unix microseconds.
#[derive(Clone, Copy, Debug)]
struct Tally {
    calls: u64,
    last_at: i64,
}

type Lane = HashMap<FactKey, Tally, FxBuildHasher>;

/// The calls judged since the last flush.
///
/// Each thread counts in a lane of its own as far as there are lanes, so that a busy key is not a busy lock.
#[derive(Debug)]
pub(crate) struct Usage {
    lanes: Box<[Mutex<Lane>]>,
    /// The facts in all lanes together.
    facts: AtomicUsize,
    facts_max: usize,
}

pub(crate) const LANES: usize = 16;
/// Between two flushes no more facts than this are told apart by key and route; beyond it calls are counted by
/// client, and beyond twice as much by environment only. The sum is always that of the calls.
pub(crate) const FACTS_MAX: usize = 200_000;

/// How many entries are named under one lock of the index.
pub(crate) const NAMED_AT_ONCE: usize = 1024;

thread_local! {
    static LANE: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed) % LANES
    };
}

/// The lane of this thread.
pub(crate) fn lane() -> usize {
    LANE.with(|lane| *lane)
}

impl Usage {
    pub(crate) fn new(facts_max: usize) -> Self {
        let lanes = (0..LANES).map(|_| Mutex::default()).collect();
        Self { lanes, facts: AtomicUsize::new(0), facts_max }
    }

    pub(crate) fn count(&self, counted: Counted, now: Timestamp) {
        let minute = i32::try_from(now.as_second().div_euclid(60)).unwrap_or(i32::MAX);
        let key = FactKey { minute, counted };
        let last_at = micros(now);
        let Some(lane) = self.lanes.get(lane()) else { return };
        let mut lane = lane.lock();
        let vacant = match lane.entry(key) {
            Entry::Occupied(mut held) => return held.get_mut().add(1, last_at),
            Entry::Vacant(place) => place,
        };
        let tally = Tally { calls: 1, last_at };
        let facts = self.facts.load(Ordering::Relaxed);
        if facts < self.facts_max {
            vacant.insert(tally);
            self.facts.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let detailed = facts < self.facts_max.saturating_mul(2);
        if add(&mut lane, if detailed { key.without_details() } else { key.anonymous() }, tally) {
            self.facts.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Empties the lanes.
    pub(crate) fn drain(&self) -> Drained {
        let mut facts = Lane::default();
        for lane in &self.lanes {
            let drained = {
                let mut lane = lane.lock();
                self.facts.fetch_sub(lane.len(), Ordering::Relaxed);
                // As much room again, so that a busy lane does not grow anew, step by step, after each flush.
                let empty = Lane::with_capacity_and_hasher(lane.len(), FxBuildHasher);
                std::mem::replace(&mut *lane, empty)
            };
            if facts.is_empty() {
                facts = drained;
            } else {
                for (key, tally) in drained {
                    add(&mut facts, key, tally);
                }
            }
        }
        Drained(facts)
    }
}

impl Tally {
    fn add(&mut self, calls: u64, last_at: i64) {
        self.calls = self.calls.saturating_add(calls);
        self.last_at = self.last_at.max(last_at);
    }
}

/// Answers whether the fact is new.
fn add(facts: &mut Lane, key: FactKey, tally: Tally) -> bool {
    match facts.entry(key) {
        Entry::Occupied(mut held) => {
            held.get_mut().add(tally.calls, tally.last_at);
            false
        }
        Entry::Vacant(place) => {
            place.insert(tally);
            true
        }
    }
}

/// What was counted, still by slot.
#[derive(Debug)]
pub(crate) struct Drained(Lane);

impl Drained {
    /// Gives things their names, in a fixed order. Asks for the index a stretch at a time, so that nobody who waits
    /// to change it, and with him every call, waits long.
    pub(crate) fn facts(self, index: &RwLock<Index>) -> Vec<UsageFact> {
        let mut counted: Vec<(FactKey, Tally)> = self.0.into_iter().collect();
        counted.sort_unstable_by_key(|(key, _)| *key);
        let mut facts = Vec::with_capacity(counted.len());
        for stretch in counted.chunks(NAMED_AT_ONCE) {
            let index = index.read();
            facts.extend(stretch.iter().filter_map(|(key, tally)| fact(key, tally, &index)));
        }
        facts
    }
}

/// None only for an environment that the index has not numbered: there is none such.
fn fact(key: &FactKey, tally: &Tally, index: &Index) -> Option<UsageFact> {
    let FactKey { minute, counted } = *key;
    let Counted { client, key, secret_version, route, environment, outcome } = counted;
    Some(UsageFact {
        minute: i64::from(minute) * 60,
        client_id: index.clients.get(client).map(|client| client.id),
        key_id: index.keys.get(key).map(|key| key.id),
        secret_version: (secret_version > 0).then_some(secret_version),
        route_id: index.routes.get(route).map(|route| route.id),
        environment: index.environments.name(environment)?.clone(),
        outcome,
        calls: tally.calls,
        last_at: Timestamp::from_microsecond(tally.last_at).unwrap_or(Timestamp::UNIX_EPOCH),
    })
}
