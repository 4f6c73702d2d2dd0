//! What there is no room for in one batch, and what becomes of a batch that is too large all the same.

use std::iter;

use domain::{
    decision::Outcome,
    ids::DecisionId,
    rate_limit_policy::{Counting, PolicySpec},
    usage::UsageBatch,
};
use jiff::SignedDuration;

use super::levels::LEVELS_MAX;
use crate::{
    Gateway, KeptDecisions,
    testing::{CLIENT, Organisation, POLICY, ids, peppers, quota, rate, read, settings, spec},
};

/// A message of the bus holds 1,048,576 bytes with all that belongs to it.
const MESSAGE_BYTES_MAX: usize = 1_000_000;

/// The small organisation, of which every decision is kept.
fn keeping_all() -> Organisation {
    let mut org = Organisation::empty(settings());
    let kept = KeptDecisions { allowed_one_in: 1, ..KeptDecisions::default() };
    org.gateway = Gateway::new(settings(), peppers()).keeping_decisions(kept);
    org.retell();
    org
}

/// Answers to so many calls, each of another minute and so a fact of its own.
fn note_answers(org: &Organisation, answers: u32) {
    let (client, key, route, _) = ids();
    for minute in 0..answers {
        org.gateway.note_response(crate::Response {
            decided_at: org.now + SignedDuration::from_secs(60 * i64::from(minute)),
            client_id: Some(client),
            key_id: Some(key),
            secret_version: Some(1),
            route_id: Some(route),
            environment: read("prod"),
            outcome: Outcome::Allowed,
            status: domain::usage::StatusClass::Success,
            upstream_error: false,
            request_bytes: u64::MAX,
            response_bytes: u64::MAX,
            duration_us: u64::MAX,
        });
    }
}

/// Batch after batch until none waits, each of at most so many bytes and under the next number.
fn flushed(org: &Organisation, bytes_max: usize) -> Vec<UsageBatch> {
    let mut batches = vec![];
    while batches.is_empty() || org.gateway.more_waits() {
        let batch = org.gateway.take_flush(org.now).batch.unwrap();
        let bytes = serde_json::to_vec(&batch).unwrap().len();
        assert!(bytes < bytes_max, "{bytes} bytes");
        batches.push(batch);
    }
    assert!(batches.iter().map(|batch| batch.sequence).eq(1..=u64::try_from(batches.len()).unwrap()));
    batches
}

fn decided(batches: &[UsageBatch]) -> Vec<DecisionId> {
    batches.iter().flat_map(|batch| &batch.decisions).map(|record| record.id).collect()
}

fn answers(batches: &[UsageBatch]) -> u64 {
    batches.iter().flat_map(|batch| &batch.responses).map(|fact| fact.calls).sum()
}

fn calls(batch: &UsageBatch) -> u64 {
    batch.facts.iter().map(|fact| fact.calls).sum()
}

#[test]
fn what_does_not_fit_into_one_batch_goes_with_the_next_and_each_call_once() {
    let org = Organisation::small();
    note_answers(&org, 5_000);
    org.call(1);
    let batches = flushed(&org, 450_000);
    assert_eq!((answers(&batches), batches.len() > 5), (5_000, true));
    assert_eq!(org.gateway.take_flush(org.now).batch, None);
}

/// Eight rates and eight quotas for each key by itself, as many as a policy may have, with names as long as they may be.
fn under_many_limits(keys: u32) -> Organisation {
    let mut org = keeping_all();
    let rates = (0..8).map(|n| rate(&format!("rate_{n:027}"), if n == 0 { 1 } else { 1_000_000 }));
    let quotas = (0..8).map(|n| quota(&format!("quota_{n:026}"), 1_000_000_000_000));
    let by_key = PolicySpec { counting: Counting::Key, ..spec(rates.collect(), quotas.collect()) };
    org.policy(POLICY, by_key);
    org.assign(POLICY, |_| {});
    for number in 2..keys + 2 {
        org.issue(&format!("key_{number:026}"), CLIENT, number, |_| {});
    }
    org
}

/// Decisions carry every limit that was looked at, some 5 kB here; levels and answers fill their parts of the first batch too.
#[test]
fn a_batch_stays_below_a_message_however_many_limits_its_decisions_carry() {
    let keys = 70;
    let org = under_many_limits(keys);
    note_answers(&org, 2_000);
    let calls = (0..15).flat_map(|_| 2..keys + 2);
    let expected: Vec<DecisionId> = calls.map(|number| org.call(number).id).collect();
    let batches = flushed(&org, MESSAGE_BYTES_MAX);
    let first = &batches[0];
    assert_eq!(first.quota_levels.len(), LEVELS_MAX);
    assert!(!first.responses.is_empty() && !first.decisions.is_empty());
    assert!(first.decisions.iter().all(|record| record.limits.len() == 16));
    assert_eq!(decided(&batches), expected);
    assert_eq!(answers(&batches), 2_000);
}

#[test]
fn a_batch_that_is_too_large_comes_in_parts_and_each_thing_once() {
    let org = keeping_all();
    let expected: Vec<DecisionId> = (0..10).map(|_| org.call(1).id).collect();
    let whole = org.gateway.take_flush(org.now);
    let last = org.call(1).id;
    org.gateway.give_back_too_large(whole);
    assert!(org.gateway.more_waits());
    let half = org.gateway.take_flush(org.now);
    org.gateway.give_back_too_large(half);
    let parts: Vec<UsageBatch> = iter::from_fn(|| org.gateway.take_flush(org.now).batch).collect();
    let told: Vec<_> = parts.iter().map(|part| (part.sequence, part.decisions.len(), calls(part))).collect();
    // What was counted meanwhile comes last.
    assert_eq!(told, [(1, 3, 10), (2, 2, 0), (3, 5, 0), (4, 1, 1)]);
    assert_eq!(decided(&parts), [expected, vec![last]].concat());
    assert!(!org.gateway.more_waits());
}

#[test]
fn what_cannot_be_divided_comes_again_as_it_was() {
    let org = keeping_all();
    org.call(1);
    let first = org.gateway.take_flush(org.now);
    org.gateway.give_back_too_large(first.clone());
    assert_eq!(org.gateway.take_flush(org.now).batch, first.batch);
    assert_eq!(org.gateway.take_flush(org.now).batch, None);
}
