//! Given assignments, when a call is made, then these policies bind it.

use proptest::prelude::*;

use super::*;
use crate::{
    AssignmentId, PolicyId,
    given::{at, the},
    rate_limit_policy::{Assignment, Counting, Period, QuotaLimit, QuotaWindow, RateLimit, TimeZoneName},
};

fn spec(rates: bool, quotas: bool, mode: Mode) -> PolicySpec {
    let rate = RateLimit { name: the("burst"), requests: 1, per_seconds: 1, burst: 1 };
    let (period, window, time_zone) = (Period::Day, QuotaWindow::Calendar, TimeZoneName::utc());
    let quota = QuotaLimit { name: the("daily"), requests: 1, period, window, time_zone };
    PolicySpec {
        name: the("Policy"),
        rates: if rates { vec![rate] } else { vec![] },
        quotas: if quotas { vec![quota] } else { vec![] },
        counting: Counting::Client,
        mode,
        thresholds: [].into(),
    }
}

/// An assignment that names what is told, made at its number.
fn bound(number: u64, client: bool, route: bool, environment: bool) -> Bound {
    Bound {
        policy_id: PolicyId::from_parts(number, 1),
        spec: spec(true, false, Mode::Enforce),
        assignment: Assignment {
            assignment_id: AssignmentId::from_parts(number, 1),
            client_id: client.then(|| ClientId::from_parts(1, 1)),
            route_id: route.then(|| RouteId::from_parts(1, 1)),
            environment: environment.then(|| the("prod")),
            from: None,
            until: None,
        },
        assigned_at: Position::new(number),
    }
}

fn winners(assigned: &[Bound]) -> Vec<(Mode, LimitKind, u64)> {
    let environment = the("prod");
    let calls = Calls {
        client_id: ClientId::from_parts(1, 1),
        route_id: RouteId::from_parts(1, 1),
        environment: &environment,
    };
    let told = |winner: Winner<'_>| (winner.mode, winner.kind, winner.bound.assigned_at.get());
    effective(assigned, calls, at(0)).into_iter().map(told).collect()
}

#[test]
fn what_names_more_of_a_call_wins_whichever_limit_is_lower() {
    let all = [
        bound(7, false, false, false),
        bound(6, false, false, true),
        bound(5, false, true, false),
        bound(4, true, false, false),
        bound(3, true, false, true),
        bound(2, true, true, false),
        bound(1, true, true, true),
    ];
    for from in 0..all.len() {
        let expected = u64::try_from(from + 1).unwrap();
        let left = &all[..all.len() - from];
        assert_eq!(winners(left), [(Mode::Enforce, LimitKind::Rate, expected)]);
    }
    assert_eq!(winners(&[]), []);
}

#[test]
fn of_two_for_the_same_calls_the_later_wins() {
    let two = [bound(1, true, false, false), bound(2, true, false, false)];
    assert_eq!(winners(&two), [(Mode::Enforce, LimitKind::Rate, 2)]);
}

#[test]
fn kinds_and_modes_are_won_by_themselves() {
    let quota = Bound { spec: spec(false, true, Mode::Enforce), ..bound(1, false, false, false) };
    let shadow = Bound { spec: spec(true, true, Mode::Shadow), ..bound(2, true, true, true) };
    let rate = bound(3, true, false, false);
    let expected = [
        (Mode::Enforce, LimitKind::Rate, 3),
        (Mode::Enforce, LimitKind::Quota, 1),
        (Mode::Shadow, LimitKind::Rate, 2),
        (Mode::Shadow, LimitKind::Quota, 2),
    ];
    assert_eq!(winners(&[quota, shadow, rate]), expected);
}

#[test]
fn an_assignment_binds_from_its_beginning_until_before_its_end() {
    let boxed = |from: Option<i64>, until: Option<i64>| {
        let mut bound = bound(1, true, false, false);
        (bound.assignment.from, bound.assignment.until) = (from.map(at), until.map(at));
        [bound]
    };
    assert_eq!(winners(&boxed(Some(0), Some(1))).len(), 1);
    assert_eq!(winners(&boxed(Some(1), None)), []);
    assert_eq!(winners(&boxed(None, Some(0))), []);
}

proptest! {
    /// In whatever order assignments lie, the same win.
    #[test]
    fn the_order_does_not_matter(
        names in prop::collection::vec(any::<(bool, bool, bool)>(), 0..8),
        turn in 0_usize..8,
    ) {
        let mut all: Vec<_> = (1..).zip(names).map(|(number, (c, r, e))| bound(number, c, r, e)).collect();
        let before = winners(&all);
        all.reverse();
        let by = turn.min(all.len());
        all.rotate_left(by);
        prop_assert_eq!(winners(&all), before);
    }
}
