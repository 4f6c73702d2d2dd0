//! What is given back of a limit: once, to those it was said of, and not again by a replay.

use domain::{Position, decision::Outcome, rate_limit_policy::Counting};

use crate::{
    Call, Gateway, Subject, Tracked,
    testing::{
        CLIENT, KEY, Organisation, POLICY, ROUTE, call, peppers, quota, rate, read, secret, settings, spec,
    },
};

const OTHER_CLIENT: &str = "cli_00000000000000000000000002";
const OTHER_KEY: &str = "key_00000000000000000000000002";

/// Two clients with 3 calls a day each, the first of them with a bucket of 10 beside.
fn organisation() -> Organisation {
    let mut org = Organisation::small();
    org.register(OTHER_CLIENT, &["prod"], &["orders:read"]);
    org.issue(OTHER_KEY, OTHER_CLIENT, 2, |_| {});
    org.policy(POLICY, spec(vec![rate("burst", 10)], vec![quota("daily", 3)]));
    org.assign(POLICY, |_| {});
    org
}

fn use_up(org: &Organisation, number: u32) {
    while org.call(number).outcome == Outcome::Allowed {}
}

fn remaining(org: &Organisation, number: u32, limit: &str) -> u64 {
    let (secret, prod) = (secret(number), read("prod"));
    let looked = org.judge(&Call { cost: Some(0), ..call(&secret, &prod) });
    looked.limits.iter().find(|found| found.name.as_str() == limit).unwrap().remaining
}

#[test]
fn a_reset_gives_back_one_limit_of_one_client() {
    let mut org = organisation();
    use_up(&org, 1);
    use_up(&org, 2);
    org.reset(POLICY, "daily", |reset| reset.client_id = Some(read(CLIENT)));
    assert_eq!((remaining(&org, 1, "daily"), remaining(&org, 1, "burst")), (3, 7));
    assert_eq!(remaining(&org, 2, "daily"), 0);
    use_up(&org, 1);
    assert_eq!(remaining(&org, 1, "daily"), 0, "it counts on as before");
}

#[test]
fn a_reset_in_another_environment_changes_nothing_here() {
    let mut org = organisation();
    use_up(&org, 1);
    org.reset(POLICY, "daily", |reset| {
        (reset.client_id, reset.environment) = (Some(read(CLIENT)), Some(read("test")));
    });
    assert_eq!(remaining(&org, 1, "daily"), 0);
    org.reset(POLICY, "daily", |reset| {
        (reset.client_id, reset.environment) = (Some(read(CLIENT)), Some(read("prod")));
    });
    assert_eq!(remaining(&org, 1, "daily"), 3);
}

#[test]
fn keys_and_what_all_share_are_reset_as_they_are_counted() {
    for (counting, key) in [(Counting::Key, Some(read(KEY))), (Counting::Shared, None)] {
        let mut org = organisation();
        let mut revised = spec(vec![], vec![quota("daily", 3)]);
        revised.counting = counting;
        org.revise(POLICY, 2, revised);
        use_up(&org, 1);
        org.reset(POLICY, "daily", |reset| reset.key_id = key);
        assert_eq!(remaining(&org, 1, "daily"), 3, "{counting:?}");
    }
}

/// A gateway that starts again with the counters as they were kept.
fn restarted(org: &Organisation, events_first: bool) -> Gateway {
    let kept = org.gateway.take_flush(org.now).counters;
    let gateway = Gateway::new(settings(), peppers());
    if events_first {
        gateway.apply(&org.recorded(), org.now);
    }
    gateway.restore_counters(kept, org.now);
    gateway.apply(&org.recorded(), org.now);
    gateway.caught_up(Position::new(org.position), org.now);
    gateway
}

#[test]
fn a_replay_does_not_reset_again() {
    for events_first in [true, false] {
        let mut org = organisation();
        use_up(&org, 1);
        org.reset(POLICY, "daily", |reset| reset.client_id = Some(read(CLIENT)));
        org.call(1);
        org.gateway = restarted(&org, events_first);
        assert_eq!(remaining(&org, 1, "daily"), 2);
    }
}

#[test]
fn what_was_kept_before_a_reset_does_not_come_back() {
    for events_first in [true, false] {
        let mut org = organisation();
        use_up(&org, 1);
        let kept = org.gateway.take_flush(org.now);
        org.reset(POLICY, "daily", |reset| reset.client_id = Some(read(CLIENT)));
        org.gateway.give_back(kept);
        org.gateway = restarted(&org, events_first);
        assert_eq!(remaining(&org, 1, "daily"), 3);
    }
}

#[test]
fn a_snapshot_knows_of_resets() {
    let mut org = organisation();
    use_up(&org, 1);
    let kept = org.gateway.take_flush(org.now).counters;
    org.reset(POLICY, "daily", |reset| reset.client_id = Some(read(CLIENT)));
    let snapshot = org.gateway.snapshot().unwrap();
    org.gateway = Gateway::new(settings(), peppers());
    org.gateway.restore(&snapshot).unwrap();
    assert_eq!(org.gateway.snapshot().unwrap().as_bytes(), snapshot.as_bytes());
    org.gateway.restore_counters(kept, org.now);
    assert_eq!(remaining(&org, 1, "daily"), 3);
}

fn tracked(org: &Organisation, subject: Subject) -> Vec<Tracked> {
    org.gateway.tracked(subject, &read("prod"), org.now).unwrap()
}

#[test]
fn what_is_used_is_told_as_the_next_call_finds_it() {
    let mut org = organisation();
    for _ in 0..2 {
        org.call(1);
    }
    let used = |org: &Organisation| {
        let tracked = tracked(org, Subject::Client(read(CLIENT)));
        let names: Vec<_> = tracked.iter().map(|tracked| tracked.counter().to_owned()).collect();
        let node = org.gateway.standing(&names, org.now);
        tracked
            .iter()
            .map(|tracked| tracked.sum(std::slice::from_ref(&node), None, org.now))
            .collect::<Vec<_>>()
    };
    let found: Vec<_> = used(&org).iter().map(|limit| (limit.used, limit.limit, limit.remaining)).collect();
    assert_eq!(found, [(2, 10, 8), (2, 3, 1)]);
    assert_eq!(used(&org)[1].resets_at, read("2026-11-23T00:00:00Z"));
    org.reset(POLICY, "daily", |reset| reset.client_id = Some(read(CLIENT)));
    let daily = &used(&org)[1];
    assert_eq!((daily.used, daily.reset_at), (0, Some(Position::new(org.position))));
}

#[test]
fn a_route_that_is_counted_by_itself_is_told_apart() {
    let mut org = organisation();
    org.policy("pol_00000000000000000000000002", spec(vec![rate("orders", 5)], vec![]));
    org.assign("pol_00000000000000000000000002", |assignment| {
        assignment.route_id = Some(read(ROUTE));
    });
    let of = tracked(&org, Subject::Key(read(KEY)));
    let routes: Vec<_> = of.iter().map(|tracked| tracked.counter().rsplit('/').next().unwrap()).collect();
    assert_eq!(routes, [ROUTE, "any", "any"]);
    assert!(
        org.gateway
            .tracked(Subject::Key(read("key_00000000000000000000000009")), &read("prod"), org.now)
            .is_none()
    );
}
