//! Whom a policy binds and when: no two assignments for the same calls at the same time.

use super::*;
use crate::{Environment, Timestamp};

/// The furthest that a start or an end may be away: a hundred years.
const WINDOW: i64 = 36_600 * 86_400;

fn collision(number: u128) -> Result<Vec<RateLimitPolicyEvent>, RateLimitPolicyRefusal> {
    Err(RateLimitPolicyRefusal::AlreadyAssigned { assignment_id: AssignmentId::from_parts(1, number) })
}

fn between(from: Option<i64>, until: Option<i64>) -> impl FnOnce(&mut Assignment) + Copy {
    move |assignment| (assignment.from, assignment.until) = (from.map(at), until.map(at))
}

#[test]
fn assigning_records_whom_it_binds() {
    check([defined()], assign(1, |_| {}), Ok(vec![assigned(1, |_| {})]));
}

#[test]
fn an_assignment_to_nobody_in_particular_is_the_default_for_everyone() {
    let everyone = |asg: &mut Assignment| {
        (asg.client_id, asg.route_id, asg.environment) = (None, None, None);
    };
    check([defined()], assign(1, everyone), Ok(vec![assigned(1, everyone)]));
}

#[test]
fn the_same_calls_are_not_bound_twice() {
    check([defined(), assigned(1, |_| {})], assign(2, |_| {}), collision(1));
}

#[test]
fn other_calls_may_be_bound_beside() {
    let others: [fn(&mut Assignment); 6] = [
        |asg| asg.client_id = None,
        |asg| asg.client_id = Some(ClientId::from_parts(1, 2)),
        |asg| asg.route_id = None,
        |asg| asg.route_id = Some(RouteId::from_parts(1, 2)),
        |asg| asg.environment = None,
        |asg| asg.environment = Some(the::<Environment>("sandbox")),
    ];
    for other in others {
        check([defined(), assigned(1, |_| {})], assign(2, other), Ok(vec![assigned(2, other)]));
    }
}

#[test]
fn windows_for_the_same_calls_may_touch_but_not_overlap() {
    let given = [defined(), assigned(1, between(Some(100), Some(200)))];
    for (from, until) in [(None, Some(100)), (Some(50), Some(100)), (Some(200), Some(300)), (Some(200), None)]
    {
        let window = between(from, until);
        check(given.clone(), assign(2, window), Ok(vec![assigned(2, window)]));
    }
    for (from, until) in [
        (None, None),
        (None, Some(101)),
        (Some(199), None),
        (Some(100), Some(200)),
        (Some(150), Some(151)),
        (Some(50), Some(300)),
    ] {
        check(given.clone(), assign(2, between(from, until)), collision(1));
    }
}

#[test]
fn an_open_window_reaches_to_the_end_of_its_side() {
    let since = [defined(), assigned(1, between(Some(100), None))];
    check(since.clone(), assign(2, between(Some(9_999), None)), collision(1));
    let before = between(None, Some(100));
    check(since, assign(2, before), Ok(vec![assigned(2, before)]));
    let given = [defined(), assigned(1, before)];
    check(given, assign(2, between(Some(99), None)), collision(1));
}

#[test]
fn a_window_ends_after_it_begins() {
    for until in [100, 99] {
        let refused = RateLimitPolicyRefusal::WindowEmpty { from: at(100), until: at(until) };
        check([defined()], assign(1, between(Some(100), Some(until))), Err(refused));
    }
    let shortest = between(Some(100), Some(101));
    check([defined()], assign(1, shortest), Ok(vec![assigned(1, shortest)]));
}

#[test]
fn a_window_ends_ahead_but_may_have_begun() {
    for until in [0, -1] {
        let refused = RateLimitPolicyRefusal::WindowPast { until: at(until), now: at(0) };
        check([defined()], assign(1, between(Some(-100), Some(until))), Err(refused));
    }
    let running = between(Some(-100), Some(1));
    check([defined()], assign(1, running), Ok(vec![assigned(1, running)]));
}

#[test]
fn a_window_lies_within_a_hundred_years_of_now() {
    let widest = between(Some(-WINDOW), Some(WINDOW));
    check([defined()], assign(1, widest), Ok(vec![assigned(1, widest)]));
    for moment in [Timestamp::MIN, at(-WINDOW - 1), at(WINDOW + 1), Timestamp::MAX] {
        let refused = RateLimitPolicyRefusal::WindowOutOfBounds {
            at: moment,
            earliest: at(-WINDOW),
            latest: at(WINDOW),
        };
        check([defined()], assign(1, |asg| asg.from = Some(moment)), Err(refused.clone()));
        check([defined()], assign(1, |asg| asg.until = Some(moment)), Err(refused));
    }
}

#[test]
fn the_same_assignment_again_is_a_retry_and_records_nothing() {
    check([defined(), assigned(1, |_| {})], assign(1, |_| {}), Ok(vec![]));
}

#[test]
fn an_assignments_identifier_is_not_given_to_another() {
    let assignment_id = AssignmentId::from_parts(1, 1);
    let refused = RateLimitPolicyRefusal::AssignmentIdTaken { assignment_id };
    check([defined(), assigned(1, |_| {})], assign(1, |asg| asg.client_id = None), Err(refused));
}

#[test]
fn what_is_unassigned_is_gone_and_its_calls_are_free() {
    let given = [defined(), assigned(1, |_| {})];
    check(given.clone(), unassign(1), Ok(vec![unassigned(1)]));
    let gone = given.into_iter().chain([unassigned(1)]);
    let absent = RateLimitPolicyRefusal::NoAssignment { assignment_id: AssignmentId::from_parts(1, 1) };
    check(gone.clone(), unassign(1), Err(absent));
    check(gone, assign(2, |_| {}), Ok(vec![assigned(2, |_| {})]));
}

#[test]
fn ten_thousand_assignments_are_taken_and_one_more_is_refused() {
    let to = |number: u128| move |asg: &mut Assignment| asg.client_id = Some(ClientId::from_parts(2, number));
    let mut given = vec![defined()];
    given.extend((1..10_000).map(|number| assigned(number, to(number))));
    let mut policy = RateLimitPolicy::replay(&given);
    let last = policy.decide(&assign(10_000, to(10_000))).unwrap();
    assert_eq!(last, [assigned(10_000, to(10_000))]);
    policy.apply(&last[0]);
    let too_many = RateLimitPolicyRefusal::TooMany { what: "assignments", given: 10_001, allowed: 10_000 };
    assert_eq!(policy.decide(&assign(10_001, to(10_001))), Err(too_many));
}
