//! Given calls by the second, when a candidate is replayed, then refusals.

use proptest::prelude::*;

use super::*;
use crate::{
    given::the,
    rate_limit_policy::{Period, QuotaWindow},
};

const CLIENT: &str = "cli_00000000000000000000000001";
const OTHER_CLIENT: &str = "cli_00000000000000000000000002";
const ROUTE: &str = "rte_00000000000000000000000001";
const OTHER_ROUTE: &str = "rte_00000000000000000000000002";
/// The beginning of a day.
const DAY: i64 = 1_772_323_200;

fn rate(requests: u64, per_seconds: u32, burst: u64) -> RateLimit {
    RateLimit { name: the("rate"), requests, per_seconds, burst }
}

fn quota(requests: u64, period: Period, window: QuotaWindow) -> QuotaLimit {
    QuotaLimit { name: the("quota"), requests, period, window, time_zone: the("UTC") }
}

fn everyone(rates: Vec<RateLimit>, quotas: Vec<QuotaLimit>) -> Candidate {
    Candidate { rates, quotas, counting: Counting::Client, targets: vec![Target::default()] }
}

fn calls(second: i64, calls: u64) -> Calls {
    Calls {
        second: DAY + second,
        client_id: Some(the(CLIENT)),
        key_id: None,
        route_id: Some(the(ROUTE)),
        environment: the("prod"),
        calls,
        cost: 1,
    }
}

fn replayed(candidate: &Candidate, given: impl IntoIterator<Item = Calls>) -> Replayed {
    let mut replay = Replay::new(candidate);
    given.into_iter().for_each(|calls| {
        replay.add(&calls);
    });
    replay.finish()
}

/// At least, if even, at most.
fn check(candidate: &Candidate, given: impl IntoIterator<Item = Calls>, expected: [u64; 3]) {
    let Refusals { at_least, at_most, if_even } = replayed(candidate, given).refused;
    assert_eq!([at_least, if_even, at_most], expected);
}

#[test]
fn a_calendar_quota_refuses_until_its_window_turns() {
    let candidate = everyone(vec![], vec![quota(10, Period::Minute, QuotaWindow::Calendar)]);
    check(&candidate, (0..60).map(|second| calls(second, 1)), [50; 3]);
    check(&candidate, [calls(59, 12), calls(60, 12)], [4; 3]);
    let told = replayed(&candidate, [calls(58, 8), calls(59, 8)]);
    let breach = Breach { second: DAY + 59, limit: the("quota") };
    assert_eq!(told.pairs[0].first_breach, Some(breach));
    let kind = LimitKind::Quota;
    let limit = OfLimit { limit: the("quota"), kind, refused_if_even: 6, first_breach: Some(DAY + 59) };
    assert_eq!(told.limits, [limit]);
}

#[test]
fn a_rolling_quota_counts_for_a_window_and_a_part() {
    let candidate = everyone(vec![], vec![quota(10, Period::Minute, QuotaWindow::Rolling)]);
    check(&candidate, [calls(0, 10), calls(60, 10)], [10; 3]);
    check(&candidate, [calls(0, 10), calls(61, 10)], [0; 3]);
}

#[test]
fn a_burst_passes_at_once_and_what_flows_back_is_known_to_a_second() {
    let candidate = everyone(vec![rate(1, 1, 10)], vec![]);
    check(&candidate, [calls(0, 10)], [0; 3]);
    // One may flow back within the second.
    check(&candidate, [calls(0, 12)], [1, 1, 2]);
    // Between the first and the last of them between 9 and 11 seconds pass.
    check(&candidate, (0..11).map(|second| calls(second, 10)), [89, 89, 91]);
    // A burst again after the bucket has filled up.
    check(&candidate, [calls(0, 10), calls(11, 10)], [0; 3]);
}

#[test]
fn a_burst_as_small_as_a_second_of_flow_may_find_half_of_it() {
    let candidate = everyone(vec![rate(10, 1, 10)], vec![]);
    check(&candidate, (0..10).map(|second| calls(second, 5)), [0; 3]);
    // Nine at the end of one second and nine at the beginning of the next.
    let Refusals { at_least, at_most, .. } =
        replayed(&candidate, (0..10).map(|second| calls(second, 9))).refused;
    assert_eq!(at_least, 0);
    assert!((35..=40).contains(&at_most), "{at_most}");
}

#[test]
fn a_refused_call_takes_nothing_from_other_limits() {
    let candidate = everyone(vec![rate(1, 60, 2)], vec![quota(3, Period::Hour, QuotaWindow::Calendar)]);
    // Two pass, then one a minute later: three of the quota.
    check(&candidate, [calls(0, 5), calls(70, 5), calls(140, 5)], [12; 3]);
}

#[test]
fn what_is_counted_apart_is_replayed_apart() {
    let mut candidate = everyone(vec![], vec![quota(10, Period::Hour, QuotaWindow::Calendar)]);
    let own = || calls(0, 8);
    let key = Calls { key_id: Some(the("key_00000000000000000000000002")), ..own() };
    let other = Calls { client_id: Some(the(OTHER_CLIENT)), ..own() };
    let place = Calls { environment: the("test"), ..own() };
    let given = || [own(), key.clone(), other.clone(), place.clone()];
    check(&candidate, given(), [6; 3]);
    candidate.counting = Counting::Key;
    check(&candidate, given(), [0; 3]);
    candidate.counting = Counting::Shared;
    check(&candidate, given(), [14; 3]);
    // By the route where the target names it.
    let by_route = Calls { route_id: Some(the(OTHER_ROUTE)), ..own() };
    candidate.counting = Counting::Client;
    check(&candidate, [own(), by_route.clone()], [6; 3]);
    let target = |route: &str| Target { route_id: Some(the(route)), ..Target::default() };
    candidate.targets = vec![target(ROUTE), target(OTHER_ROUTE)];
    check(&candidate, [own(), by_route.clone()], [0; 3]);
    candidate.targets = vec![target(ROUTE)];
    let told = replayed(&candidate, [own(), by_route]);
    assert_eq!((told.calls, told.pairs.len()), (8, 1));
}

#[test]
fn who_is_refused_by_a_shared_counter_is_known_less_well_than_how_many() {
    let candidate = Candidate {
        counting: Counting::Shared,
        ..everyone(vec![], vec![quota(10, Period::Hour, QuotaWindow::Calendar)])
    };
    let other = Calls { client_id: Some(the(OTHER_CLIENT)), ..calls(0, 6) };
    let told = replayed(&candidate, [calls(0, 9), other]);
    assert_eq!((told.refused.at_least, told.refused.at_most), (5, 5));
    let bounds: Vec<_> =
        told.pairs.iter().map(|pair| (pair.refused.at_least, pair.refused.at_most)).collect();
    assert_eq!(bounds, [(0, 5), (0, 5)]);
    assert_eq!(told.pairs.iter().map(|pair| pair.refused.if_even).sum::<u64>(), 5);
}

#[test]
fn what_costs_more_uses_more_and_which_comes_first_is_not_known() {
    let candidate = everyone(vec![], vec![quota(10, Period::Hour, QuotaWindow::Calendar)]);
    let dear = |second, count| Calls { cost: 3, route_id: Some(the(OTHER_ROUTE)), ..calls(second, count) };
    check(&candidate, [dear(0, 5)], [2; 3]);
    // Three dear ones and one cheap, or ten cheap ones.
    let told = replayed(&candidate, [calls(0, 10), dear(0, 5)]).refused;
    assert!(told.at_least <= 5 && told.at_most >= 11, "{told:?}");
    // What never fits is refused whenever it comes.
    check(&candidate, [Calls { cost: 11, ..calls(0, 2) }], [2; 3]);
}

proptest! {
    /// Whatever is given, the answer is an interval within the calls, and sums of pairs enclose that of all.
    #[test]
    fn an_answer_is_an_interval(
        limits in (1_u64..20, 1_u32..100, 1_u64..40, 1_u64..90, any::<bool>()),
        given in prop::collection::vec((0_i64..9, 1_u64..20, any::<bool>(), 1_u64..4), 1..60),
    ) {
        let (requests, per_seconds, burst, allowed, rolling) = limits;
        let window = if rolling { QuotaWindow::Rolling } else { QuotaWindow::Calendar };
        let candidate =
            everyone(vec![rate(requests, per_seconds, burst)], vec![quota(allowed, Period::Minute, window)]);
        let mut second = 0;
        let given: Vec<_> = given
            .into_iter()
            .map(|(gap, count, other, cost)| {
                second += gap;
                let route = if other { OTHER_ROUTE } else { ROUTE };
                Calls { route_id: Some(the(route)), cost, ..calls(second, count) }
            })
            .collect();
        let asked: u64 = given.iter().map(|calls| calls.calls).sum();
        let told = replayed(&candidate, given);
        let Refusals { at_least, at_most, if_even } = told.refused;
        prop_assert_eq!(told.calls, asked);
        prop_assert!(at_least <= if_even && if_even <= at_most && at_most <= asked);
        let sum = |of: fn(&Refusals) -> u64| told.pairs.iter().map(|pair| of(&pair.refused)).sum::<u64>();
        prop_assert!(sum(|refused| refused.at_least) <= at_least && at_most <= sum(|refused| refused.at_most));
    }
}
