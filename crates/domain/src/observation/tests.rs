//! Given, when, then.

use super::{
    AccessDenied, Observation, ObservationEvent, ObservationRefusal, Observe, Overflowed, SecretSearched,
};
use crate::{Aggregate as _, Timestamp, access::Permission, given::at};

fn check<const N: usize>(
    given: [ObservationEvent; N],
    when: ObservationEvent,
    then: Result<Vec<ObservationEvent>, ObservationRefusal>,
) {
    assert_eq!(Observation::replay(&given).decide(&Observe(when)), then);
}

fn denied(times: u64, first_at: Timestamp, last_at: Timestamp) -> ObservationEvent {
    let permission = Permission::KeyRevoke;
    ObservationEvent::AccessDenied(AccessDenied { permission, times, first_at, last_at })
}

fn searched() -> ObservationEvent {
    ObservationEvent::SecretSearched(SecretSearched { found: None })
}

#[test]
fn what_was_observed_is_on_record_once() {
    check([], denied(3, at(0), at(59)), Ok(vec![denied(3, at(0), at(59))]));
    check([], searched(), Ok(vec![searched()]));
    check([denied(3, at(0), at(59))], denied(3, at(0), at(59)), Ok(vec![]));
}

#[test]
fn nothing_is_no_observation() {
    check([], denied(0, at(0), at(0)), Err(ObservationRefusal::Nothing));
    let overflowed = |denied, failed| {
        ObservationEvent::Overflowed(Overflowed { denied, failed, first_at: at(0), last_at: at(1) })
    };
    check([], overflowed(0, 0), Err(ObservationRefusal::Nothing));
    check([], overflowed(0, 1), Ok(vec![overflowed(0, 1)]));
}

#[test]
fn time_does_not_run_backwards() {
    let refusal = ObservationRefusal::Backwards { first_at: at(1), last_at: at(0) };
    check([], denied(1, at(1), at(0)), Err(refusal));
    check([], denied(1, at(1), at(1)), Ok(vec![denied(1, at(1), at(1))]));
}
