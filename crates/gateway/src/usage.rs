//! Counts what was judged: every call once, whatever becomes of it.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{
    Timestamp,
    decision::Outcome,
    secret::Peppers,
    usage::{AddressFact, Sighting, UsageFact},
};
use hashbrown::{HashMap, hash_map::Entry};
use parking_lot::{Mutex, RwLock};
use rustc_hash::FxBuildHasher;

use crate::{
    addresses::{self, Addressed, Addresses, Sketched, Whose},
    index::{
        Index, micros,
        slots::{ClientSlot, EnvironmentSlot, KeySlot, RouteSlot},
    },
    sightings::{self, Presenter, Room, Sighted},
};

/// What calls agree in when they are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Counted {
    pub(crate) client: ClientSlot,
    pub(crate) key: KeySlot,
    /// 0 when the secret was not genuine, or the client was named without one.
    pub(crate) secret_version: u32,
    pub(crate) route: RouteSlot,
    pub(crate) environment: EnvironmentSlot,
    pub(crate) outcome: Outcome,
}

/// The fact that a call belongs to, and where in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct FactKey {
    /// Minutes since 1970.
    minute: i32,
    counted: Counted,
    /// Of the minute; [`UNTOLD`] where it is not told.
    second: u8,
}

/// No second of a minute.
const UNTOLD: u8 = u8::MAX;

impl Counted {
    /// Whether the call came as far as its limits: these are what a policy that is not there yet would have been asked about.
    fn met_limits(&self) -> bool {
        match self.outcome {
            Outcome::Allowed | Outcome::RateLimited | Outcome::QuotaExceeded => {
                self.client != ClientSlot::NONE
            }
            Outcome::Unauthenticated | Outcome::Forbidden => false,
        }
    }
}

impl FactKey {
    fn of(counted: Counted, now: Timestamp) -> Self {
        let second = now.as_second();
        let minute = i32::try_from(second.div_euclid(60)).unwrap_or(i32::MAX);
        let second = u8::try_from(second.rem_euclid(60)).unwrap_or(UNTOLD);
        Self { minute, counted, second: if counted.met_limits() { second } else { UNTOLD } }
    }

    fn without_second(self) -> Self {
        Self { second: UNTOLD, ..self }
    }

    /// The same without what there may be many of.
    fn without_details(self) -> Self {
        let counted =
            Counted { key: KeySlot::NONE, secret_version: 0, route: RouteSlot::NONE, ..self.counted };
        Self { counted, ..self.without_second() }
    }

    fn anonymous(self) -> Self {
        let key = self.without_details();
        Self { counted: Counted { client: ClientSlot::NONE, ..key.counted }, ..key }
    }
}

/// How many, and the latest of them in Unix microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    pub(crate) calls: u64,
    pub(crate) last_at: i64,
}

type Facts = HashMap<FactKey, Tally, FxBuildHasher>;

/// What one thread, or some, have counted.
#[derive(Debug, Default)]
struct Lane {
    facts: Facts,
    sighted: Sighted,
    addressed: Addressed,
}

/// The calls judged since the last flush.
///
/// Each thread counts in a lane of its own as far as there are lanes, so that a busy key is not a busy lock.
#[derive(Debug)]
pub(crate) struct Usage {
    lanes: Box<[Mutex<Lane>]>,
    /// The facts in all lanes together.
    facts: AtomicUsize,
    facts_max: usize,
    room: Room,
    addresses: Addresses,
}

pub(crate) const LANES: usize = 16;
/// Between two flushes no more facts than half of this are told apart by the second, and no more than this by key and route;
/// beyond it calls are counted by client, and beyond twice as much by environment only. The sum is always that of the calls.
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
    /// Bounds of facts and of sightings; none of these are kept where theirs is 0.
    pub(crate) fn new(facts_max: usize, sighted_max: usize) -> Self {
        let lanes = (0..LANES).map(|_| Mutex::default()).collect();
        let addresses = Addresses::new(addresses::SKETCHES_MAX);
        Self { lanes, facts: AtomicUsize::new(0), facts_max, room: Room::new(sighted_max), addresses }
    }

    pub(crate) fn count(
        &self,
        counted: Counted,
        presenter: Presenter<'_>,
        peppers: &Peppers,
        now: Timestamp,
    ) {
        let last_at = micros(now);
        let Some(lane) = self.lanes.get(lane()) else { return };
        let mut lane = lane.lock();
        self.count_fact(&mut lane.facts, FactKey::of(counted, now), last_at);
        // Only who holds a genuine secret is written down.
        if counted.secret_version > 0 && self.room.is_there() {
            let secret = (counted.key, counted.secret_version);
            sightings::count(&mut lane.sighted, secret, presenter, last_at, &self.room);
            if let Some(address) = presenter.address() {
                self.addresses.count(&mut lane.addressed, Whose::of(&counted, now), address, peppers);
            }
        }
    }

    fn count_fact(&self, lane: &mut Facts, key: FactKey, last_at: i64) {
        let vacant = match lane.entry(key) {
            Entry::Occupied(mut held) => return held.get_mut().add(1, last_at),
            Entry::Vacant(place) => place,
        };
        let tally = Tally { calls: 1, last_at };
        let facts = self.facts.load(Ordering::Relaxed);
        if facts < self.facts_max / 2 || key.second == UNTOLD && facts < self.facts_max {
            vacant.insert(tally);
            self.facts.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let coarser = match facts {
            facts if facts < self.facts_max => key.without_second(),
            facts if facts < self.facts_max.saturating_mul(2) => key.without_details(),
            _ => key.anonymous(),
        };
        if add(lane, coarser, tally) {
            self.facts.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Empties the lanes, and gives what they counted its names, in a fixed order. Asks for the index a stretch at a time, so that nobody
    /// who waits to change it, and with him every call, waits long.
    pub(crate) fn drain(&self, index: &RwLock<Index>) -> Named {
        let mut all = Drained::default();
        for lane in &self.lanes {
            all.add(self.emptied(lane));
        }
        let Drained { facts, sighted, sketched } = all;
        Named {
            facts: named(facts, index),
            sightings: sightings::named(sighted, index),
            addresses: self.addresses.news(sketched, index),
            unsighted: self.room.take_unsighted(),
            unaddressed: self.addresses.take_left_out(),
        }
    }

    fn emptied(&self, lane: &Mutex<Lane>) -> Drained {
        let mut lane = lane.lock();
        self.facts.fetch_sub(lane.facts.len(), Ordering::Relaxed);
        self.room.give_back(&lane.sighted);
        let sketched = self.addresses.take(&mut lane.addressed);
        let room = room_again(lane.facts.len(), lane.facts.capacity());
        let facts = Facts::with_capacity_and_hasher(room, FxBuildHasher);
        let room = room_again(lane.sighted.len(), lane.sighted.capacity());
        let sighted = Sighted::with_capacity_and_hasher(room, FxBuildHasher);
        Drained {
            facts: std::mem::replace(&mut lane.facts, facts),
            sighted: std::mem::replace(&mut lane.sighted, sighted),
            sketched,
        }
    }
}

/// As much room again and a little, so that a busy lane does not grow anew, step by step, after each flush; one that was busy keeps half of it.
fn room_again(held: usize, capacity: usize) -> usize {
    (held + held / 4).max(capacity / 2)
}

impl Tally {
    pub(crate) fn add(&mut self, calls: u64, last_at: i64) {
        self.calls = self.calls.saturating_add(calls);
        self.last_at = self.last_at.max(last_at);
    }
}

/// Answers whether the fact is new.
fn add(facts: &mut Facts, key: FactKey, tally: Tally) -> bool {
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
#[derive(Debug, Default)]
struct Drained {
    facts: Facts,
    sighted: Sighted,
    sketched: Sketched,
}

impl Drained {
    fn add(&mut self, Self { facts, sighted, sketched }: Self) {
        if self.facts.is_empty() {
            self.facts = facts;
        } else {
            facts.into_iter().for_each(|(key, tally)| _ = add(&mut self.facts, key, tally));
        }
        sightings::merge(&mut self.sighted, sighted);
        self.sketched.merge(sketched);
    }
}

fn named(facts: Facts, index: &RwLock<Index>) -> Vec<UsageFact> {
    let mut counted: Vec<(FactKey, Tally)> = facts.into_iter().collect();
    counted.sort_unstable_by_key(|(key, _)| *key);
    let minutes: Vec<_> =
        counted.chunk_by(|(a, _), (b, _)| a.without_second() == b.without_second()).collect();
    let mut facts = Vec::with_capacity(minutes.len());
    for stretch in minutes.chunks(NAMED_AT_ONCE) {
        let index = index.read();
        facts.extend(stretch.iter().filter_map(|minute| fact(minute, &index)));
    }
    facts
}

/// The same by name.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) facts: Vec<UsageFact>,
    pub(crate) sightings: Vec<Sighting>,
    pub(crate) addresses: Vec<AddressFact>,
    /// Calls of genuine secrets that are in no sighting: there was no room for their secret.
    pub(crate) unsighted: u64,
    /// Calls of genuine secrets whose address is in no sketch: there was no room for their client.
    pub(crate) unaddressed: u64,
}

/// The calls of one minute, by their seconds. None only for an environment that the index has not numbered: there is none such.
fn fact(seconds: &[(FactKey, Tally)], index: &Index) -> Option<UsageFact> {
    let (FactKey { minute, counted, second: _ }, _) = *seconds.first()?;
    let mut tally = Tally { calls: 0, last_at: i64::MIN };
    seconds.iter().for_each(|(_, second)| tally.add(second.calls, second.last_at));
    let told = seconds.iter().filter(|(key, _)| key.second != UNTOLD);
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
        seconds: told.map(|(key, tally)| (key.second, tally.calls)).collect(),
    })
}
