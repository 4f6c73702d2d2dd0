//! Decisions that are kept one by one: every refusal, and of allowed calls one in so many. What is kept between two flushes
//! is bounded; beyond that it is only counted.

use std::{
    collections::VecDeque,
    net::IpAddr,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

use domain::{
    Timestamp,
    ids::DecisionId,
    usage::{DecisionRecord, DecisionsLeftOut},
};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use parking_lot::Mutex;

use crate::{Call, Decision, weighed::fitting};

/// Which decisions are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptDecisions {
    /// Of allowed calls one in so many; 0 for none of them.
    pub allowed_one_in: u32,
    /// Decisions about genuine secrets that are held between two flushes.
    pub proven_max: usize,
    /// The same about those who had none: a flood of them must not fill anything.
    pub unproven_max: usize,
}

impl Default for KeptDecisions {
    fn default() -> Self {
        Self { allowed_one_in: 1_000, proven_max: 5_000, unproven_max: 250 }
    }
}

/// No more decisions go with one batch, however small they are.
const AT_ONCE_MAX: usize = 500;
/// More of a method is not kept.
const METHOD_BYTES_MAX: usize = 16;

/// The decisions since the last flush.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    /// None where none are kept.
    settings: Option<KeptDecisions>,
    proven: Pile,
    unproven: Pile,
}

#[derive(Debug, Default)]
struct Pile {
    records: Mutex<VecDeque<DecisionRecord>>,
    /// How many there are: asked before the lock is.
    len: AtomicUsize,
    left_out: AtomicU64,
}

impl Decisions {
    pub(crate) fn keeping(settings: KeptDecisions) -> Self {
        Self { settings: Some(settings), ..Self::default() }
    }

    /// An allowed call that is not sampled costs a look at its number.
    pub(crate) fn note(&self, decision: &Decision, call: &Call<'_>, now: Timestamp) {
        let Some(KeptDecisions { allowed_one_in, proven_max, unproven_max }) = self.settings else { return };
        if decision.reason.is_none() && !is_sampled(decision.id, allowed_one_in) {
            return;
        }
        let (pile, max) = if decision.key_id.is_some() || decision.client_id.is_some() {
            (&self.proven, proven_max)
        } else {
            (&self.unproven, unproven_max)
        };
        pile.add(max, || record(decision, call, now));
    }

    /// The oldest of them, as many as so many bytes hold, and how many were left out; None when there is neither.
    pub(crate) fn take(&self, mut room: usize) -> Option<(Vec<DecisionRecord>, DecisionsLeftOut)> {
        let mut records = self.proven.take(AT_ONCE_MAX, &mut room);
        records.extend(self.unproven.take(AT_ONCE_MAX - records.len(), &mut room));
        let left_out = DecisionsLeftOut {
            proven: self.proven.left_out.swap(0, Ordering::Relaxed),
            unproven: self.unproven.left_out.swap(0, Ordering::Relaxed),
        };
        (!records.is_empty() || !left_out.is_none()).then_some((records, left_out))
    }

    pub(crate) fn is_empty(&self) -> bool {
        [&self.proven, &self.unproven].iter().all(|pile| pile.len.load(Ordering::Relaxed) == 0)
    }
}

impl Pile {
    fn add(&self, max: usize, record: impl FnOnce() -> DecisionRecord) {
        // Many may find the last place free; that is a few more, not many.
        if self.len.load(Ordering::Relaxed) >= max {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let record = record();
        let mut records = self.records.lock();
        records.push_back(record);
        self.len.store(records.len(), Ordering::Relaxed);
    }

    fn take(&self, at_most: usize, room: &mut usize) -> Vec<DecisionRecord> {
        let mut records = self.records.lock();
        let taken = fitting(records.iter().take(at_most), room);
        let taken = records.drain(..taken).collect();
        self.len.store(records.len(), Ordering::Relaxed);
        taken
    }
}

/// The same for a decision wherever it is asked, and true for one in so many.
fn is_sampled(id: DecisionId, one_in: u32) -> bool {
    // The lower half is random.
    let random = u64::try_from(id.to_u128() & u128::from(u64::MAX)).unwrap_or_default();
    random.checked_rem(u64::from(one_in)) == Some(0)
}

fn record(decision: &Decision, call: &Call<'_>, now: Timestamp) -> DecisionRecord {
    DecisionRecord {
        id: decision.id,
        at: now,
        environment: decision.environment.clone(),
        outcome: decision.outcome,
        reason: decision.reason,
        client_id: decision.client_id,
        key_id: decision.key_id,
        secret_version: decision.secret_version,
        route_id: decision.route_id,
        method: method(call.method).to_owned(),
        network: call.address.map(network),
        limits: decision.limits.to_vec(),
        retry_after_seconds: decision.retry_after_seconds,
        position: decision.position,
        stale: decision.stale,
    }
}

/// What of a method is kept: nothing of one that HTTP does not know. Some doors hand on any text, also one that a database would
/// not take. Source: RFC 9110 §9.1 and §5.6.2.
fn method(said: &str) -> &str {
    let is_of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if said.bytes().all(is_of_token) { said.get(..METHOD_BYTES_MAX).unwrap_or(said) } else { "" }
}

/// What of an address may be kept: where it is, not who.
fn network(address: IpAddr) -> IpNet {
    match address.to_canonical() {
        IpAddr::V4(address) => Ipv4Net::new_assert(address, 24).trunc().into(),
        IpAddr::V6(address) => Ipv6Net::new_assert(address, 48).trunc().into(),
    }
}

#[cfg(test)]
mod tests;
