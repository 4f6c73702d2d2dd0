//! From where the genuine secret of one version is presented, and by which programs. A few of each are told apart between
//! two flushes; the others are counted and have no name, so that whoever holds a secret cannot fill the memory with it.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

use domain::{
    Timestamp,
    usage::{Seen, Sighting},
};
use hashbrown::{HashMap, hash_map::Entry};
use parking_lot::RwLock;
use rustc_hash::FxBuildHasher;
use smallvec::{SmallVec, smallvec};

use crate::{
    call::Call,
    index::{Index, slots::KeySlot},
    usage::{NAMED_AT_ONCE, Tally},
};

/// So many addresses and so many user agents of one secret are told apart between two flushes.
pub(crate) const NAMES_MAX: usize = 8;
/// Secrets, addresses and user agents that are told apart between two flushes, all together: 100,000 secrets with one of
/// each, or some 40 MB at the worst.
pub(crate) const ITEMS_MAX: usize = 300_000;
/// More of a user agent is not kept.
const USER_AGENT_BYTES_MAX: usize = 128;

/// Who presents a secret, as far as a door knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Presenter<'a> {
    address: Option<IpAddr>,
    user_agent: &'a str,
}

impl<'a> Presenter<'a> {
    pub(crate) fn of(call: &Call<'a>) -> Self {
        let user_agent = call.user_agent.unwrap_or_default();
        let kept = user_agent.floor_char_boundary(USER_AGENT_BYTES_MAX);
        let user_agent = user_agent.get(..kept).unwrap_or_default();
        Self { address: call.address, user_agent }
    }

    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.address
    }
}

/// A version of a key's secret.
pub(crate) type Secret = (KeySlot, u32);

/// What one lane has seen.
pub(crate) type Sighted = HashMap<Secret, Presented, FxBuildHasher>;

/// The calls that presented one secret.
#[derive(Debug)]
pub(crate) struct Presented {
    calls: u64,
    addresses: SmallVec<[(Option<IpAddr>, Tally); 1]>,
    user_agents: SmallVec<[(Box<str>, Tally); 1]>,
}

/// How much may still be told apart, over all lanes.
#[derive(Debug)]
pub(crate) struct Room {
    items: AtomicUsize,
    items_max: usize,
    /// Calls of secrets for which there was none.
    unsighted: AtomicU64,
}

impl Room {
    /// None at all: nothing is kept.
    pub(crate) fn new(items_max: usize) -> Self {
        Self { items: AtomicUsize::new(0), items_max, unsighted: AtomicU64::new(0) }
    }

    pub(crate) fn is_there(&self) -> bool {
        self.items_max > 0
    }

    fn take(&self, items: usize) -> bool {
        let free = self.items.load(Ordering::Relaxed) < self.items_max;
        if free {
            self.items.fetch_add(items, Ordering::Relaxed);
        }
        free
    }

    /// What a lane that was emptied had.
    pub(crate) fn give_back(&self, sighted: &Sighted) {
        let items = sighted.values().map(Presented::items).sum();
        self.items.fetch_sub(items, Ordering::Relaxed);
    }

    /// Since it was asked last.
    pub(crate) fn take_unsighted(&self) -> u64 {
        self.unsighted.swap(0, Ordering::Relaxed)
    }
}

/// Counts a call in its lane.
pub(crate) fn count(
    sighted: &mut Sighted,
    secret: Secret,
    presenter: Presenter<'_>,
    last_at: i64,
    room: &Room,
) {
    match sighted.entry(secret) {
        Entry::Occupied(mut held) => held.get_mut().add(presenter, last_at, room),
        Entry::Vacant(place) if room.take(3) => {
            place.insert(Presented::new(presenter, last_at));
        }
        Entry::Vacant(_) => {
            room.unsighted.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Adds what another lane has seen.
pub(crate) fn merge(into: &mut Sighted, from: Sighted) {
    for (secret, presented) in from {
        match into.entry(secret) {
            Entry::Occupied(mut held) => held.get_mut().merge(presented),
            Entry::Vacant(place) => {
                place.insert(presented);
            }
        }
    }
}

impl Presented {
    fn new(presenter: Presenter<'_>, last_at: i64) -> Self {
        let once = Tally { calls: 1, last_at };
        Self {
            calls: 1,
            addresses: smallvec![(presenter.address, once)],
            user_agents: smallvec![(presenter.user_agent.into(), once)],
        }
    }

    fn add(&mut self, presenter: Presenter<'_>, last_at: i64, room: &Room) {
        let Self { calls, addresses, user_agents } = self;
        *calls = calls.saturating_add(1);
        let Presenter { address, user_agent } = presenter;
        tell_apart(addresses, |known| *known == address, || address, last_at, room);
        tell_apart(user_agents, |known| **known == *user_agent, || user_agent.into(), last_at, room);
    }

    fn merge(&mut self, other: Self) {
        let Self { calls, addresses, user_agents } = other;
        self.calls = self.calls.saturating_add(calls);
        addresses.into_iter().for_each(|(address, tally)| join(&mut self.addresses, address, tally));
        user_agents.into_iter().for_each(|(name, tally)| join(&mut self.user_agents, name, tally));
    }

    fn items(&self) -> usize {
        self.addresses.len().saturating_add(self.user_agents.len()).saturating_add(1)
    }
}

/// Counts a call under its name, as long as there is room for it.
fn tell_apart<T>(
    names: &mut SmallVec<[(T, Tally); 1]>,
    is_it: impl Fn(&T) -> bool,
    make: impl FnOnce() -> T,
    last_at: i64,
    room: &Room,
) {
    if let Some((_, tally)) = names.iter_mut().find(|(name, _)| is_it(name)) {
        tally.add(1, last_at);
    } else if names.len() < NAMES_MAX && room.take(1) {
        names.push((make(), Tally { calls: 1, last_at }));
    }
}

/// Of as many lanes as there are: what is too many is left out when it is named.
fn join<T: PartialEq>(names: &mut SmallVec<[(T, Tally); 1]>, name: T, tally: Tally) {
    match names.iter_mut().find(|(known, _)| *known == name) {
        Some((_, held)) => held.add(tally.calls, tally.last_at),
        None => names.push((name, tally)),
    }
}

/// Gives things their names, in a fixed order.
pub(crate) fn named(sighted: Sighted, index: &RwLock<Index>) -> Vec<Sighting> {
    let mut all: Vec<(Secret, Presented)> = sighted.into_iter().collect();
    all.sort_unstable_by_key(|(secret, _)| *secret);
    let mut sightings = Vec::with_capacity(all.len());
    let mut all = all.into_iter().peekable();
    while all.peek().is_some() {
        let index = index.read();
        sightings.extend(all.by_ref().take(NAMED_AT_ONCE).filter_map(|((key, version), presented)| {
            let Presented { calls, addresses, user_agents } = presented;
            Some(Sighting {
                key_id: index.keys.get(key)?.id,
                secret_version: version,
                calls,
                addresses: most(addresses.into_iter().map(|(address, tally)| {
                    (address.map(|address| address.to_string()).unwrap_or_default(), tally)
                })),
                user_agents: most(user_agents.into_iter().map(|(name, tally)| (name.into(), tally))),
            })
        }));
    }
    sightings
}

/// Those with the most calls.
fn most(names: impl Iterator<Item = (String, Tally)>) -> Vec<Seen> {
    let mut names: Vec<(String, Tally)> = names.collect();
    names.sort_unstable_by(|(one, some), (other, more)| more.calls.cmp(&some.calls).then(one.cmp(other)));
    names.truncate(NAMES_MAX);
    let seen = |(value, Tally { calls, last_at }): (String, Tally)| Seen {
        value,
        calls,
        last_at: Timestamp::from_microsecond(last_at).unwrap_or(Timestamp::UNIX_EPOCH),
    };
    names.into_iter().map(seen).collect()
}

#[cfg(test)]
mod tests;
