//! Divides a batch that is too large for whoever is to take it.

use domain::usage::{DecisionsLeftOut, UsageBatch};

/// The later half of what a batch tells, taken out of it, without a number yet; None where the batch has no more than one of each
/// kind.
pub(super) fn split_off_half(batch: &mut UsageBatch) -> Option<UsageBatch> {
    let UsageBatch { node, boot, flushed_at, facts, throttled, responses, .. } = batch;
    let UsageBatch { shadow, quota_levels, sightings, addresses, decisions, .. } = batch;
    let half = UsageBatch {
        node: node.clone(),
        boot: boot.clone(),
        sequence: 0,
        flushed_at: *flushed_at,
        facts: later_half(facts),
        throttled: later_half(throttled),
        responses: later_half(responses),
        shadow: later_half(shadow),
        quota_levels: later_half(quota_levels),
        sightings: later_half(sightings),
        addresses: later_half(addresses),
        decisions: later_half(decisions),
        // What is a number is told once, by the first half.
        left_out: DecisionsLeftOut::default(),
    };
    tells_something(&half).then_some(half)
}

fn later_half<T>(all: &mut Vec<T>) -> Vec<T> {
    all.split_off(all.len().div_ceil(2))
}

fn tells_something(batch: &UsageBatch) -> bool {
    let UsageBatch { facts, throttled, responses, shadow, quota_levels, .. } = batch;
    let UsageBatch { sightings, addresses, decisions, .. } = batch;
    !(facts.is_empty()
        && throttled.is_empty()
        && responses.is_empty()
        && shadow.is_empty()
        && quota_levels.is_empty()
        && sightings.is_empty()
        && addresses.is_empty()
        && decisions.is_empty())
}
