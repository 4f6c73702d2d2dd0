//! From how many addresses each client calls: a sketch for each client, environment and day. An address that was told is not told again,
//! so that a batch has nothing of this while nobody new calls.

use std::{
    hash::BuildHasher as _,
    net::IpAddr,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

use domain::{
    Timestamp,
    secret::Peppers,
    usage::{AddressFact, AddressSketch},
};
use hashbrown::{HashMap, hash_map::Entry};
use parking_lot::{Mutex, RwLock};
use rustc_hash::FxBuildHasher;

use crate::{
    index::{
        Index,
        slots::{ClientSlot, EnvironmentSlot},
    },
    usage::{Counted, NAMED_AT_ONCE},
};

/// Sketches that are kept between two flushes, over all lanes: some 50 MB if each is of thousands of addresses, 4 MB if of a few.
pub(crate) const SKETCHES_MAX: usize = 20_000;
/// Clients, environments and days of which it is known what was told: as much again. What is told of others is told anew each time.
const TOLD_MAX: usize = 20_000;
/// So many addresses each lane knows again without a look into a sketch: 256 KB.
const RECENT: usize = 8_192;
const RECENT_PLACES: u64 = 8_192;
const DAY_S: i64 = 86_400;

/// Whose addresses are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Whose {
    /// Days since 1970.
    day: i32,
    client: ClientSlot,
    environment: EnvironmentSlot,
}

impl Whose {
    pub(crate) fn of(counted: &Counted, now: Timestamp) -> Self {
        let day = i32::try_from(now.as_second().div_euclid(DAY_S)).unwrap_or(i32::MAX);
        Self { day, client: counted.client, environment: counted.environment }
    }
}

type Sketches = HashMap<Whose, AddressSketch, FxBuildHasher>;

/// What one lane has seen.
#[derive(Debug)]
pub(crate) struct Addressed {
    sketches: Sketches,
    /// Each in the place that its hash names: what it drove out is looked for in the sketch again.
    recent: Box<[Option<(Whose, IpAddr)>]>,
}

/// How much may be kept, over all lanes, and what was told.
#[derive(Debug)]
pub(crate) struct Addresses {
    sketches: AtomicUsize,
    sketches_max: usize,
    /// Calls for whose address there was no room.
    left_out: AtomicU64,
    told: Mutex<Sketches>,
}

impl Addresses {
    pub(crate) fn new(sketches_max: usize) -> Self {
        Self {
            sketches: AtomicUsize::new(0),
            sketches_max,
            left_out: AtomicU64::new(0),
            told: Mutex::default(),
        }
    }

    /// Counts a caller of a genuine secret.
    pub(crate) fn count(&self, lane: &mut Addressed, whose: Whose, address: IpAddr, peppers: &Peppers) {
        let address = AddressSketch::counted(address);
        let seen = Some((whose, address));
        let Some(place) = lane.recent.get_mut(place(whose, address)) else { return };
        if *place == seen {
            return;
        }
        match lane.sketches.entry(whose) {
            Entry::Occupied(mut held) => held.get_mut().add(address, peppers),
            Entry::Vacant(vacant) if self.sketches.load(Ordering::Relaxed) < self.sketches_max => {
                self.sketches.fetch_add(1, Ordering::Relaxed);
                vacant.insert(AddressSketch::default()).add(address, peppers);
            }
            Entry::Vacant(_) => {
                self.left_out.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
        *place = seen;
    }

    /// Empties a lane.
    pub(crate) fn take(&self, lane: &mut Addressed) -> Sketched {
        self.sketches.fetch_sub(lane.sketches.len(), Ordering::Relaxed);
        Sketched(std::mem::take(&mut lane.sketches))
    }

    /// Of what all lanes have seen, what was not told before; from now on it is. By name, in a fixed order.
    pub(crate) fn news(&self, Sketched(seen): Sketched, index: &RwLock<Index>) -> Vec<AddressFact> {
        let mut news: Vec<(Whose, AddressSketch)> = {
            let mut told = self.told.lock();
            seen.into_iter().filter(|(whose, sketch)| is_news(&mut told, *whose, sketch)).collect()
        };
        news.sort_unstable_by_key(|(whose, _)| *whose);
        let mut facts = Vec::with_capacity(news.len());
        let mut news = news.into_iter().peekable();
        while news.peek().is_some() {
            let index = index.read();
            let some = news.by_ref().take(NAMED_AT_ONCE);
            facts.extend(some.filter_map(|(whose, sketch)| fact(whose, sketch, &index)));
        }
        facts
    }

    /// Since it was asked last.
    pub(crate) fn take_left_out(&self) -> u64 {
        self.left_out.swap(0, Ordering::Relaxed)
    }
}

impl Default for Addressed {
    fn default() -> Self {
        Self { sketches: Sketches::default(), recent: vec![None; RECENT].into_boxed_slice() }
    }
}

/// What was seen since the flush before.
#[derive(Debug, Default)]
pub(crate) struct Sketched(Sketches);

impl Sketched {
    /// Adds what another lane has seen.
    pub(crate) fn merge(&mut self, Self(other): Self) {
        for (whose, sketch) in other {
            match self.0.entry(whose) {
                Entry::Occupied(mut held) => _ = held.get_mut().merge(&sketch),
                Entry::Vacant(place) => _ = place.insert(sketch),
            }
        }
    }
}

fn place(whose: Whose, address: IpAddr) -> usize {
    let hash = FxBuildHasher.hash_one((whose, address));
    usize::try_from(hash % RECENT_PLACES).unwrap_or_default()
}

/// Whether this has an address that was not told, as far as that can be told of a sketch. Days before the latest two are not kept: what
/// comes of them is told anew.
fn is_news(told: &mut Sketches, whose: Whose, sketch: &AddressSketch) -> bool {
    if let Some(told) = told.get_mut(&whose) {
        return told.merge(sketch);
    }
    if told.len() >= TOLD_MAX {
        told.retain(|other, _| other.day >= whose.day.saturating_sub(1));
    }
    if told.len() < TOLD_MAX {
        told.insert(whose, sketch.clone());
    }
    true
}

/// None only for a client or an environment that the index has not numbered: there is none such.
fn fact(whose: Whose, sketch: AddressSketch, index: &Index) -> Option<AddressFact> {
    let Whose { day, client, environment } = whose;
    Some(AddressFact {
        day: i64::from(day) * DAY_S,
        client_id: index.clients.get(client)?.id,
        environment: index.environments.name(environment)?.clone(),
        sketch,
    })
}

#[cfg(test)]
mod tests;
