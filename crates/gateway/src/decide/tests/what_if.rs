//! What a replay of seconds says of a policy is what a gateway does under it, wherever in their seconds the calls come.

use std::collections::BTreeMap;

use domain::{
    decision::Outcome,
    rate_limit_policy::{Counting, Period, PolicySpec, QuotaLimit, QuotaWindow, RateLimit},
    what_if::{Calls, Candidate, Refusals, Replay, Replayed, Target},
};
use jiff::SignedDuration;
use proptest::prelude::*;

use crate::{
    Call,
    testing::{CLIENT, Organisation, POLICY, ROUTE, call, quota, rate, read, secret, spec},
};

const OTHER_CLIENT: &str = "cli_00000000000000000000000002";
const OTHER_ROUTE: &str = "rte_00000000000000000000000002";
const KEYS: [&str; 3] =
    ["key_00000000000000000000000001", "key_00000000000000000000000002", "key_00000000000000000000000003"];
const SECOND_NS: i64 = 1_000_000_000;

/// One call: when, by which caller, and whether by the other route.
type Made = (i64, usize, bool);

/// Moments that are as bad as they can be, and any others.
fn moment() -> impl Strategy<Value = i64> {
    prop_oneof![2 => Just(0), 2 => Just(SECOND_NS - 1), 3 => 0..SECOND_NS]
}

/// Calls in a few busy seconds and some idle ones, in their order.
fn calls(callers: usize) -> impl Strategy<Value = Vec<Made>> {
    let second = (
        prop_oneof![6 => Just(1_i64), 2 => 2_i64..6, 1 => 20_i64..70],
        prop::collection::vec((moment(), 0..callers, any::<bool>()), 1..16),
    );
    prop::collection::vec(second, 1..40).prop_map(|seconds| {
        let mut at = 0;
        let mut made: Vec<Made> = vec![];
        for (gap, calls) in seconds {
            at += gap * SECOND_NS;
            made.extend(calls.into_iter().map(|(moment, caller, other)| (at + moment, caller, other)));
        }
        // Of calls of one moment any may be the first.
        made.sort_by_key(|(at, ..)| *at);
        made
    })
}

fn limits(rates: impl Strategy<Value = Vec<(u64, u32, u64)>>) -> impl Strategy<Value = PolicySpec> {
    let quotas = prop::collection::vec((1_u64..60, any::<bool>()), 0..3);
    let counting = prop::sample::select(vec![Counting::Client, Counting::Key, Counting::Shared]);
    (rates, quotas, counting).prop_map(|(rates, quotas, counting)| {
        let rate = |(at, (requests, per_seconds, burst)): (usize, (u64, u32, u64))| RateLimit {
            per_seconds,
            burst,
            ..rate(&format!("rate-{at}"), requests)
        };
        let quota = |(at, (requests, rolling)): (usize, (u64, bool))| QuotaLimit {
            period: Period::Minute,
            window: if rolling { QuotaWindow::Rolling } else { QuotaWindow::Calendar },
            ..quota(&format!("quota-{at}"), requests)
        };
        let rates = rates.into_iter().enumerate().map(rate).collect();
        let quotas = quotas.into_iter().enumerate().map(quota).collect();
        PolicySpec { counting, ..spec(rates, quotas) }
    })
}

fn rates() -> impl Strategy<Value = Vec<(u64, u32, u64)>> {
    let rate = prop_oneof![3 => (1_u64..16, 1_u32..3, 1_u64..24), 1 => (1_u64..30, 1_u32..60, 1_u64..24)];
    prop::collection::vec(rate, 1..3)
}

fn target() -> impl Strategy<Value = Target> {
    (any::<bool>(), any::<bool>()).prop_map(|(client, route)| Target {
        client_id: client.then(|| read(CLIENT)),
        route_id: route.then(|| read(ROUTE)),
        environment: None,
    })
}

/// A client and a route, by which number.
type Pair = (usize, bool);

fn client_of(caller: usize) -> usize {
    caller / 2
}

/// What a gateway refuses of these calls.
fn live(spec: &PolicySpec, target: &Target, cost: u32, made: &[Made]) -> BTreeMap<Pair, u64> {
    let mut org = Organisation::small();
    org.issue(KEYS[1], CLIENT, 2, |_| {});
    org.register(OTHER_CLIENT, &["prod"], &["orders:read"]);
    org.issue(KEYS[2], OTHER_CLIENT, 3, |_| {});
    org.route(OTHER_ROUTE, |spec| (spec.path, spec.cost) = (read("/exports"), cost));
    org.policy(POLICY, spec.clone());
    org.assign(POLICY, |assignment| {
        (assignment.client_id, assignment.route_id) = (target.client_id, target.route_id);
    });
    let start = org.now;
    let mut refused = BTreeMap::new();
    for (at, caller, other) in made {
        let (secret, environment) = (secret(u32::try_from(*caller).unwrap() + 1), read("prod"));
        let path = if *other { "/exports" } else { "/orders/1" };
        org.now = start + SignedDuration::from_nanos(*at);
        let decision = org.judge(&Call { path, ..call(&secret, &environment) });
        let sum = refused.entry((client_of(*caller), *other)).or_default();
        *sum += u64::from(decision.outcome != Outcome::Allowed);
    }
    refused
}

/// What a replay says of their seconds.
fn replayed(spec: &PolicySpec, target: &Target, cost: u32, made: &[Made]) -> Replayed {
    let PolicySpec { rates, quotas, counting, .. } = spec.clone();
    let mut replay = Replay::new(&Candidate { rates, quotas, counting, targets: vec![target.clone()] });
    let start = Organisation::small().now.as_second();
    let mut seconds: BTreeMap<(i64, usize, bool), u64> = BTreeMap::new();
    for (at, caller, other) in made {
        *seconds.entry((at / SECOND_NS, *caller, *other)).or_default() += 1;
    }
    for ((second, caller, other), calls) in seconds {
        replay.add(&Calls {
            second: start + second,
            client_id: Some(read([CLIENT, OTHER_CLIENT][client_of(caller)])),
            key_id: Some(read(KEYS[caller])),
            route_id: Some(read(if other { OTHER_ROUTE } else { ROUTE })),
            environment: read("prod"),
            calls,
            cost: if other { u64::from(cost) } else { 1 },
        });
    }
    replay.finish()
}

/// Checks that what is refused lies within what is said of it, in sum and of each pair; answers both sums.
fn check(
    spec: &PolicySpec,
    target: &Target,
    cost: u32,
    made: &[Made],
) -> Result<(u64, Refusals), TestCaseError> {
    let refused = live(spec, target, cost, made);
    let said = replayed(spec, target, cost, made);
    let within = |refused: u64, said: Refusals| {
        prop_assert!(said.at_least <= refused && refused <= said.at_most, "{refused} refused, {said:?}");
        prop_assert!(said.at_least <= said.if_even && said.if_even <= said.at_most, "{said:?}");
        Ok(())
    };
    let sum = refused.values().sum();
    within(sum, said.refused)?;
    for pair in &said.pairs {
        let client = usize::from(pair.client_id == Some(read(OTHER_CLIENT)));
        let other = pair.route_id == Some(read(OTHER_ROUTE));
        within(refused[&(client, other)], pair.refused)?;
        prop_assert_eq!(pair.first_breach.is_some(), pair.refused.if_even > 0);
    }
    Ok((sum, said.refused))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_gateway_refuses_at_least_and_at_most_what_is_said(
        spec in limits(rates()), target in target(), cost in 1_u32..4, made in calls(3),
    ) {
        check(&spec, &target, cost, &made)?;
    }

    #[test]
    fn one_caller_alone_is_bounded_too(
        spec in limits(rates()), target in target(), cost in 1_u32..2, made in calls(1),
    ) {
        check(&spec, &target, cost, &made)?;
    }

    /// Quotas alone, whatever their windows: it is known to the call.
    #[test]
    fn of_quotas_it_is_known_exactly(
        spec in limits(Just(vec![])), target in target(), made in calls(3),
    ) {
        prop_assume!(!spec.quotas.is_empty());
        let (refused, said) = check(&spec, &target, 1, &made)?;
        prop_assert_eq!((said.at_least, said.at_most), (refused, refused));
    }

    /// The width of the interval, where the burst is more than two seconds of flow: those two seconds and a call, however long the
    /// counter is busy.
    #[test]
    fn a_busy_rate_with_room_is_known_to_two_seconds_of_flow(
        requests in 1_u64..10, more in 1_u64..10, made in prop::collection::vec((moment(), 11_u64..30), 10..40),
    ) {
        let bucket = RateLimit { per_seconds: 1, burst: 2 * requests + more, ..rate("busy", requests) };
        let spec = PolicySpec { counting: Counting::Shared, ..spec(vec![bucket], vec![]) };
        let calls = (0_i64..).zip(&made).flat_map(|(second, (moment, calls))| {
            (0..*calls).map(move |_| (second * SECOND_NS + moment, 0, false))
        });
        let (_, said) = check(&spec, &Target::default(), 1, &calls.collect::<Vec<_>>())?;
        prop_assert!(said.at_most - said.at_least <= 2 * requests + 1, "{said:?}");
    }
}
