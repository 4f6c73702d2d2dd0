use domain::{
    decision::{Outcome, RefusalReason},
    rate_limit_policy::{Counting, Mode, Period, PolicySpec, QuotaLimit, QuotaWindow, RateLimit},
    route::CostFromHeader,
};
use proptest::prelude::*;

use crate::{
    Call, Decision, HeaderField, Headers, LimitKind,
    testing::{CLIENT, KEY, Organisation, POLICY, ROUTE, Said, call, ids, quota, rate, read, secret, spec},
};

const SECOND_KEY: &str = "key_00000000000000000000000002";
const OTHER_CLIENT: &str = "cli_00000000000000000000000002";
const OTHER_KEY: &str = "key_00000000000000000000000003";

/// The small organisation under one policy, which binds everyone.
fn under(spec: PolicySpec) -> Organisation {
    let mut org = Organisation::small();
    org.policy(POLICY, spec);
    org.assign(POLICY, |_| {});
    org
}

/// How many of so many calls are allowed.
fn allowed(org: &Organisation, number: u32, calls: usize) -> usize {
    (0..calls).filter(|_| org.call(number).outcome == Outcome::Allowed).count()
}

fn remaining(decision: &Decision) -> Vec<u64> {
    decision.limits.iter().map(|limit| limit.remaining).collect()
}

#[test]
fn a_rate_refuses_with_the_wait_and_what_refused() {
    let mut org = under(spec(vec![rate("burst", 3)], vec![]));
    assert_eq!(remaining(&org.call(1)), [2]);
    assert_eq!(allowed(&org, 1, 5), 2);
    let refused = org.call(1);
    assert_eq!((refused.outcome, refused.reason), (Outcome::RateLimited, Some(RefusalReason::RateLimited)));
    assert_eq!(refused.retry_after_seconds, Some(20));
    let limit = &refused.limits[0];
    assert_eq!((limit.requests, limit.window_seconds, limit.remaining, limit.reset_seconds), (3, 60, 0, 60));
    assert_eq!((limit.kind, limit.mode, limit.refused), (LimitKind::Rate, Mode::Enforce, true));
    assert_eq!((limit.policy_id, limit.policy_revision), (ids().3, 1));
    org.pass(19);
    assert_eq!(org.call(1).retry_after_seconds, Some(1));
    org.pass(1);
    assert_eq!(allowed(&org, 1, 2), 1);
}

#[test]
fn a_quota_refuses_until_its_window_turns() {
    let mut org = under(spec(vec![], vec![quota("daily", 2)]));
    assert_eq!(allowed(&org, 1, 5), 2);
    let refused = org.call(1);
    assert_eq!(refused.reason, Some(RefusalReason::QuotaExceeded));
    // Twelve o'clock in UTC.
    assert_eq!(refused.retry_after_seconds, Some(43_200));
    let limit = &refused.limits[0];
    assert_eq!(
        (limit.requests, limit.window_seconds, limit.remaining, limit.reset_seconds),
        (2, 86_400, 0, 43_200)
    );
    org.pass(43_200);
    assert_eq!(allowed(&org, 1, 5), 2);
}

#[test]
fn a_month_is_not_30_days_and_a_day_may_have_23_hours() {
    for (period, now, wait) in [
        (Period::Month, "2026-01-31T12:00:00Z", 11 * 3_600),
        (Period::Month, "2026-02-01T00:00:00+01:00", 28 * 86_400),
        (Period::Day, "2026-03-29T00:00:00+01:00", 23 * 3_600),
        (Period::Day, "2026-10-25T00:00:00+02:00", 25 * 3_600),
    ] {
        let zone = "Europe/Berlin".parse().unwrap();
        let mut org = under(spec(vec![], vec![QuotaLimit { period, time_zone: zone, ..quota("own", 1) }]));
        org.now = read(now);
        assert_eq!(allowed(&org, 1, 1), 1);
        assert_eq!(org.call(1).retry_after_seconds, Some(wait), "{now}");
        org.pass(i64::try_from(wait).unwrap());
        assert_eq!(allowed(&org, 1, 2), 1, "{now}");
    }
}

#[test]
fn every_period_turns_where_the_calendar_does_or_a_period_after_the_call() {
    const DAY: u64 = 86_400;
    for (period, zone, now, wait) in [
        (Period::Minute, "UTC", "2026-11-22T12:00:30Z", 30),
        (Period::Hour, "Europe/Berlin", "2026-11-22T12:20:00Z", 2_400),
        // Half an hour beside everyone else's.
        (Period::Hour, "Asia/Kolkata", "2026-11-22T12:20:00Z", 600),
        (Period::Day, "Asia/Kolkata", "2026-11-22T12:00:00Z", 23_400),
        // Sunday; the week in which clocks are set forward has an hour less.
        (Period::Week, "UTC", "2026-11-22T12:00:00Z", 43_200),
        (Period::Week, "America/New_York", "2026-03-02T00:00:00-05:00", 7 * DAY - 3_600),
        (Period::Month, "UTC", "2026-02-01T00:00:00Z", 28 * DAY),
        (Period::Month, "UTC", "2028-02-01T00:00:00Z", 29 * DAY),
        (Period::Month, "Europe/Berlin", "2026-10-01T00:00:00+02:00", 31 * DAY + 3_600),
        (Period::Year, "UTC", "2026-01-01T00:00:00Z", 365 * DAY),
        (Period::Year, "Australia/Sydney", "2028-01-01T00:00:00+11:00", 366 * DAY),
    ] {
        let limit = QuotaLimit { period, time_zone: zone.parse().unwrap(), ..quota("own", 1) };
        turns_after(limit, now, wait..=wait);
    }
    for (period, seconds) in [
        (Period::Minute, 60),
        (Period::Hour, 3_600),
        (Period::Day, DAY),
        (Period::Week, 7 * DAY),
        (Period::Month, 30 * DAY),
        (Period::Year, 365 * DAY),
    ] {
        let limit = QuotaLimit { period, window: QuotaWindow::Rolling, ..quota("own", 1) };
        turns_after(limit, "2028-02-29T12:00:30Z", seconds..=seconds + seconds / 60);
    }
}

/// One call is granted; the next after so long, and not a second before.
fn turns_after(limit: QuotaLimit, now: &str, wait: std::ops::RangeInclusive<u64>) {
    let mut org = under(spec(vec![], vec![limit.clone()]));
    org.now = read(now);
    assert_eq!(allowed(&org, 1, 1), 1);
    let told = org.call(1).retry_after_seconds.unwrap();
    assert!(wait.contains(&told), "{limit:?} at {now}: {told}");
    org.pass(i64::try_from(told).unwrap() - 1);
    assert_eq!(allowed(&org, 1, 1), 0, "{limit:?} at {now}");
    org.pass(1);
    assert_eq!(allowed(&org, 1, 2), 1, "{limit:?} at {now}");
}

#[test]
fn when_several_refuse_the_quota_is_the_reason_and_the_longest_wait_counts() {
    let org = under(spec(vec![rate("burst", 1)], vec![quota("daily", 1)]));
    assert_eq!(allowed(&org, 1, 1), 1);
    let refused = org.call(1);
    assert_eq!((refused.outcome, refused.retry_after_seconds), (Outcome::QuotaExceeded, Some(43_200)));
    assert!(refused.limits.iter().all(|limit| limit.refused));
}

#[test]
fn refused_calls_take_nothing_from_any_limit() {
    let mut org = under(spec(vec![rate("burst", 2)], vec![quota("daily", 100)]));
    assert_eq!(allowed(&org, 1, 50), 2);
    let refused = org.call(1);
    assert_eq!(remaining(&refused), [0, 98]);
    assert_eq!(refused.limits.iter().map(|limit| limit.refused).collect::<Vec<_>>(), [true, false]);
    // Neither do calls that fail for another reason, before or after their limits are known.
    let (secret, environment) = (secret(1), read("prod"));
    for path in ["/unknown", "/a%00"] {
        assert!(org.judge(&Call { path, ..call(&secret, &environment) }).limits.is_empty());
    }
    org.pass(60);
    assert_eq!(remaining(&org.call(1)), [1, 97]);
}

#[test]
fn a_caller_that_keeps_asking_recovers() {
    let mut org = under(spec(vec![rate("burst", 60)], vec![]));
    assert_eq!(allowed(&org, 1, 60), 60);
    let granted: usize = (0..30)
        .map(|_| {
            org.pass(1);
            allowed(&org, 1, 100)
        })
        .sum();
    assert_eq!(granted, 30);
}

#[test]
fn costs_are_the_routes_unless_the_call_says_otherwise() {
    let mut org = Organisation::small();
    org.route("rte_00000000000000000000000002", |spec| {
        (spec.path, spec.cost) = (read("/exports"), 5);
    });
    org.policy(POLICY, spec(vec![rate("burst", 10)], vec![]));
    org.assign(POLICY, |_| {});
    let (secret, environment) = (secret(1), read("prod"));
    let exports = Call { path: "/exports", ..call(&secret, &environment) };
    assert_eq!(remaining(&org.judge(&exports)), [5]);
    assert_eq!(remaining(&org.judge(&Call { cost: Some(2), ..exports })), [3]);
    assert_eq!(remaining(&org.judge(&Call { cost: Some(0), ..exports })), [3]);
    let never = org.judge(&Call { cost: Some(11), ..exports });
    assert_eq!((never.outcome, never.retry_after_seconds), (Outcome::RateLimited, Some(60)));
    assert_eq!(remaining(&never), [3]);
}

#[test]
fn a_trusted_proxy_says_what_a_call_costs_as_far_as_the_route_lets_it() {
    let mut org = Organisation::small();
    org.route("rte_00000000000000000000000002", |spec| {
        (spec.path, spec.cost) = (read("/exports"), 2);
        spec.cost_from_header = Some(CostFromHeader { name: read("x-call-cost"), max: 10 });
    });
    org.policy(POLICY, spec(vec![rate("burst", 1_000)], vec![]));
    org.assign(POLICY, |_| {});
    let (secret, environment) = (secret(1), read("prod"));
    let taken = |path: &str, field: Option<HeaderField<'static>>| {
        let said = field.map(Said);
        let trusted_headers = said.as_ref().map(|said| -> &dyn Headers { said });
        let look = Call { path, ..call(&secret, &environment) };
        let before = remaining(&org.judge(&Call { cost: Some(0), ..look }))[0];
        before - remaining(&org.judge(&Call { trusted_headers, ..look }))[0]
    };
    use HeaderField::{Absent, One, Unclear};
    // One that is not trusted says nothing.
    assert_eq!(taken("/exports", None), 2);
    for (field, cost) in [
        (Absent, 2),
        (One("1"), 1),
        (One(" 7 "), 7),
        (One("10"), 10),
        (One("11"), 10),
        (One("99999999999999999999"), 10),
        (One("0"), 10),
        (One("-1"), 10),
        (One("+3"), 10),
        (One("1e1"), 10),
        (One("1.5"), 10),
        (One("3, 4"), 10),
        (One(""), 10),
        (Unclear, 10),
    ] {
        assert_eq!(taken("/exports", Some(field)), cost, "{field:?}");
        assert_eq!(taken("/orders/1", Some(field)), 1, "a route without such a header");
    }
}

#[test]
fn usage_in_test_never_eats_the_quota_of_production() {
    let mut org = under(spec(vec![], vec![quota("daily", 2)]));
    org.issue(SECOND_KEY, CLIENT, 2, |issued| issued.environment = read("test"));
    let (secret, test) = (secret(2), read("test"));
    let granted = (0..5).filter(|_| org.judge(&call(&secret, &test)).outcome == Outcome::Allowed).count();
    assert_eq!(granted, 2);
    assert_eq!(allowed(&org, 1, 5), 2);
}

#[test]
fn keys_share_a_clients_count_or_have_their_own_or_all_count_together() {
    for (counting, granted) in
        [(Counting::Client, [3, 0, 3]), (Counting::Key, [3, 3, 3]), (Counting::Shared, [3, 0, 0])]
    {
        let mut org = under(PolicySpec { counting, ..spec(vec![], vec![quota("daily", 3)]) });
        org.issue(SECOND_KEY, CLIENT, 2, |_| {});
        org.register(OTHER_CLIENT, &["prod"], &["orders:read"]);
        org.issue(OTHER_KEY, OTHER_CLIENT, 3, |_| {});
        assert_eq!([1, 2, 3].map(|number| allowed(&org, number, 5)), granted, "{counting:?}");
    }
}

#[test]
fn an_assignment_to_a_route_counts_the_route_by_itself() {
    let mut org = Organisation::small();
    org.route("rte_00000000000000000000000002", |spec| spec.path = read("/other"));
    org.policy(POLICY, spec(vec![], vec![quota("daily", 2)]));
    org.assign(POLICY, |a| a.route_id = Some(read(ROUTE)));
    org.assign(POLICY, |a| a.route_id = Some(read("rte_00000000000000000000000002")));
    assert_eq!(allowed(&org, 1, 5), 2);
    let (secret, environment) = (secret(1), read("prod"));
    assert_eq!(remaining(&org.judge(&Call { path: "/other", ..call(&secret, &environment) })), [1]);
}

#[test]
fn rotation_neither_resets_nor_splits_a_quota() {
    let mut org = under(PolicySpec { counting: Counting::Key, ..spec(vec![], vec![quota("daily", 5)]) });
    assert_eq!(allowed(&org, 1, 2), 2);
    org.rotate(KEY, 2, 2, 60);
    assert_eq!(remaining(&org.call(2)), [2]);
    assert_eq!(remaining(&org.call(1)), [1]);
    org.pass(60);
    assert_eq!(allowed(&org, 2, 5), 1);
}

#[test]
fn a_revised_policy_goes_on_counting_limits_that_keep_their_name() {
    let mut org = under(spec(vec![], vec![quota("daily", 100)]));
    assert_eq!(allowed(&org, 1, 10), 10);
    org.revise(POLICY, 2, spec(vec![], vec![quota("daily", 5)]));
    let refused = org.call(1);
    assert_eq!((refused.outcome, remaining(&refused)), (Outcome::QuotaExceeded, vec![0]));
    assert_eq!(refused.limits[0].policy_revision, 2);
    org.revise(POLICY, 3, spec(vec![], vec![quota("renamed", 5)]));
    assert_eq!(remaining(&org.call(1)), [4]);
    org.revise(POLICY, 4, spec(vec![], vec![quota("daily", 20)]));
    assert_eq!(remaining(&org.call(1)), [9]);
    // A name that counts in another way starts anew.
    org.revise(POLICY, 5, spec(vec![rate("daily", 3)], vec![]));
    assert_eq!(remaining(&org.call(1)), [2]);
}

#[test]
fn a_shadowed_policy_is_judged_and_recorded_and_never_enforced() {
    let mut org = under(spec(vec![rate("real", 100)], vec![]));
    let trial = "pol_00000000000000000000000002";
    org.policy(
        trial,
        PolicySpec { mode: Mode::Shadow, ..spec(vec![rate("trial", 2)], vec![quota("trial-day", 9)]) },
    );
    org.assign(trial, |_| {});
    assert_eq!(allowed(&org, 1, 10), 10);
    let decision = org.call(1);
    let seen: Vec<_> =
        decision.limits.iter().map(|limit| (limit.mode, limit.remaining, limit.refused)).collect();
    // Eleven calls; of the trial's, two passed both of its limits.
    assert_eq!(seen, [(Mode::Enforce, 89, false), (Mode::Shadow, 0, true), (Mode::Shadow, 7, false)]);
    assert_eq!((decision.outcome, decision.retry_after_seconds), (Outcome::Allowed, None));
}

#[test]
fn a_shadowed_policy_is_asked_only_when_the_call_is_allowed() {
    let mut org = under(spec(vec![rate("real", 1)], vec![]));
    let trial = "pol_00000000000000000000000002";
    org.policy(trial, PolicySpec { mode: Mode::Shadow, ..spec(vec![], vec![quota("trial", 9)]) });
    org.assign(trial, |_| {});
    assert_eq!(allowed(&org, 1, 5), 1);
    org.pass(60);
    assert_eq!(remaining(&org.call(1)), [0, 7]);
}

#[test]
fn a_suspended_key_is_refused_although_a_policy_is_assigned() {
    let mut org = under(spec(vec![rate("burst", 100)], vec![]));
    let reason = read("why");
    org.key(KEY, domain::api_key::ApiKeyEvent::Suspended(domain::api_key::Suspended { reason }));
    let decision = org.call(1);
    assert_eq!((decision.reason, decision.limits.len()), (Some(RefusalReason::KeySuspended), 0));
}

#[test]
fn a_retired_policy_limits_nothing() {
    let mut org = under(spec(vec![rate("burst", 1)], vec![]));
    let event =
        domain::rate_limit_policy::RateLimitPolicyEvent::Retired(domain::rate_limit_policy::Retired {
            reason: None,
        });
    org.tell(domain::DomainEvent::RateLimitPolicy { id: read(POLICY), event });
    assert_eq!(allowed(&org, 1, 5), 5);
}

proptest! {
    #[test]
    fn no_window_allows_more_than_its_quota(
        requests in 1_u64..30, rolling: bool,
        steps in prop::collection::vec((0_i64..20, 1_u32..4), 1..80),
    ) {
        let window = if rolling { QuotaWindow::Rolling } else { QuotaWindow::Calendar };
        let limit = QuotaLimit { period: Period::Minute, window, ..quota("minute", requests) };
        let mut org = under(spec(vec![], vec![limit]));
        let (secret, environment) = (secret(1), read("prod"));
        let mut granted: Vec<(i64, u64)> = vec![];
        for (step, cost) in steps {
            org.pass(step);
            let asked = Call { cost: Some(cost), ..call(&secret, &environment) };
            if org.judge(&asked).outcome == Outcome::Allowed {
                granted.push((org.now.as_second(), u64::from(cost)));
            }
        }
        for (end, _) in &granted {
            let from = if rolling { end - 59 } else { end.div_euclid(60) * 60 };
            let window = granted.iter().filter(|(at, _)| (from..=*end).contains(at));
            prop_assert!(window.map(|(_, cost)| cost).sum::<u64>() <= requests);
        }
    }

    #[test]
    fn what_is_refused_changes_no_limit(calls in prop::collection::vec((1_u32..6, 0_i64..20), 1..60)) {
        let slow = RateLimit { burst: 5, ..rate("slow", 3) };
        let mut org = under(spec(vec![slow], vec![quota("daily", 40)]));
        let (secret, environment) = (secret(1), read("prod"));
        for (cost, step) in calls {
            org.pass(step);
            let look = Call { cost: Some(0), ..call(&secret, &environment) };
            let before = remaining(&org.judge(&look));
            let decision = org.judge(&Call { cost: Some(cost), ..look });
            let taken = if decision.outcome == Outcome::Allowed { u64::from(cost) } else { 0 };
            let after = remaining(&org.judge(&look));
            prop_assert_eq!(&after, &before.iter().map(|left| left - taken).collect::<Vec<_>>());
            prop_assert_eq!(&after, &remaining(&decision));
        }
    }
}
