//! Counts what policies in shadow were asked about and would have refused.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{Timestamp, usage::ShadowFact};
use hashbrown::HashMap;
use parking_lot::{Mutex, RwLock};
use rustc_hash::FxBuildHasher;

use crate::{
    index::{
        Index,
        slots::{ClientSlot, EnvironmentSlot, LimitSlot, PolicySlot, RouteSlot},
    },
    usage::{Counted, LANES, NAMED_AT_ONCE, lane},
};

/// What a policy in shadow said about one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shadowed {
    pub(crate) policy: PolicySlot,
    pub(crate) revision: u32,
    /// NONE: all of its limits together, which refuse when one of them does.
    pub(crate) limit: LimitSlot,
    pub(crate) refused: bool,
}

/// What calls agree in when they are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct FactKey {
    /// Minutes since 1970.
    minute: i32,
    client: ClientSlot,
    route: RouteSlot,
    environment: EnvironmentSlot,
    policy: PolicySlot,
    revision: u32,
    limit: LimitSlot,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    calls: u64,
    refused: u64,
}

type Lane = HashMap<FactKey, Tally, FxBuildHasher>;

/// The calls since the last flush that policies in shadow were asked about, in a lane for each thread as far as
/// there are lanes.
#[derive(Debug)]
pub(crate) struct ShadowUsage {
    lanes: Box<[Mutex<Lane>]>,
    /// The facts in all lanes together.
    facts: AtomicUsize,
    facts_max: usize,
}

impl ShadowUsage {
    /// Beyond so many facts between two flushes, calls are told apart by policy and limit only, of which there are
    /// few. The sum is always that of the calls.
    pub(crate) fn new(facts_max: usize) -> Self {
        let lanes = (0..LANES).map(|_| Mutex::default()).collect();
        Self { lanes, facts: AtomicUsize::new(0), facts_max }
    }

    pub(crate) fn count(&self, counted: &Counted, shadowed: &[Shadowed], now: Timestamp) {
        if shadowed.is_empty() {
            return;
        }
        let minute = i32::try_from(now.as_second().div_euclid(60)).unwrap_or(i32::MAX);
        let Counted { client, route, environment, .. } = *counted;
        let Some(lane) = self.lanes.get(lane()) else { return };
        let mut lane = lane.lock();
        for Shadowed { policy, revision, limit, refused } in shadowed.iter().copied() {
            let mut key = FactKey { minute, client, route, environment, policy, revision, limit };
            if !lane.contains_key(&key) && self.facts.load(Ordering::Relaxed) >= self.facts_max {
                (key.client, key.route) = (ClientSlot::NONE, RouteSlot::NONE);
            }
            let facts = &self.facts;
            let tally = lane.entry(key).or_insert_with(|| {
                facts.fetch_add(1, Ordering::Relaxed);
                Tally::default()
            });
            tally.calls = tally.calls.saturating_add(1);
            tally.refused = tally.refused.saturating_add(u64::from(refused));
        }
    }

    /// Empties the lanes, and gives things their names in a fixed order.
    pub(crate) fn drain(&self, index: &RwLock<Index>) -> Vec<ShadowFact> {
        let mut sums = Lane::default();
        for lane in &self.lanes {
            let drained = std::mem::take(&mut *lane.lock());
            self.facts.fetch_sub(drained.len(), Ordering::Relaxed);
            for (key, Tally { calls, refused }) in drained {
                let sum = sums.entry(key).or_default();
                sum.calls = sum.calls.saturating_add(calls);
                sum.refused = sum.refused.saturating_add(refused);
            }
        }
        let mut counted: Vec<(FactKey, Tally)> = sums.into_iter().collect();
        counted.sort_unstable_by_key(|(key, _)| *key);
        let mut facts = Vec::with_capacity(counted.len());
        for stretch in counted.chunks(NAMED_AT_ONCE) {
            let index = index.read();
            facts.extend(stretch.iter().filter_map(|(key, tally)| fact(key, tally, &index)));
        }
        facts
    }
}

/// None only for a policy or an environment that the index has not numbered: there is none such.
fn fact(key: &FactKey, tally: &Tally, index: &Index) -> Option<ShadowFact> {
    let FactKey { minute, client, route, environment, policy, revision, limit } = *key;
    Some(ShadowFact {
        minute: i64::from(minute) * 60,
        client_id: index.clients.get(client).map(|client| client.id),
        route_id: index.routes.get(route).map(|route| route.id),
        environment: index.environments.name(environment)?.clone(),
        policy_id: index.policies.get(policy)?.id,
        policy_revision: revision,
        limit: index.policies.limit(limit).map(|(_, name)| name.clone()),
        calls: tally.calls,
        refused: tally.refused,
    })
}

#[cfg(test)]
mod tests;
