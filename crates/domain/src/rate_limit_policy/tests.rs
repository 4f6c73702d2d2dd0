//! Given, when, then. The clock stands at `at(0)`.

mod assign;
mod limits;
mod reset;

use super::*;
use crate::{
    Aggregate, AssignmentId, ClientId, RouteId,
    given::{at, many, the},
};

fn check(
    given: impl IntoIterator<Item = RateLimitPolicyEvent>,
    when: PolicyCommand,
    then: Result<Vec<RateLimitPolicyEvent>, RateLimitPolicyRefusal>,
) {
    let given: Vec<_> = given.into_iter().collect();
    assert_eq!(RateLimitPolicy::replay(&given).decide(&when), then, "{when:?} after {given:?}");
}

#[test]
fn defining_records_the_specification() {
    check([], define(|_| {}), Ok(vec![defined()]));
}

#[test]
fn defining_twice_is_refused() {
    check([defined()], define(|_| {}), Err(RateLimitPolicyRefusal::AlreadyDefined));
    check([defined(), retired()], define(|_| {}), Err(RateLimitPolicyRefusal::AlreadyDefined));
}

#[test]
fn each_revision_counts_one_more() {
    let monthly = || vec![quota("monthly", 5)];
    let second = revised(2, |spec| spec.quotas = monthly());
    check([defined()], revise(|ask| ask.quotas = Some(monthly())), Ok(vec![second.clone()]));
    let third = revised(3, |spec| (spec.quotas, spec.mode) = (monthly(), Mode::Shadow));
    check([defined(), second], revise(|ask| ask.mode = Some(Mode::Shadow)), Ok(vec![third]));
}

#[test]
fn revising_replaces_what_is_given_and_keeps_the_rest() {
    let when = revise(|ask| {
        ask.name = Some(the("Gold"));
        ask.rates = Some(vec![rate("burst", 9, 9, 9)]);
        ask.counting = Some(Counting::Shared);
        ask.thresholds = Some([50].into());
    });
    let then = revised(2, |spec| {
        spec.name = the("Gold");
        spec.rates = vec![rate("burst", 9, 9, 9)];
        spec.counting = Counting::Shared;
        spec.thresholds = [50].into();
    });
    check([defined()], when, Ok(vec![then]));
}

#[test]
fn revising_to_what_is_there_records_nothing() {
    check([defined()], revise(|_| {}), Ok(vec![]));
    check([defined()], revise(|ask| ask.mode = Some(Mode::Enforce)), Ok(vec![]));
}

#[test]
fn a_revision_leaves_the_assignments() {
    let policy = RateLimitPolicy::replay(&[defined(), assigned(1, |_| {}), revised(2, |_| {})]);
    let RateLimitPolicy::Active(policy) = policy else { panic!("{policy:?}") };
    assert_eq!((policy.revision, policy.assignments.len()), (2, 1));
}

#[test]
fn a_policy_is_retired_once_and_not_while_it_is_assigned() {
    check([defined()], retire(), Ok(vec![retired()]));
    check([defined(), retired()], retire(), Ok(vec![]));
    let given = [defined(), assigned(1, |_| {}), assigned(2, |asg| asg.client_id = None)];
    check(given.clone(), retire(), Err(RateLimitPolicyRefusal::StillAssigned { assignments: 2 }));
    check(given.into_iter().chain([unassigned(1), unassigned(2)]), retire(), Ok(vec![retired()]));
}

#[test]
fn retired_is_final() {
    for when in [revise(|_| {}), assign(1, |_| {}), unassign(1)] {
        check([defined(), retired()], when, Err(RateLimitPolicyRefusal::Retired));
    }
}

#[test]
fn nothing_can_be_asked_of_a_policy_that_was_never_defined() {
    for when in [revise(|_| {}), assign(1, |_| {}), unassign(1), retire()] {
        check([], when, Err(RateLimitPolicyRefusal::NotDefined));
    }
}

fn spec() -> PolicySpec {
    PolicySpec {
        name: the("Partner standard"),
        rates: vec![rate("burst", 100, 60, 200)],
        quotas: vec![quota("monthly", 1_000_000)],
        counting: Counting::Client,
        mode: Mode::Enforce,
        thresholds: [80, 100].into(),
    }
}

fn spec_with(change: impl FnOnce(&mut PolicySpec)) -> PolicySpec {
    let mut spec = spec();
    change(&mut spec);
    spec
}

fn rate(name: &str, requests: u64, per_seconds: u32, burst: u64) -> RateLimit {
    RateLimit { name: the(name), requests, per_seconds, burst }
}

fn quota(name: &str, requests: u64) -> QuotaLimit {
    let (period, window) = (Period::Month, QuotaWindow::Calendar);
    QuotaLimit { name: the(name), requests, period, window, time_zone: the("Europe/Berlin") }
}

fn define(change: impl FnOnce(&mut PolicySpec)) -> PolicyCommand {
    PolicyCommand::Define(DefinePolicy { spec: spec_with(change) })
}

fn revise(change: impl FnOnce(&mut RevisePolicy)) -> PolicyCommand {
    let mut ask = RevisePolicy::default();
    change(&mut ask);
    PolicyCommand::Revise(ask)
}

fn retire() -> PolicyCommand {
    PolicyCommand::Retire(RetirePolicy { reason: Some(the("because")) })
}

/// Binds one client on one route in one environment, for all times.
fn assignment(number: u128, change: impl FnOnce(&mut Assignment)) -> Assignment {
    let mut assignment = Assignment {
        assignment_id: AssignmentId::from_parts(1, number),
        client_id: Some(ClientId::from_parts(1, 1)),
        route_id: Some(RouteId::from_parts(1, 1)),
        environment: Some(the("prod")),
        from: None,
        until: None,
    };
    change(&mut assignment);
    assignment
}

fn assign(number: u128, change: impl FnOnce(&mut Assignment)) -> PolicyCommand {
    PolicyCommand::Assign(AssignPolicy { now: at(0), assignment: assignment(number, change) })
}

fn unassign(number: u128) -> PolicyCommand {
    let assignment_id = AssignmentId::from_parts(1, number);
    PolicyCommand::Unassign(UnassignPolicy { assignment_id, reason: Some(the("because")) })
}

fn defined() -> RateLimitPolicyEvent {
    defined_with(|_| {})
}

fn defined_with(change: impl FnOnce(&mut PolicySpec)) -> RateLimitPolicyEvent {
    RateLimitPolicyEvent::Defined(Defined { spec: spec_with(change) })
}

fn revised(revision: u32, change: impl FnOnce(&mut PolicySpec)) -> RateLimitPolicyEvent {
    RateLimitPolicyEvent::Revised(Revised { revision, spec: spec_with(change) })
}

fn assigned(number: u128, change: impl FnOnce(&mut Assignment)) -> RateLimitPolicyEvent {
    RateLimitPolicyEvent::Assigned(Assigned { assignment: assignment(number, change) })
}

fn unassigned(number: u128) -> RateLimitPolicyEvent {
    let assignment_id = AssignmentId::from_parts(1, number);
    RateLimitPolicyEvent::Unassigned(Unassigned { assignment_id, reason: Some(the("because")) })
}

fn retired() -> RateLimitPolicyEvent {
    RateLimitPolicyEvent::Retired(Retired { reason: Some(the("because")) })
}
