use domain::{decision::Outcome, rate_limit_policy::PolicySpec};

use super::*;
use crate::testing::{CLIENT, Organisation, POLICY, ids, quota, rate, read, spec};

const TRIAL: &str = "pol_00000000000000000000000002";

fn counted(org: &Organisation) -> Vec<ThrottleFact> {
    org.gateway.take_flush(org.now).batch.map(|batch| batch.throttled).unwrap_or_default()
}

fn told(facts: &[ThrottleFact]) -> Vec<(&str, u32, u64)> {
    facts.iter().map(|fact| (fact.limit.as_str(), fact.policy_revision, fact.calls)).collect()
}

#[test]
fn refused_calls_are_counted_by_the_limits_that_refused_them() {
    let mut org = Organisation::small();
    org.policy(POLICY, spec(vec![rate("burst", 5)], vec![quota("daily", 6)]));
    org.assign(POLICY, |_| {});
    let first = org.now;
    (0..8).for_each(|_| drop(org.call(1)));
    org.pass(12);
    (0..3).for_each(|_| drop(org.call(1)));
    let facts = counted(&org);
    // One more after twelve seconds is the day's sixth: then both refuse.
    assert_eq!(told(&facts), [("burst", 1, 5), ("daily", 1, 2)]);
    let (client, key, route, _) = ids();
    let burst = &facts[0];
    assert_eq!((burst.client_id, burst.key_id, burst.route_id), (Some(client), Some(key), Some(route)));
    assert_eq!((burst.kind, burst.environment.as_str()), (LimitKind::Rate, "prod"));
    assert_eq!((burst.first_at, burst.last_at), (first, org.now));
    assert_eq!(facts[1].first_at, org.now);
    assert_eq!(counted(&org), [], "each once");
}

#[test]
fn what_only_a_shadowed_policy_refuses_is_not_throttled() {
    let mut org = Organisation::small();
    org.policy(TRIAL, PolicySpec { mode: Mode::Shadow, ..spec(vec![rate("burst", 1)], vec![]) });
    org.assign(TRIAL, |a| a.client_id = Some(read(CLIENT)));
    (0..3).for_each(|_| assert_eq!(org.call(1).outcome, Outcome::Allowed));
    assert_eq!(counted(&org), []);
}

#[test]
fn beyond_the_bound_refusals_are_told_apart_by_limit_only_and_none_is_lost() {
    let mut org = Organisation::small();
    org.policy(POLICY, spec(vec![rate("burst", 1)], vec![]));
    org.assign(POLICY, |_| {});
    drop(org.call(1));
    let limits = org.call(1).limits;
    let throttled = Throttled::new(2);
    for client in 0..100 {
        let counted = Counted {
            client: ClientSlot(client),
            key: KeySlot::NONE,
            secret_version: 1,
            route: RouteSlot(0),
            environment: EnvironmentSlot(0),
            outcome: Outcome::RateLimited,
        };
        throttled.count(&counted, &limits, org.now);
    }
    let lanes: Vec<_> = throttled.lanes.iter().flat_map(|lane| lane.lock().clone()).collect();
    assert_eq!(lanes.iter().flat_map(|(_, tallies)| tallies).map(|tally| tally.calls).sum::<u64>(), 100);
    assert_eq!(lanes.len(), 3);
}
