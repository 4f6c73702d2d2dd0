//! What quotas say of their use, and when.

use domain::{
    Position, Timestamp,
    rate_limit_policy::{Counting, Period, QuotaLimit, QuotaWindow},
    usage::QuotaLevel,
};

use super::LEVELS_MAX;
use crate::{
    CounterRow, Flush, Gateway,
    testing::{CLIENT, Organisation, POLICY, ROUTE, ids, peppers, quota, rate, read, settings, spec},
};

/// With a flush each second, every counter is swept once in so many.
const SWEPT_AFTER: usize = 64;

const NOTHING: [u64; 0] = [];

/// The small organisation under a quota of so many a day.
fn under(requests: u64) -> Organisation {
    let mut org = Organisation::small();
    org.policy(POLICY, spec(vec![rate("burst", 100_000)], vec![quota("daily", requests)]));
    org.assign(POLICY, |_| {});
    org
}

fn levels(flush: Flush) -> Vec<QuotaLevel> {
    flush.batch.map(|batch| batch.quota_levels).unwrap_or_default()
}

fn told(org: &Organisation) -> Vec<u64> {
    levels(org.gateway.take_flush(org.now)).iter().map(|level| level.used).collect()
}

fn calls(org: &Organisation, calls: u64) {
    for _ in 0..calls {
        org.call(1);
    }
}

fn rest(org: &Organisation) -> Vec<u64> {
    (0..3 * SWEPT_AFTER).flat_map(|_| told(org)).collect()
}

#[test]
fn a_level_names_what_it_is_of() {
    let org = under(100);
    calls(&org, 7);
    let (client, _, _, policy) = ids();
    let expected = QuotaLevel {
        policy_id: policy,
        policy_revision: 1,
        limit: read("daily"),
        environment: read("prod"),
        counting: Counting::Client,
        client_id: Some(client),
        key_id: None,
        route_id: None,
        window_start: read::<Timestamp>("2026-11-22T00:00:00Z"),
        window_end: read::<Timestamp>("2026-11-23T00:00:00Z"),
        epoch: Position::START,
        used: 7,
        allowed: 100,
    };
    let flush = org.gateway.take_flush(org.now);
    assert_eq!(levels(flush.clone()), [expected]);
    let text = serde_json::to_string(&flush.batch).unwrap();
    assert_eq!(serde_json::from_str::<Option<domain::usage::UsageBatch>>(&text).unwrap(), flush.batch);
}

#[test]
fn keys_and_routes_and_all_together_are_told_apart() {
    for (counting, client, key) in
        [(Counting::Key, Some(ids().0), Some(ids().1)), (Counting::Shared, None, None)]
    {
        let mut org = Organisation::small();
        org.policy(
            POLICY,
            domain::rate_limit_policy::PolicySpec { counting, ..spec(vec![], vec![quota("daily", 100)]) },
        );
        org.assign(POLICY, |assignment| assignment.route_id = Some(read(ROUTE)));
        org.call(1);
        let level = levels(org.gateway.take_flush(org.now)).remove(0);
        assert_eq!(
            (level.counting, level.client_id, level.key_id, level.route_id),
            (counting, client, key, Some(ids().2))
        );
    }
}

#[test]
fn a_level_is_told_again_when_it_has_changed_by_a_thousandth() {
    let org = under(5_000);
    calls(&org, 1);
    assert_eq!(told(&org), [1], "that it is used at all");
    for (more, expected) in [(3, vec![]), (1, vec![5]), (4, vec![]), (1, vec![10]), (7, vec![17])] {
        calls(&org, more);
        assert_eq!(told(&org), expected, "after {more} more");
    }
}

#[test]
fn that_the_limit_is_reached_is_told_once() {
    let org = under(3);
    for expected in [vec![1], vec![2], vec![3], vec![], vec![]] {
        org.call(1);
        assert_eq!(told(&org), expected);
    }
    assert_eq!(rest(&org), NOTHING);
}

#[test]
fn a_counter_that_rests_is_told_to_the_unit_once() {
    let org = under(1_000_000);
    calls(&org, 1);
    assert_eq!(told(&org), [1]);
    calls(&org, 10);
    assert_eq!(told(&org), NOTHING);
    assert_eq!(rest(&org), [11]);
    assert_eq!(rest(&org), NOTHING);
}

#[test]
fn a_window_that_turns_begins_another_series() {
    let mut org = under(10);
    calls(&org, 4);
    assert_eq!(told(&org), [4]);
    org.pass(86_400);
    calls(&org, 4);
    let level = levels(org.gateway.take_flush(org.now)).remove(0);
    assert_eq!((level.used, level.window_start), (4, read::<Timestamp>("2026-11-23T00:00:00Z")));
}

#[test]
fn a_reset_begins_another_series() {
    let mut org = under(10);
    calls(&org, 4);
    assert_eq!(told(&org), [4]);
    org.reset(POLICY, "daily", |reset| reset.client_id = Some(ids().0));
    let position = Position::new(org.position);
    calls(&org, 4);
    let level = levels(org.gateway.take_flush(org.now)).remove(0);
    assert_eq!((level.used, level.epoch), (4, position));
}

#[test]
fn a_changed_limit_is_told_with_what_it_allows() {
    let mut org = under(10);
    calls(&org, 4);
    assert_eq!(told(&org), [4]);
    org.revise(POLICY, 2, spec(vec![], vec![quota("daily", 100)]));
    calls(&org, 1);
    let level = levels(org.gateway.take_flush(org.now)).remove(0);
    assert_eq!((level.used, level.allowed, level.policy_revision), (5, 100, 2));
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let mut org = under(10);
    calls(&org, 4);
    let kept: Vec<CounterRow> = org.gateway.take_flush(org.now).counters;
    org.gateway = Gateway::new(settings(), peppers());
    org.gateway.restore_counters(kept, org.now);
    org.position = 0;
    org.retell();
    org.policy(POLICY, spec(vec![], vec![quota("daily", 10)]));
    org.assign(POLICY, |_| {});
    assert_eq!(told(&org), NOTHING, "nothing is new");
    calls(&org, 1);
    assert_eq!(told(&org), [5]);
}

/// So many keys under a quota of their own, from the second on, each of which has called once.
fn of_keys(keys: u32) -> Organisation {
    let mut org = Organisation::small();
    let by_key = domain::rate_limit_policy::PolicySpec {
        counting: Counting::Key,
        ..spec(vec![], vec![quota("daily", 10)])
    };
    org.policy(POLICY, by_key);
    org.assign(POLICY, |_| {});
    for number in 2..keys + 2 {
        org.issue(&format!("key_{number:026}"), CLIENT, number, |_| {});
        org.call(number);
    }
    org
}

#[test]
fn what_a_batch_has_no_room_for_is_in_the_next() {
    let org = of_keys(u32::try_from(LEVELS_MAX).unwrap() + 100);
    let counts: Vec<usize> = (0..3).map(|_| told(&org).len()).collect();
    assert_eq!(counts, [LEVELS_MAX, 100, 0]);
}

/// Nobody waits for long because others go on calling.
#[test]
fn those_that_had_no_room_go_first_in_their_order_and_are_told_once() {
    let keys = 2 * u32::try_from(LEVELS_MAX).unwrap();
    let org = of_keys(keys);
    let first = levels(org.gateway.take_flush(org.now));
    let waits = |level: &QuotaLevel| !first.iter().any(|told| told.key_id == level.key_id);
    // All of them call again, those that were told as well.
    (2..keys + 2).for_each(|number| drop(org.call(number)));
    let second = levels(org.gateway.take_flush(org.now));
    assert_eq!((first.len(), second.len()), (LEVELS_MAX, LEVELS_MAX));
    assert!(second.iter().all(|level| waits(level) && level.used == 2), "{second:?}");
    let third = levels(org.gateway.take_flush(org.now));
    assert!(third.len() == LEVELS_MAX && third.iter().all(|level| !waits(level) && level.used == 2));
    assert_eq!(told(&org), NOTHING);
}

#[test]
fn a_batch_that_comes_again_leaves_levels_to_the_next() {
    let org = under(10);
    calls(&org, 1);
    let first = org.gateway.take_flush(org.now);
    calls(&org, 1);
    org.gateway.give_back(first.clone());
    let again = org.gateway.take_flush(org.now);
    assert_eq!(again.batch, first.batch);
    assert_eq!(told(&org), [2]);
    assert_eq!(told(&org), NOTHING);
}

#[test]
fn rates_have_no_level() {
    let mut org = Organisation::small();
    org.policy(POLICY, spec(vec![rate("burst", 5)], vec![]));
    org.assign(POLICY, |_| {});
    calls(&org, 6);
    assert_eq!(told(&org), NOTHING);
    assert_eq!(rest(&org), NOTHING);
}

/// The small organisation under a quota of so many an hour, wherever the hour begins.
fn under_rolling(period: Period, requests: u64) -> Organisation {
    let mut org = Organisation::small();
    let rolling = QuotaLimit { period, window: QuotaWindow::Rolling, ..quota("rolling", requests) };
    org.policy(POLICY, spec(vec![], vec![rolling]));
    org.assign(POLICY, |_| {});
    org
}

#[test]
fn of_a_rolling_quota_the_most_of_a_day_is_told() {
    let mut org = under_rolling(Period::Hour, 10);
    calls(&org, 6);
    let level = levels(org.gateway.take_flush(org.now)).remove(0);
    assert_eq!((level.used, level.allowed), (6, 10));
    let day = (read::<Timestamp>("2026-11-22T00:00:00Z"), read::<Timestamp>("2026-11-23T00:00:00Z"));
    assert_eq!((level.window_start, level.window_end), day);
    // It has come back, and what is used since is less.
    org.pass(2 * 3_600);
    calls(&org, 3);
    assert_eq!(told(&org), NOTHING);
    calls(&org, 5);
    assert_eq!(told(&org), [8]);
    org.pass(86_400);
    calls(&org, 2);
    let level = levels(org.gateway.take_flush(org.now)).remove(0);
    assert_eq!((level.used, level.window_start), (2, day.1));
    assert_eq!(rest(&org), NOTHING);
}

#[test]
fn a_rolling_quota_that_is_longer_than_a_day_is_told_for_as_long() {
    let org = under_rolling(Period::Week, 10);
    calls(&org, 1);
    let level = levels(org.gateway.take_flush(org.now)).remove(0);
    assert_eq!(level.window_end.duration_since(level.window_start).as_hours(), 7 * 24);
    assert!(level.window_start <= org.now && org.now < level.window_end);
}

#[test]
fn a_rolling_quota_goes_on_over_a_restart() {
    let mut org = under_rolling(Period::Hour, 10);
    calls(&org, 4);
    let kept: Vec<CounterRow> = org.gateway.take_flush(org.now).counters;
    org.gateway = Gateway::new(settings(), peppers());
    org.gateway.restore_counters(kept, org.now);
    org.position = 0;
    org.retell();
    let rolling = QuotaLimit { period: Period::Hour, window: QuotaWindow::Rolling, ..quota("rolling", 10) };
    org.policy(POLICY, spec(vec![], vec![rolling]));
    org.assign(POLICY, |_| {});
    calls(&org, 1);
    assert_eq!(told(&org), [5]);
}

#[test]
fn a_batch_without_levels_is_as_it_was_before_there_were_any() {
    let org = Organisation::small();
    calls(&org, 1);
    let batch = org.gateway.take_flush(org.now).batch.unwrap();
    let text = serde_json::to_string(&batch).unwrap();
    assert!(!text.contains("quota_levels"), "{text}");
    assert_eq!(serde_json::from_str::<domain::usage::UsageBatch>(&text).unwrap(), batch);
}
