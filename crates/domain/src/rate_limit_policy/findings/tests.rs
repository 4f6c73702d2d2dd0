//! Given, when, then.

use super::*;
use crate::{
    ClientId, Position,
    given::{all, at, the},
    rate_limit_policy::{
        Assignment, Counting, Mode, Period, PolicySpec, QuotaLimit, QuotaWindow, RateLimit, TimeZoneName,
    },
    route::{CostFromHeader, RouteSpec},
};

const NONE: [&str; 0] = [];

fn rate(name: &str, requests: u64, per_seconds: u32, burst: u64) -> RateLimit {
    RateLimit { name: the(name), requests, per_seconds, burst }
}

fn quota(name: &str, requests: u64, period: Period, window: QuotaWindow) -> QuotaLimit {
    QuotaLimit { name: the(name), requests, period, window, time_zone: TimeZoneName::utc() }
}

fn monthly(requests: u64) -> QuotaLimit {
    quota("monthly", requests, Period::Month, QuotaWindow::Calendar)
}

fn spec(rates: Vec<RateLimit>, quotas: Vec<QuotaLimit>) -> PolicySpec {
    let (counting, mode, thresholds) = (Counting::Client, Mode::Enforce, [80, 100].into());
    PolicySpec { name: the("Policy"), rates, quotas, counting, mode, thresholds }
}

fn check(rates: Vec<RateLimit>, quotas: Vec<QuotaLimit>, expected: &[(&str, &str)]) {
    let found = of_spec(&spec(rates, quotas));
    let told: Vec<_> = found
        .iter()
        .map(|finding| match finding.subject() {
            Some(Subject::Limit(limit)) => (finding.code(), limit.as_str()),
            Some(Subject::Assignment(_)) | None => (finding.code(), ""),
        })
        .collect();
    assert_eq!(told, expected, "{found:?}");
}

#[test]
fn limits_that_leave_each_other_room_contradict_nothing() {
    check(vec![rate("burst", 10, 1, 20)], vec![monthly(1_000_000)], &[]);
    check(vec![rate("fast", 100, 1, 100), rate("slow", 1_000, 60, 1_000)], vec![], &[]);
    let daily = quota("daily", 1_000, Period::Day, QuotaWindow::Calendar);
    check(vec![], vec![daily, monthly(30_999)], &[]);
}

#[test]
fn a_quota_smaller_than_a_burst_is_told() {
    check(vec![rate("burst", 10, 1, 100)], vec![monthly(99)], &[("quota_below_burst", "monthly")]);
    check(vec![rate("burst", 10, 1, 99)], vec![monthly(99)], &[]);
}

#[test]
fn a_quota_that_a_rate_never_lets_come_to_its_end_is_told() {
    // One a second in 31 days and the hour that a clock may add, and the burst.
    let most = (31 * 24 + 1) * 3_600 + 5;
    check(vec![rate("slow", 1, 1, 5)], vec![monthly(most)], &[("limit_never_reached", "monthly")]);
    check(vec![rate("slow", 1, 1, 5)], vec![monthly(most - 1)], &[]);
    let rolling = |requests| vec![quota("day", requests, Period::Day, QuotaWindow::Rolling)];
    check(vec![rate("slow", 1, 1, 5)], rolling(86_405), &[("limit_never_reached", "day")]);
    check(vec![rate("slow", 1, 1, 5)], rolling(86_404), &[]);
}

#[test]
fn a_quota_that_another_never_lets_come_to_its_end_is_told() {
    let daily = || quota("daily", 1_000, Period::Day, QuotaWindow::Calendar);
    check(vec![], vec![daily(), monthly(31_000)], &[("limit_never_reached", "monthly")]);
    // Nor one of a day that a month grants less than.
    check(vec![], vec![daily(), monthly(1_000)], &[("limit_never_reached", "daily")]);
    // In another zone a month touches one day more.
    let elsewhere = |requests| QuotaLimit { time_zone: the("Asia/Tokyo"), ..monthly(requests) };
    check(vec![], vec![daily(), elsewhere(31_000)], &[]);
    check(vec![], vec![daily(), elsewhere(40_000)], &[("limit_never_reached", "monthly")]);
    let week = quota("weekly", 7_000, Period::Week, QuotaWindow::Calendar);
    check(vec![], vec![daily(), week], &[("limit_never_reached", "weekly")]);
}

#[test]
fn a_rate_that_another_keeps_from_refusing_is_told_and_of_two_alike_the_first() {
    check(vec![rate("wide", 10, 1, 20), rate("tight", 5, 1, 20)], vec![], &[("limit_never_reached", "wide")]);
    check(vec![rate("wide", 10, 1, 20), rate("bursty", 5, 1, 21)], vec![], &[]);
    check(vec![rate("one", 60, 60, 5), rate("two", 1, 1, 5)], vec![], &[("limit_never_reached", "one")]);
}

#[test]
fn thresholds_without_a_quota_are_told_unless_nobody_asked_for_them() {
    check(vec![rate("burst", 1, 1, 1)], vec![], &[]);
    let spoken = PolicySpec { thresholds: [50].into(), ..spec(vec![rate("burst", 1, 1, 1)], vec![]) };
    assert_eq!(of_spec(&spoken), [Finding::ThresholdsWithoutQuota]);
    let none = PolicySpec { thresholds: [].into(), ..spoken };
    assert_eq!(of_spec(&none), []);
}

#[test]
fn a_call_that_costs_more_than_a_limit_ever_holds_is_told() {
    let spec = spec(vec![rate("burst", 100, 1, 9)], vec![monthly(20)]);
    let route_id = crate::RouteId::from_parts(1, 1);
    let route = |cost, max: Option<u32>| RouteSpec {
        name: the("Export"),
        hosts: [].into(),
        methods: all(&["GET"]),
        path: the("/export"),
        required_scopes: [].into(),
        cost,
        cost_from_header: max.map(|max| CostFromHeader { name: the("x-call-cost"), max }),
    };
    let code = |cost, max| costs(&spec, route_id, &route(cost, max)).map(|found| found.code());
    assert_eq!(code(9, None), None);
    assert_eq!(code(10, None), Some("cost_never_fits"));
    assert_eq!(code(1, Some(9)), None);
    assert_eq!(code(1, Some(10)), Some("header_cost_never_fits"));
}

/// The assignment of that number, made in the order of numbers, each of a policy of its own.
fn bound(number: u64, change: impl FnOnce(&mut Bound)) -> Bound {
    let mut bound = Bound {
        policy_id: crate::PolicyId::from_parts(number, 0),
        spec: spec(vec![rate("burst", 10, 1, 10)], vec![]),
        assignment: Assignment {
            assignment_id: crate::AssignmentId::from_parts(number, 0),
            client_id: Some(ClientId::from_parts(1, 1)),
            route_id: None,
            environment: None,
            from: None,
            until: None,
        },
        assigned_at: Position::new(number),
    };
    change(&mut bound);
    bound
}

fn around(others: Vec<Bound>) -> Surroundings {
    Surroundings { environments: Some(all(&["prod", "test"])), others, ..Surroundings::default() }
}

fn codes(own: &Bound, around: &Surroundings) -> Vec<&'static str> {
    of_assignments(own, around, at(0)).iter().map(Finding::code).collect()
}

#[test]
fn of_two_for_the_same_calls_the_earlier_is_told_that_it_never_wins_and_the_later_that_it_does() {
    let (first, second) = (bound(1, |_| {}), bound(2, |_| {}));
    assert_eq!(codes(&first, &around(vec![second.clone()])), ["assignment_never_wins"]);
    assert_eq!(codes(&second, &around(vec![first])), ["assignment_overrides"]);
}

#[test]
fn one_that_gives_way_for_a_time_or_for_a_kind_is_told_so() {
    let first = bound(1, |_| {});
    let for_a_day = bound(2, |b| b.assignment.until = Some(at(86_400)));
    assert_eq!(codes(&first, &around(vec![for_a_day])), ["assignment_gives_way"]);
    let both = bound(1, |b| b.spec.quotas = vec![monthly(10)]);
    assert_eq!(codes(&both, &around(vec![bound(2, |_| {})])), ["assignment_gives_way"]);
}

#[test]
fn those_that_bind_other_calls_times_kinds_or_modes_compete_with_nobody() {
    let own = bound(1, |b| b.assignment.until = Some(at(100)));
    for other in [
        bound(2, |b| b.assignment.client_id = None),
        bound(2, |b| b.assignment.route_id = Some(crate::RouteId::from_parts(1, 1))),
        bound(2, |b| b.assignment.environment = Some(the("prod"))),
        bound(2, |b| b.assignment.from = Some(at(100))),
        bound(2, |b| b.assignment.until = Some(at(-1))),
        bound(2, |b| b.spec = spec(vec![], vec![monthly(1)])),
        bound(2, |b| b.spec.mode = Mode::Shadow),
        own.clone(),
    ] {
        assert_eq!(codes(&own, &around(vec![other.clone()])), NONE, "{other:?}");
    }
}

#[test]
fn one_whose_every_environment_has_a_more_specific_one_never_wins() {
    let own = bound(5, |_| {});
    let of = |number, name: &str| bound(number, |b| b.assignment.environment = Some(the(name)));
    assert_eq!(codes(&own, &around(vec![of(1, "prod"), of(2, "test")])), ["assignment_covered"]);
    assert_eq!(codes(&own, &around(vec![of(1, "prod")])), NONE);
    let ends = bound(2, |b| {
        (b.assignment.environment, b.assignment.until) = (Some(the("test")), Some(at(10)));
    });
    assert_eq!(codes(&own, &around(vec![of(1, "prod"), ends])), NONE);
}

#[test]
fn one_that_binds_no_call_is_told_so() {
    let own = bound(1, |b| b.assignment.environment = Some(the("dev")));
    assert_eq!(codes(&own, &around(vec![])), ["environment_not_held"]);
    let gone = Surroundings { client_archived: true, route_retired: true, ..Surroundings::default() };
    assert_eq!(codes(&own, &gone), ["client_archived", "route_retired"]);
    let over = bound(1, |b| b.assignment.until = Some(at(0)));
    assert_eq!(codes(&over, &around(vec![bound(2, |_| {})])), ["assignment_over"]);
}

#[test]
fn a_finding_is_written_with_its_code() {
    let told = serde_json::to_value(Finding::ThresholdsWithoutQuota).unwrap();
    assert_eq!(told, serde_json::json!({ "code": "thresholds_without_quota" }));
    let own = bound(1, |_| {});
    for finding in of_assignments(&own, &around(vec![bound(2, |_| {})]), at(0)) {
        assert_eq!(serde_json::to_value(&finding).unwrap()["code"], finding.code());
    }
}
