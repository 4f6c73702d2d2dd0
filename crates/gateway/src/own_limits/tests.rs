use std::num::NonZeroU32;

use super::*;
use crate::{
    metered::{Every, Unit},
    quota::shared::Patience,
    sharing::WhenAlone,
};

const HOUR: Every = Every { unit: Unit::Hour, times: NonZeroU32::MIN };

fn around(nodes: u32) -> Around {
    Around {
        now_ns: 0,
        nodes,
        when_alone: WhenAlone::default(),
        alone_since: None,
        patience: Patience::Spent,
        pooled: false,
    }
}

fn second(second: i64) -> Moment {
    Moment { ns: second * 1_000_000_000, second }
}

fn limit<'a>(entries: &'a [(&'a str, &'a [u8])], requests: u64) -> OwnLimit<'a> {
    OwnLimit { domain: "edge", entries, requests, every: HOUR }
}

/// Whether one call is granted, and what is left then.
fn call(limits: &OwnLimits, limit: OwnLimit<'_>, at: i64) -> (bool, u64) {
    let standing = limits.take(&limit, 1, second(at), &around(1));
    (standing.wait_seconds.is_none(), standing.remaining)
}

#[test]
fn a_limit_grants_what_it_says_and_turns_with_its_window() {
    let limits = OwnLimits::default();
    let own = limit(&[("remote_address", b"192.0.2.7")], 2);
    let answers: Vec<_> = (0..3).map(|at| call(&limits, own, at)).collect();
    assert_eq!(answers, [(true, 1), (true, 0), (false, 0)]);
    let standing = limits.take(&own, 1, second(600), &around(1));
    assert_eq!(
        (standing.wait_seconds, standing.window_seconds, standing.reset_seconds),
        (Some(3_000), 3_600, 3_000)
    );
    assert_eq!(call(&limits, own, 3_600), (true, 1));
}

#[test]
fn a_cost_is_taken_whole_or_not_and_a_look_takes_nothing() {
    let limits = OwnLimits::default();
    let own = limit(&[("k", b"v")], 10);
    let take = |cost| {
        let standing = limits.take(&own, cost, second(0), &around(1));
        (standing.wait_seconds.is_none(), standing.remaining)
    };
    assert_eq!(take(0), (true, 10));
    assert_eq!(limits.len(), 0, "a look leaves nothing behind");
    assert_eq!(take(7), (true, 3));
    assert_eq!(take(4), (false, 3));
    assert_eq!(take(3), (true, 0));
    assert_eq!(take(u64::MAX), (false, 0));
}

#[test]
fn entries_are_told_apart_by_what_they_say_and_not_by_their_order() {
    let limits = OwnLimits::default();
    let one = [("a", &b"1"[..]), ("b", b"2")];
    assert_eq!(call(&limits, limit(&one, 5), 0).1, 4);
    assert_eq!(call(&limits, limit(&[("b", b"2"), ("a", b"1")], 5), 0).1, 3);
    for other in [
        &[("a", &b"2"[..]), ("b", b"1")][..],
        &[("a", b"1")],
        &[("a", b"1b"), ("", b"2")],
        &[("a1", b""), ("b", b"2")],
    ] {
        assert_eq!(call(&limits, limit(other, 5), 0).1, 4, "{other:?}");
    }
    assert_eq!(call(&limits, OwnLimit { domain: "other", ..limit(&one, 5) }, 0).1, 4);
    let day = Every { unit: Unit::Day, ..HOUR };
    assert_eq!(call(&limits, OwnLimit { every: day, ..limit(&one, 5) }, 0).1, 4);
    assert_eq!(call(&limits, limit(&one, 100), 0).1, 97, "who is granted more goes on counting");
    assert_eq!(call(&limits, limit(&one, 2), 0), (false, 0), "and who is granted less");
}

#[test]
fn what_still_counts_is_never_given_up_for_another() {
    let limits = OwnLimits::new(SHARDS * 2);
    let name = |number: u32| number.to_string();
    let mut granted = vec![];
    for number in 0..1_000 {
        let standing = limits.take(&limit(&[("k", name(number).as_bytes())], 1), 1, second(0), &around(1));
        match standing.wait_seconds {
            None => granted.push(number),
            Some(_) => assert!(standing.no_room, "{standing:?}"),
        }
    }
    assert_eq!(limits.len(), granted.len());
    assert!((SHARDS..=SHARDS * 2).contains(&granted.len()), "{}", granted.len());
    for number in granted {
        let standing =
            limits.take(&limit(&[("k", name(number).as_bytes())], 1), 1, second(3_599), &around(1));
        assert_eq!((standing.wait_seconds, standing.no_room), (Some(1), false));
    }
    // Their window is over: the next ones find room.
    assert_eq!(call(&limits, limit(&[("k", b"late")], 1), 3_600), (true, 0));
    for _ in 0..SHARDS {
        limits.sweep(second(3_600));
    }
    assert_eq!(limits.len(), 1);
}

#[test]
fn gateways_grant_equal_parts() {
    let limits = OwnLimits::default();
    let own = limit(&[("k", b"v")], 7);
    let granted =
        (0..7).filter(|_| limits.take(&own, 1, second(0), &around(2)).wait_seconds.is_none()).count();
    assert_eq!(granted, 3);
    assert_eq!(
        limits.take(&limit(&[("k", b"w")], 1), 1, second(0), &around(5)).wait_seconds,
        None,
        "nobody is left without"
    );
    assert_eq!(limits.take(&limit(&[("k", b"x")], 0), 1, second(0), &around(5)).wait_seconds, Some(3_600));
}

#[test]
fn a_clock_set_back_a_little_opens_no_window_again() {
    let limits = OwnLimits::default();
    let own = limit(&[("k", b"v")], 1);
    assert_eq!(call(&limits, own, 7_200), (true, 0));
    assert_eq!(call(&limits, own, 7_100), (false, 0));
    assert_eq!(call(&limits, own, -10_000), (true, 0), "it was wrong before");
}

#[test]
fn a_flood_beyond_the_bound_holds_no_more_than_the_bound() {
    let limits = OwnLimits::default();
    for number in 0..150_000_u32 {
        let name = number.to_string();
        limits.take(&limit(&[("remote_address", name.as_bytes())], 1), 1, second(0), &around(1));
    }
    assert!(limits.len() <= COUNTERS_MAX && limits.len() > COUNTERS_MAX / 10 * 9, "{}", limits.len());
}
