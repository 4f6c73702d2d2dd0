//! Given, when, then. Planned at `at(0)`, to happen at 100 and, where it ends, to end at 200.

use super::*;
use crate::{
    Aggregate, ClientId, DomainEvent, KeyId, PolicyId,
    api_client::{self, ApiClientEvent},
    api_key::{self, ApiKeyEvent},
    given::{at, the},
    rate_limit_policy::RevisePolicy,
};

const DAY: i64 = 86_400;
/// The furthest that a change may be away.
const HORIZON: i64 = 3_660 * DAY;

fn check(
    given: impl IntoIterator<Item = ScheduledChangeEvent>,
    when: ScheduledChangeCommand,
    then: Result<Vec<ScheduledChangeEvent>, ScheduledChangeRefusal>,
) {
    let given: Vec<_> = given.into_iter().collect();
    assert_eq!(ScheduledChange::replay(&given).decide(&when), then, "{when:?} after {given:?}");
}

#[test]
fn a_change_is_planned_for_a_time_ahead() {
    check([], plan(suspension(), Some(100), None), Ok(vec![planned(None)]));
    check([], plan(suspension(), Some(100), Some(200)), Ok(vec![planned(Some(200))]));
    check([], plan(suspension(), Some(HORIZON), None), Ok(vec![planned_at(HORIZON, None)]));
    for past in [0, -1] {
        let refused = ScheduledChangeRefusal::NotAhead { at: at(past), now: at(0) };
        check([], plan(suspension(), Some(past), Some(200)), Err(refused));
    }
    let refused = ScheduledChangeRefusal::TooFar { at: at(HORIZON + 1), latest: at(HORIZON) };
    check([], plan(suspension(), Some(HORIZON + 1), None), Err(refused.clone()));
    check([], plan(suspension(), None, Some(HORIZON + 1)), Err(refused));
}

#[test]
fn a_change_without_a_start_begins_now_and_needs_an_end() {
    check([], plan(suspension(), None, Some(200)), Ok(vec![planned_at(0, Some(200))]));
    check([], plan(suspension(), None, None), Err(ScheduledChangeRefusal::NoTime));
}

#[test]
fn a_change_ends_after_it_has_happened() {
    for (start, until) in [(Some(100), 100), (Some(100), 99), (None, 0)] {
        let refused =
            ScheduledChangeRefusal::EndNotAfterStart { at: at(start.unwrap_or(0)), until: at(until) };
        check([], plan(suspension(), start, Some(until)), Err(refused));
    }
}

#[test]
fn what_cannot_be_undone_is_given_no_end() {
    let removal = || PlannedChange::UnassignPolicy {
        policy_id: PolicyId::from_parts(1, 1),
        assignment_id: crate::AssignmentId::from_parts(1, 1),
        client_id: None,
    };
    let refused = ScheduledChangeRefusal::EndNotPossible { kind: "unassign_policy" };
    check([], plan(removal(), Some(100), Some(200)), Err(refused));
    assert!(ScheduledChange::default().decide(&plan(removal(), Some(100), None)).is_ok());
}

#[test]
fn a_change_begins_when_its_time_has_come_and_not_a_second_before() {
    let early = ScheduledChangeRefusal::NotDue { due_at: at(100) };
    check([planned(None)], begin(99), Err(early));
    check([planned(None)], begin(100), Ok(vec![begun(Phase::Apply, 100)]));
    let early = ScheduledChangeRefusal::NotDue { due_at: at(200) };
    check(applied(Some(200)), begin(199), Err(early));
    check(applied(Some(200)), begin(200), Ok(vec![begun(Phase::End, 200)]));
}

#[test]
fn what_has_begun_is_gone_on_with_whatever_the_clock_says() {
    check([planned(None), begun(Phase::Apply, 100)], begin(0), Ok(vec![]));
    check([applied(Some(200)), vec![begun(Phase::End, 200)]].concat(), begin(0), Ok(vec![]));
}

#[test]
fn what_has_happened_does_not_begin_again() {
    check(applied(None), begin(500), Err(ScheduledChangeRefusal::Applied));
    check([planned(None), cancelled()], begin(500), Err(ScheduledChangeRefusal::Cancelled));
    check(failed(), begin(500), Err(ScheduledChangeRefusal::Failed));
    check(ended(), begin(500), Err(ScheduledChangeRefusal::Ended));
    check([], begin(500), Err(ScheduledChangeRefusal::NotPlanned));
}

#[test]
fn a_change_is_cancelled_until_it_begins() {
    check([planned(None)], cancel(), Ok(vec![cancelled()]));
    check([planned(None), cancelled()], cancel(), Ok(vec![]));
    let under_way = |phase| ScheduledChangeRefusal::UnderWay { phase };
    check([planned(None), begun(Phase::Apply, 100)], cancel(), Err(under_way(Phase::Apply)));
    check(applied(None), cancel(), Err(ScheduledChangeRefusal::Applied));
    check(failed(), cancel(), Err(ScheduledChangeRefusal::Failed));
    check([], cancel(), Err(ScheduledChangeRefusal::NotPlanned));
}

#[test]
fn the_end_of_a_change_that_has_happened_is_cancelled_until_it_begins() {
    check(applied(Some(200)), cancel(), Ok(vec![cancelled()]));
    let ending = [applied(Some(200)), vec![begun(Phase::End, 200)]].concat();
    check(ending, cancel(), Err(ScheduledChangeRefusal::UnderWay { phase: Phase::End }));
    check(ended(), cancel(), Err(ScheduledChangeRefusal::Ended));
}

#[test]
fn an_outcome_is_recorded_once_and_only_of_what_has_begun() {
    check([planned(None), begun(Phase::Apply, 100)], record_applied(), Ok(vec![is_applied()]));
    check(applied(None), record_applied(), Ok(vec![]));
    check([applied(Some(200)), vec![begun(Phase::End, 200)]].concat(), record_ended(), Ok(vec![is_ended()]));
    check(ended(), record_ended(), Ok(vec![]));
    check([planned(None), begun(Phase::Apply, 100)], record_failed(), Ok(vec![is_failed(Phase::Apply)]));
    let ending = [applied(Some(200)), vec![begun(Phase::End, 200)]].concat();
    check(ending, record_failed(), Ok(vec![is_failed(Phase::End)]));
    check(failed(), record_failed(), Ok(vec![]));
    for when in [record_applied, record_ended, record_failed] {
        check([planned(None)], when(), Err(ScheduledChangeRefusal::NotBegun));
        check([planned(None), cancelled()], when(), Err(ScheduledChangeRefusal::NotBegun));
    }
}

#[test]
fn what_an_event_does_to_what_was_planned() {
    let id = KeyId::from_parts(1, 1);
    let of_key = |event| DomainEvent::ApiKey { id, event };
    let suspended = of_key(ApiKeyEvent::Suspended(api_key::Suspended { reason: the("odd traffic") }));
    let expired = of_key(ApiKeyEvent::Expired(api_key::Expired { expired_at: at(0) }));
    assert_eq!(suspension().hold(&suspended), Some(Hold::Taken));
    assert_eq!(suspension().hold(&expired), None);
    let client_id = ClientId::from_parts(1, 1);
    let event = ApiClientEvent::Reinstated(api_client::Reinstated { reason: the("paid") });
    let reinstated = DomainEvent::ApiClient { id: client_id, event };
    assert_eq!(PlannedChange::SuspendClient { client_id }.hold(&reinstated), Some(Hold::Released));
    assert_eq!(suspension().hold(&reinstated), None, "of another subject");
    let revision = PlannedChange::RevisePolicy {
        policy_id: PolicyId::from_parts(1, 1),
        revision: RevisePolicy::default(),
    };
    assert!(!revision.is_overtaken_by(&suspended));
}

fn suspension() -> PlannedChange {
    PlannedChange::SuspendKey { key_id: KeyId::from_parts(1, 1), client_id: ClientId::from_parts(1, 1) }
}

fn plan(change: PlannedChange, start: Option<i64>, until: Option<i64>) -> ScheduledChangeCommand {
    ScheduledChangeCommand::Plan(PlanChange {
        now: at(0),
        change,
        at: start.map(at),
        until: until.map(at),
        reason: the("because"),
    })
}

fn cancel() -> ScheduledChangeCommand {
    ScheduledChangeCommand::Cancel(CancelChange { now: at(50), reason: the("not needed") })
}

fn begin(now: i64) -> ScheduledChangeCommand {
    ScheduledChangeCommand::Begin(BeginChange { now: at(now) })
}

fn record_applied() -> ScheduledChangeCommand {
    ScheduledChangeCommand::RecordApplied(RecordApplied { now: at(101), version: 7, changed: true })
}

fn record_ended() -> ScheduledChangeCommand {
    ScheduledChangeCommand::RecordEnded(RecordEnded { now: at(201), changed: true })
}

fn record_failed() -> ScheduledChangeCommand {
    ScheduledChangeCommand::RecordFailed(RecordFailed {
        now: at(101),
        code: "key_revoked".to_owned(),
        message: "the key is revoked, which is final".to_owned(),
    })
}

fn planned(until: Option<i64>) -> ScheduledChangeEvent {
    planned_at(100, until)
}

fn planned_at(start: i64, until: Option<i64>) -> ScheduledChangeEvent {
    let (change, until, reason) = (suspension(), until.map(at), the("because"));
    ScheduledChangeEvent::Planned(Planned { change, at: at(start), until, reason })
}

fn begun(phase: Phase, seconds: i64) -> ScheduledChangeEvent {
    ScheduledChangeEvent::Begun(Begun { phase, begun_at: at(seconds) })
}

fn is_applied() -> ScheduledChangeEvent {
    ScheduledChangeEvent::Applied(Applied { applied_at: at(101), version: 7, changed: true })
}

fn is_ended() -> ScheduledChangeEvent {
    ScheduledChangeEvent::Ended(Ended { ended_at: at(201), changed: true })
}

fn is_failed(phase: Phase) -> ScheduledChangeEvent {
    ScheduledChangeEvent::Failed(Failed {
        phase,
        failed_at: at(101),
        code: "key_revoked".to_owned(),
        message: "the key is revoked, which is final".to_owned(),
    })
}

fn cancelled() -> ScheduledChangeEvent {
    ScheduledChangeEvent::Cancelled(Cancelled { cancelled_at: at(50), reason: the("not needed") })
}

fn applied(until: Option<i64>) -> Vec<ScheduledChangeEvent> {
    vec![planned(until), begun(Phase::Apply, 100), is_applied()]
}

fn ended() -> Vec<ScheduledChangeEvent> {
    [applied(Some(200)), vec![begun(Phase::End, 200), is_ended()]].concat()
}

fn failed() -> Vec<ScheduledChangeEvent> {
    vec![planned(None), begun(Phase::Apply, 100), is_failed(Phase::Apply)]
}
