//! Counts what became of calls, as the proxy's access log tells.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{
    ClientId, Environment, KeyId, RouteId, Timestamp,
    decision::Outcome,
    usage::{BUCKETS, Durations, ResponseFact, StatusClass},
};
use hashbrown::{HashMap, hash_map::Entry};
use parking_lot::Mutex;
use rustc_hash::FxBuildHasher;
use smallvec::{SmallVec, smallvec};

use crate::usage::{LANES, lane};

/// One call, and what became of it. Whose it was is what the decision said, which the proxy hands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// When the decision was taken that let it pass or not.
    pub decided_at: Timestamp,
    pub client_id: Option<ClientId>,
    pub key_id: Option<KeyId>,
    pub secret_version: Option<u32>,
    pub route_id: Option<RouteId>,
    pub environment: Environment,
    pub outcome: Outcome,
    pub status: StatusClass,
    /// Whether the upstream could not be reached, broke off or did not answer in time.
    pub upstream_error: bool,
    pub request_bytes: u64,
    pub response_bytes: u64,
    pub duration_us: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct FactKey {
    /// Unix seconds.
    minute: i64,
    client_id: Option<ClientId>,
    key_id: Option<KeyId>,
    secret_version: Option<u32>,
    route_id: Option<RouteId>,
    environment: Environment,
    outcome: Outcome,
    status: StatusClass,
}

#[derive(Clone, Debug, Default)]
struct Tally {
    calls: u64,
    upstream_errors: u64,
    request_bytes: u64,
    response_bytes: u64,
    duration_us: u64,
    /// Bucket and calls, in no order: between two flushes most keys call once or take much the same time.
    durations: SmallVec<[(u8, u64); 2]>,
}

type Lane = HashMap<FactKey, Tally, FxBuildHasher>;

/// The answers that were told since the last flush, in a lane for each thread as far as there are lanes.
#[derive(Debug)]
pub(crate) struct Responses {
    lanes: Box<[Mutex<Lane>]>,
    /// The facts in all lanes together.
    facts: AtomicUsize,
    facts_max: usize,
}

impl Responses {
    /// Beyond so many facts between two flushes, answers are told apart by client, environment, outcome and status only; beyond twice
    /// as many by outcome and status, by the hour and as of the environment `other`: whose they are is what the proxy says, who
    /// is believed but need not be sound. The sums are always those of all.
    pub(crate) fn new(facts_max: usize) -> Self {
        let lanes = (0..LANES).map(|_| Mutex::default()).collect();
        Self { lanes, facts: AtomicUsize::new(0), facts_max }
    }

    pub(crate) fn count(&self, response: Response) {
        let Some(lane) = self.lanes.get(lane()) else { return };
        let tally = Tally::of(&response);
        let mut lane = lane.lock();
        let vacant = match lane.entry(FactKey::of(response)) {
            Entry::Occupied(mut held) => return held.get_mut().merge(&tally),
            Entry::Vacant(place) => place,
        };
        let facts = self.facts.load(Ordering::Relaxed);
        if facts < self.facts_max {
            vacant.insert(tally);
            self.facts.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let key = vacant.into_key();
        let coarser = if facts < self.facts_max.saturating_mul(2) {
            key.without_details()
        } else {
            key.without_names()
        };
        if add(&mut lane, coarser, tally) {
            self.facts.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Empties the lanes, in a fixed order.
    pub(crate) fn drain(&self) -> Vec<ResponseFact> {
        let mut sums = Lane::default();
        for lane in &self.lanes {
            let drained = self.emptied(lane);
            if sums.is_empty() {
                sums = drained;
            } else {
                drained.into_iter().for_each(|(key, tally)| _ = add(&mut sums, key, tally));
            }
        }
        let mut counted: Vec<(FactKey, Tally)> = sums.into_iter().collect();
        counted.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        counted.into_iter().map(|(key, tally)| fact(key, tally)).collect()
    }

    fn emptied(&self, lane: &Mutex<Lane>) -> Lane {
        let mut lane = lane.lock();
        self.facts.fetch_sub(lane.len(), Ordering::Relaxed);
        // As much room again, so that a busy lane does not grow anew, step by step, after each flush.
        let room = Lane::with_capacity_and_hasher(lane.len(), FxBuildHasher);
        std::mem::replace(&mut *lane, room)
    }
}

/// Answers whether the fact is new.
fn add(lane: &mut Lane, key: FactKey, tally: Tally) -> bool {
    match lane.entry(key) {
        Entry::Occupied(mut held) => {
            held.get_mut().merge(&tally);
            false
        }
        Entry::Vacant(place) => {
            place.insert(tally);
            true
        }
    }
}

impl FactKey {
    fn of(response: Response) -> Self {
        let Response { decided_at, client_id, key_id, secret_version, route_id, environment, .. } = response;
        let (outcome, status) = (response.outcome, response.status);
        let minute = decided_at.as_second().div_euclid(60) * 60;
        Self { minute, client_id, key_id, secret_version, route_id, environment, outcome, status }
    }

    /// The same without what there may be many of.
    fn without_details(self) -> Self {
        Self { key_id: None, secret_version: None, route_id: None, ..self }
    }

    /// Of these there are few, whatever was said: hours, outcomes and statuses.
    fn without_names(self) -> Self {
        let Self { minute, environment, outcome, status, .. } = self;
        let (client_id, key_id, secret_version, route_id) = (None, None, None, None);
        let environment = "other".parse().unwrap_or(environment);
        let minute = minute.div_euclid(3_600) * 3_600;
        Self { minute, client_id, key_id, secret_version, route_id, environment, outcome, status }
    }
}

impl Tally {
    fn of(response: &Response) -> Self {
        let Response { upstream_error, request_bytes, response_bytes, duration_us, .. } = *response;
        Self {
            calls: 1,
            upstream_errors: u64::from(upstream_error),
            request_bytes,
            response_bytes,
            duration_us,
            durations: smallvec![(Durations::bucket(duration_us), 1)],
        }
    }

    fn merge(&mut self, other: &Self) {
        let Self { calls, upstream_errors, request_bytes, response_bytes, duration_us, durations } = other;
        self.calls = self.calls.saturating_add(*calls);
        self.upstream_errors = self.upstream_errors.saturating_add(*upstream_errors);
        self.request_bytes = self.request_bytes.saturating_add(*request_bytes);
        self.response_bytes = self.response_bytes.saturating_add(*response_bytes);
        self.duration_us = self.duration_us.saturating_add(*duration_us);
        for (bucket, calls) in durations {
            match self.durations.iter_mut().find(|(known, _)| known == bucket) {
                Some((_, sum)) => *sum = sum.saturating_add(*calls),
                None => self.durations.push((*bucket, *calls)),
            }
        }
    }
}

fn fact(key: FactKey, tally: Tally) -> ResponseFact {
    let FactKey { minute, client_id, key_id, secret_version, route_id, environment, outcome, status } = key;
    let Tally { calls, upstream_errors, request_bytes, response_bytes, duration_us, durations } = tally;
    let mut by_bucket = [0; BUCKETS];
    for (bucket, calls) in durations {
        by_bucket.get_mut(usize::from(bucket)).into_iter().for_each(|place| *place = calls);
    }
    ResponseFact {
        minute,
        client_id,
        key_id,
        secret_version,
        route_id,
        environment,
        outcome,
        status,
        calls,
        upstream_errors,
        request_bytes,
        response_bytes,
        duration_us,
        durations: Durations::of(by_bucket),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ids, read};

    fn response(second: i64, duration_us: u64) -> Response {
        let (client, key, route, _) = ids();
        Response {
            decided_at: Timestamp::from_second(second).unwrap(),
            client_id: Some(client),
            key_id: Some(key),
            secret_version: Some(1),
            route_id: Some(route),
            environment: read("prod"),
            outcome: Outcome::Allowed,
            status: StatusClass::Success,
            upstream_error: false,
            request_bytes: 10,
            response_bytes: 100,
            duration_us,
        }
    }

    #[test]
    fn answers_are_summed_by_minute_caller_outcome_and_status() {
        let responses = Responses::new(10);
        responses.count(response(61, 200));
        responses.count(response(119, 3_000));
        responses.count(response(120, 3_000));
        let failed = Response { status: StatusClass::ServerError, upstream_error: true, ..response(61, 9) };
        responses.count(failed);
        let facts = responses.drain();
        let told: Vec<_> = facts
            .iter()
            .map(|fact| {
                (fact.minute, fact.status.as_str(), fact.calls, fact.upstream_errors, fact.duration_us)
            })
            .collect();
        let expected = [(60, "2xx", 2, 0, 3_200), (60, "5xx", 1, 1, 9), (120, "2xx", 1, 0, 3_000)];
        assert_eq!(told, expected);
        assert_eq!((facts[0].request_bytes, facts[0].response_bytes), (20, 200));
        assert_eq!(facts[0].durations.buckets().collect::<Vec<_>>(), [(0, 1), (8, 1)]);
        assert_eq!(responses.drain(), [], "each once");
    }

    #[test]
    fn beyond_the_bound_answers_lose_their_details_and_none_is_lost() {
        let responses = Responses::new(2);
        for version in 0..50 {
            responses.count(Response { secret_version: Some(version), ..response(0, 1) });
        }
        let facts = responses.drain();
        assert_eq!(facts.iter().map(|fact| fact.calls).sum::<u64>(), 50);
        assert_eq!(facts.len(), 3);
        assert!(facts.iter().all(|fact| fact.client_id.is_some()));
        // Whoever makes up clients and environments fills nothing.
        for number in 0..500 {
            let client_id = Some(ClientId::from_parts(1, number));
            let environment = format!("e{number}").parse().unwrap();
            responses.count(Response { client_id, environment, ..response(0, 1) });
        }
        let facts = responses.drain();
        assert_eq!(facts.iter().map(|fact| fact.calls).sum::<u64>(), 500);
        assert!(facts.len() <= 5, "{}", facts.len());
    }
}
