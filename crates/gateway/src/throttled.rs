//! Counts which limits refused whom.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{
    LimitName, PolicyId, Timestamp,
    decision::{LimitKind, LimitStatus},
    rate_limit_policy::Mode,
    usage::ThrottleFact,
};
use hashbrown::HashMap;
use parking_lot::{Mutex, RwLock};
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;

use crate::{
    index::{
        Index, micros,
        slots::{ClientSlot, EnvironmentSlot, KeySlot, RouteSlot},
    },
    usage::{Counted, LANES, NAMED_AT_ONCE, lane},
};

/// What calls agree in that a policy refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct FactKey {
    /// Minutes since 1970.
    minute: i32,
    client: ClientSlot,
    key: KeySlot,
    route: RouteSlot,
    environment: EnvironmentSlot,
    policy: PolicyId,
    revision: u32,
}

/// Calls that one limit of it refused; times in Unix microseconds.
#[derive(Clone, Debug)]
struct Tally {
    limit: LimitName,
    kind: LimitKind,
    calls: u64,
    first_at: i64,
    last_at: i64,
}

/// A policy has few limits: they are looked through, so that a call that is counted already allocates nothing.
type Tallies = SmallVec<[Tally; 1]>;
type Lane = HashMap<FactKey, Tallies, FxBuildHasher>;

/// The calls since the last flush that limits refused, in a lane for each thread as far as there are lanes.
#[derive(Debug)]
pub(crate) struct Throttled {
    lanes: Box<[Mutex<Lane>]>,
    /// The facts in all lanes together.
    facts: AtomicUsize,
    facts_max: usize,
}

impl Throttled {
    /// Beyond so many facts between two flushes, calls are told apart by policy and limit only, of which there are
    /// few. The sum is always that of the refusals.
    pub(crate) fn new(facts_max: usize) -> Self {
        let lanes = (0..LANES).map(|_| Mutex::default()).collect();
        Self { lanes, facts: AtomicUsize::new(0), facts_max }
    }

    /// Counts a call that was refused by limits; others have none that refused in earnest.
    pub(crate) fn count(&self, counted: &Counted, limits: &[LimitStatus], now: Timestamp) {
        let refused = |limit: &&LimitStatus| limit.refused && limit.mode == Mode::Enforce;
        let mut refusing = limits.iter().filter(refused).peekable();
        if refusing.peek().is_none() {
            return;
        }
        let minute = i32::try_from(now.as_second().div_euclid(60)).unwrap_or(i32::MAX);
        let Counted { client, key, route, environment, .. } = *counted;
        let Some(lane) = self.lanes.get(lane()) else { return };
        let mut lane = lane.lock();
        for LimitStatus { policy_id, policy_revision, name, kind, .. } in refusing {
            let (policy, revision) = (*policy_id, *policy_revision);
            let mut key = FactKey { minute, client, key, route, environment, policy, revision };
            if !lane.contains_key(&key) && self.facts.load(Ordering::Relaxed) >= self.facts_max {
                (key.client, key.key, key.route) = (ClientSlot::NONE, KeySlot::NONE, RouteSlot::NONE);
            }
            let facts = &self.facts;
            let tallies = lane.entry(key).or_insert_with(|| {
                facts.fetch_add(1, Ordering::Relaxed);
                Tallies::new()
            });
            let at = micros(now);
            add(tallies, name, *kind, (1, at, at));
        }
    }

    /// Empties the lanes, and gives things their names in a fixed order.
    pub(crate) fn drain(&self, index: &RwLock<Index>) -> Vec<ThrottleFact> {
        let mut sums = Lane::default();
        for lane in &self.lanes {
            let drained = std::mem::take(&mut *lane.lock());
            self.facts.fetch_sub(drained.len(), Ordering::Relaxed);
            for (key, tallies) in drained {
                let sum = sums.entry(key).or_default();
                for Tally { limit, kind, calls, first_at, last_at } in tallies {
                    add(sum, &limit, kind, (calls, first_at, last_at));
                }
            }
        }
        let mut counted: Vec<(FactKey, Tallies)> = sums.into_iter().collect();
        counted.sort_unstable_by_key(|(key, _)| *key);
        let mut facts = Vec::with_capacity(counted.len());
        for stretch in counted.chunks(NAMED_AT_ONCE) {
            let index = index.read();
            let of = |(key, tallies)| named(key, tallies, &index);
            facts.extend(stretch.iter().map(|(key, tallies)| (key, tallies)).flat_map(of));
        }
        facts
    }
}

fn add(tallies: &mut Tallies, limit: &LimitName, kind: LimitKind, (calls, first, last): (u64, i64, i64)) {
    match tallies.iter_mut().find(|tally| tally.limit == *limit && tally.kind == kind) {
        Some(tally) => {
            tally.calls = tally.calls.saturating_add(calls);
            tally.first_at = tally.first_at.min(first);
            tally.last_at = tally.last_at.max(last);
        }
        None => tallies.push(Tally { limit: limit.clone(), kind, calls, first_at: first, last_at: last }),
    }
}

/// None only for an environment that the index has not numbered: there is none such.
fn named(key: &FactKey, tallies: &Tallies, index: &Index) -> Vec<ThrottleFact> {
    let FactKey { minute, client, key, route, environment, policy, revision } = *key;
    let Some(environment) = index.environments.name(environment) else { return vec![] };
    let at = |micros| Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut facts: Vec<_> = tallies
        .iter()
        .map(|tally| ThrottleFact {
            minute: i64::from(minute) * 60,
            client_id: index.clients.get(client).map(|client| client.id),
            key_id: index.keys.get(key).map(|key| key.id),
            route_id: index.routes.get(route).map(|route| route.id),
            environment: environment.clone(),
            policy_id: policy,
            policy_revision: revision,
            limit: tally.limit.clone(),
            kind: tally.kind,
            calls: tally.calls,
            first_at: at(tally.first_at),
            last_at: at(tally.last_at),
        })
        .collect();
    facts.sort_by(|a, b| a.limit.cmp(&b.limit));
    facts
}

#[cfg(test)]
mod tests;
