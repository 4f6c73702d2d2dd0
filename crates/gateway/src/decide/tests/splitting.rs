//! What becomes of limits when gateways come and go.

use domain::rate_limit_policy::{Period, QuotaLimit, QuotaWindow, RateLimit};

use crate::{
    Call, Decision,
    testing::{Organisation, POLICY, call, quota, rate, read, secret, spec},
};

/// Fifty a minute, all of which may come at once.
fn limited() -> Organisation {
    let mut org = Organisation::small();
    org.policy(POLICY, spec(vec![rate("burst", 50)], vec![]));
    org.assign(POLICY, |_| {});
    org
}

/// How many calls pass until one is refused.
fn passed(org: &Organisation) -> u64 {
    let mut passed = 0;
    while org.call(1).reason.is_none() {
        passed += 1;
    }
    passed
}

fn cost(org: &Organisation, cost: u32) -> Decision {
    let (secret, environment) = (secret(1), read("prod"));
    org.judge(&Call { cost: Some(cost), ..call(&secret, &environment) })
}

#[test]
fn each_of_five_gateways_grants_a_fifth_of_burst_and_rate() {
    let mut org = limited();
    org.gateway.set_live_nodes(5);
    assert_eq!(passed(&org), 10);
    org.pass(60);
    assert_eq!(passed(&org), 10);
    org.pass(6);
    assert_eq!(passed(&org), 1);
}

#[test]
fn what_is_told_speaks_of_the_whole_limit() {
    let org = limited();
    org.gateway.set_live_nodes(5);
    let decision = org.call(1);
    let limit = &decision.limits[0];
    assert_eq!((limit.requests, limit.window_seconds, limit.remaining), (50, 60, 45));
}

#[test]
fn no_change_of_membership_grants_a_call_of_its_own() {
    let mut org = limited();
    assert_eq!(passed(&org), 50);
    for nodes in [1, 3, 2, 7, 1, 50, 1, 1_000, 1] {
        org.gateway.set_live_nodes(nodes);
        assert_eq!(passed(&org), 0, "{nodes} nodes");
    }
    org.pass(60);
    org.gateway.set_live_nodes(2);
    // All of the bucket flowed back while it was whole; the part holds half of it.
    assert_eq!(passed(&org), 25);
    org.gateway.set_live_nodes(1);
    assert_eq!(passed(&org), 0);
    org.pass(30);
    assert_eq!(passed(&org), 25);
}

#[test]
fn what_is_left_stays_when_others_leave() {
    let org = limited();
    org.gateway.set_live_nodes(2);
    assert_eq!(cost(&org, 10).reason, None);
    org.gateway.set_live_nodes(1);
    assert_eq!(passed(&org), 15);
}

#[test]
fn a_small_burst_and_a_dear_call_still_pass() {
    let mut org = Organisation::small();
    let small = RateLimit { burst: 4, ..rate("small", 60) };
    org.policy(POLICY, spec(vec![small], vec![]));
    org.assign(POLICY, |_| {});
    org.gateway.set_live_nodes(10);
    assert_eq!(passed(&org), 1);
    org.pass(3_600);
    assert_eq!(cost(&org, 4).reason, None, "as dear as the whole bucket");
    org.pass(10);
    assert!(cost(&org, 4).reason.is_some(), "the rate is kept");
    assert!(cost(&org, 5).reason.is_some(), "it would not pass alone either");
}

#[test]
fn a_rolling_quota_is_split_and_a_calendar_quota_is_not() {
    let rolling = QuotaLimit { period: Period::Hour, window: QuotaWindow::Rolling, ..quota("rolling", 90) };
    for (limit, expected) in [(rolling, 30), (quota("daily", 90), 90)] {
        let mut org = Organisation::small();
        org.policy(POLICY, spec(vec![], vec![limit]));
        org.assign(POLICY, |_| {});
        org.gateway.set_live_nodes(3);
        assert_eq!(passed(&org), expected);
    }
}
