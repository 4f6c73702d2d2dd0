use domain::{
    decision::Outcome,
    rate_limit_policy::{Mode, PolicySpec},
    usage::ShadowFact,
};

use super::*;
use crate::testing::{CLIENT, Organisation, POLICY, ids, quota, rate, read, spec};

const TRIAL: &str = "pol_00000000000000000000000002";

/// A hundred a minute enforced, and in shadow a policy with a limit of the same name that grants two of them, and
/// three a day.
fn on_trial() -> Organisation {
    let mut org = Organisation::small();
    org.policy(POLICY, spec(vec![rate("burst", 100)], vec![]));
    org.assign(POLICY, |_| {});
    org.policy(TRIAL, trial(Mode::Shadow, 2));
    org.assign(TRIAL, |a| a.client_id = Some(read(CLIENT)));
    org
}

fn trial(mode: Mode, burst: u64) -> PolicySpec {
    PolicySpec { mode, ..spec(vec![rate("burst", burst)], vec![quota("daily", 3)]) }
}

fn counted(org: &Organisation) -> Vec<ShadowFact> {
    org.gateway.take_flush(org.now).batch.map(|batch| batch.shadow).unwrap_or_default()
}

/// By limit, none being all of the policy's: revision, calls and those that it would have refused.
fn sums(facts: &[ShadowFact]) -> Vec<(Option<&str>, u32, u64, u64)> {
    let sum = |fact: &ShadowFact| (fact.policy_revision, fact.calls, fact.refused);
    let mut sums: Vec<_> = facts
        .iter()
        .map(|fact| (fact.limit.as_ref().map(|limit| limit.as_str().to_owned()), sum(fact)))
        .collect();
    sums.sort();
    let name = |name: Option<String>| match name.as_deref() {
        Some("burst") => Some("burst"),
        Some("daily") => Some("daily"),
        Some(other) => panic!("{other}"),
        None => None,
    };
    sums.into_iter()
        .map(|(limit, (revision, calls, refused))| (name(limit), revision, calls, refused))
        .collect()
}

#[test]
fn what_a_shadowed_policy_would_have_refused_is_counted_by_policy_and_by_limit() {
    let mut org = on_trial();
    (0..10).for_each(|_| assert_eq!(org.call(1).outcome, Outcome::Allowed));
    let facts = counted(&org);
    // Two pass the trial's burst; its day has seen two of three, and refuses none.
    assert_eq!(sums(&facts), [(None, 1, 10, 8), (Some("burst"), 1, 10, 8), (Some("daily"), 1, 10, 0)]);
    let (client, _, route, _) = ids();
    for fact in &facts {
        assert_eq!((fact.client_id, fact.route_id), (Some(client), Some(route)));
        assert_eq!((fact.policy_id, fact.environment.as_str()), (read(TRIAL), "prod"));
        assert_eq!(fact.minute, org.now.as_second() / 60 * 60);
    }
    assert_eq!(counted(&org), [], "each call once");
    org.pass(60);
    (0..10).for_each(|_| drop(org.call(1)));
    let facts = counted(&org);
    // One is left of the day. What the day refuses is not taken from the burst, which so refuses nothing.
    assert_eq!(sums(&facts), [(None, 1, 10, 9), (Some("burst"), 1, 10, 0), (Some("daily"), 1, 10, 9)]);
}

#[test]
fn a_shadowed_policys_counters_are_its_own() {
    let mut org = on_trial();
    let left = |org: &Organisation| {
        let decision = org.call(1);
        decision.limits.iter().map(|limit| (limit.mode, limit.remaining)).collect::<Vec<_>>()
    };
    assert_eq!(left(&org), [(Mode::Enforce, 99), (Mode::Shadow, 1), (Mode::Shadow, 2)]);
    assert_eq!(left(&org), [(Mode::Enforce, 98), (Mode::Shadow, 0), (Mode::Shadow, 1)]);
    // The enforced one goes on where the shadowed one has nothing left, and the other way round.
    assert_eq!(left(&org), [(Mode::Enforce, 97), (Mode::Shadow, 0), (Mode::Shadow, 1)]);
    org.revise(POLICY, 2, spec(vec![rate("burst", 3)], vec![]));
    assert_eq!(org.call(1).outcome, Outcome::RateLimited);
    org.pass(30);
    assert_eq!(left(&org), [(Mode::Enforce, 0), (Mode::Shadow, 0), (Mode::Shadow, 0)]);
    // Enforced from now on, it goes on from what it would have granted: no second allowance.
    org.revise(TRIAL, 2, trial(Mode::Enforce, 2));
    assert_eq!(org.call(1).outcome, Outcome::QuotaExceeded);
}

#[test]
fn calls_that_are_refused_or_not_held_against_a_shadowed_policy_are_not_counted() {
    let mut org = on_trial();
    org.revise(POLICY, 2, spec(vec![rate("burst", 1)], vec![]));
    (0..5).for_each(|_| drop(org.call(1)));
    org.call(7);
    assert_eq!(sums(&counted(&org)), [(None, 1, 1, 0), (Some("burst"), 1, 1, 0), (Some("daily"), 1, 1, 0)]);
    org.revise(TRIAL, 2, trial(Mode::Enforce, 2));
    org.pass(60);
    org.call(1);
    assert_eq!(counted(&org), []);
}

#[test]
fn revisions_are_told_apart() {
    let mut org = on_trial();
    org.call(1);
    org.revise(TRIAL, 2, trial(Mode::Shadow, 1));
    org.call(1);
    let facts = counted(&org);
    let all: Vec<_> = sums(&facts).into_iter().filter(|(limit, ..)| limit.is_none()).collect();
    assert_eq!(all, [(None, 1, 1, 0), (None, 2, 1, 1)]);
}

#[test]
fn beyond_the_bound_calls_are_told_apart_by_limit_only_and_none_is_lost() {
    let usage = ShadowUsage::new(2);
    let counted = |client| Counted {
        client: ClientSlot(client),
        key: crate::index::slots::KeySlot::NONE,
        secret_version: 0,
        route: RouteSlot(0),
        environment: EnvironmentSlot(0),
        outcome: Outcome::Allowed,
    };
    let shadowed = Shadowed { policy: PolicySlot(0), revision: 1, limit: LimitSlot::NONE, refused: true };
    (0..100).for_each(|client| usage.count(&counted(client), &[shadowed], Timestamp::UNIX_EPOCH));
    let lanes = usage.lanes.iter().flat_map(|lane| lane.lock().clone());
    let all: Vec<_> = lanes.collect();
    assert_eq!(all.iter().map(|(_, tally)| tally.refused).sum::<u64>(), 100);
    assert_eq!(all.len(), 3);
}
