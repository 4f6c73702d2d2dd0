//! Rotating: a second secret beside the first, never a third, and no grace beyond an end.

use super::*;

#[test]
fn rotating_adds_a_secret_version_and_lets_the_old_one_live_for_the_overlap() {
    check([issued()], rotate(|_| {}), Ok(vec![rotated(2, 50, None)]));
    check([issued()], rotate(|ask| ask.overlap_seconds = 0), Ok(vec![rotated(2, 0, None)]));
}

#[test]
fn an_overlap_is_at_most_ninety_days() {
    let longest = OVERLAP_SECONDS_MAX;
    check(
        [issued()],
        rotate(|ask| ask.overlap_seconds = longest),
        Ok(vec![rotated(2, longest.into(), None)]),
    );
    for overlap_seconds in [longest + 1, u32::MAX] {
        let refused = ApiKeyRefusal::OverlapTooLong { overlap_seconds, allowed: longest };
        check([issued()], rotate(|ask| ask.overlap_seconds = overlap_seconds), Err(refused));
    }
}

#[test]
fn an_old_secret_never_outlives_its_own_expiry() {
    for (end, previous_until) in [(49, 49), (50, 50), (51, 50)] {
        let when = rotate(|ask| ask.expires_at = Some(at(DAY)));
        check([ends(end)], when, Ok(vec![rotated(2, previous_until, Some(DAY))]));
    }
}

#[test]
fn an_old_secret_never_outlives_the_keys_new_end() {
    let when = rotate(|ask| ask.expires_at = Some(at(20)));
    check([ends(DAY)], when, Ok(vec![rotated(2, 20, Some(20))]));
    let when = rotate(|ask| ask.expires_at = Some(at(20)));
    check([issued()], when, Ok(vec![rotated(2, 20, Some(20))]));
}

#[test]
fn a_third_live_secret_is_refused_until_the_first_has_stopped() {
    let third = |now: i64| rotate(move |ask| (ask.now, ask.secret) = (at(now), secret(3)));
    let refused = ApiKeyRefusal::RotationRunning { previous_until: at(50) };
    check([issued(), rotated(2, 50, None)], third(49), Err(refused));
    check([issued(), rotated(2, 50, None)], third(50), Ok(vec![rotated_at(50, 3, 100, None)]));
}

#[test]
fn a_rotation_without_overlap_can_be_followed_by_another_at_once() {
    let again = rotate(|ask| ask.secret = secret(3));
    check([issued(), rotated(2, 0, None)], again, Ok(vec![rotated(3, 50, None)]));
}

#[test]
fn rotating_to_the_secret_it_has_records_nothing() {
    check([issued(), rotated(2, 50, None)], rotate(|_| {}), Ok(vec![]));
    check([issued(), rotated(2, 0, None)], rotate(|_| {}), Ok(vec![]));
}

#[test]
fn a_clock_set_back_does_not_bring_a_third_secret() {
    let refused = ApiKeyRefusal::RotationRunning { previous_until: at(0) };
    let early = rotate(|ask| (ask.now, ask.secret) = (at(-1), secret(3)));
    check([issued(), rotated(2, 0, None)], early, Err(refused));
}

#[test]
fn a_rotation_keeps_the_end_or_sets_another() {
    check([ends(DAY)], rotate(|_| {}), Ok(vec![rotated(2, 50, Some(DAY))]));
    let longer = rotate(|ask| ask.expires_at = Some(at(LIFETIME)));
    check([ends(DAY)], longer, Ok(vec![rotated(2, 50, Some(LIFETIME))]));
}

#[test]
fn the_end_of_the_new_secret_is_the_end_of_the_key() {
    let given = [ends(100), rotated(2, 50, Some(200))];
    let early = ApiKeyRefusal::NotYetExpired { expires_at: Some(at(200)) };
    check(given.clone(), expire(100), Err(early));
    check(given, expire(200), Ok(vec![expired(200)]));
}

#[test]
fn a_new_end_obeys_the_same_bounds_as_the_first() {
    let past = ApiKeyRefusal::ExpiryNotAhead { expires_at: at(0), now: at(0) };
    check([issued()], rotate(|ask| ask.expires_at = Some(at(0))), Err(past));
    let far = ApiKeyRefusal::ExpiryTooFar { expires_at: at(LIFETIME + 1), latest: at(LIFETIME) };
    check([issued()], rotate(|ask| ask.expires_at = Some(at(LIFETIME + 1))), Err(far));
    let starts = issued_with(|event| event.not_before = Some(at(DAY)));
    let early = ApiKeyRefusal::ExpiryNotAfterStart { not_before: at(DAY), expires_at: at(DAY) };
    check([starts.clone()], rotate(|ask| ask.expires_at = Some(at(DAY))), Err(early));
    let later = rotate(|ask| ask.expires_at = Some(at(DAY + 1)));
    check([starts], later, Ok(vec![rotated(2, 50, Some(DAY + 1))]));
}

#[test]
fn a_key_that_started_long_ago_can_still_be_rotated() {
    let old = issued_with(|event| event.not_before = Some(at(-LIFETIME * 2)));
    check([old], rotate(|ask| ask.expires_at = Some(at(DAY))), Ok(vec![rotated(2, 50, Some(DAY))]));
}

#[test]
fn only_an_active_clients_keys_are_rotated() {
    check([issued()], rotate(|ask| ask.client = ClientStanding::Absent), Err(ApiKeyRefusal::NoClient));
    for standing in [ClientStanding::Suspended, ClientStanding::Archived] {
        let refused = ApiKeyRefusal::ClientNotActive { standing };
        check([issued()], rotate(|ask| ask.client = standing), Err(refused));
    }
}

#[test]
fn a_suspended_key_is_not_rotated() {
    check([issued(), suspended()], rotate(|_| {}), Err(ApiKeyRefusal::Suspended));
}

#[test]
fn a_key_that_the_clock_has_ended_is_not_rotated_back_to_life() {
    let renew = |now: i64| {
        rotate(move |ask| {
            (ask.now, ask.expires_at, ask.overlap_seconds) = (at(now), Some(at(DAY)), 0);
        })
    };
    check([ends(100)], renew(100), Err(ApiKeyRefusal::Expired));
    check([ends(100)], renew(99), Ok(vec![rotated_at(99, 2, 99, Some(DAY))]));
    check([issued(), planned(100)], renew(100), Err(ApiKeyRefusal::Revoked));
    check([issued(), planned(100)], renew(99), Ok(vec![rotated_at(99, 2, 99, Some(DAY))]));
}

#[test]
fn a_rotation_leaves_a_planned_revocation_standing() {
    let key = ApiKey::replay(&[issued(), planned(100), rotated(2, 50, None)]);
    assert_eq!(key.lineage().unwrap().revoke_at, Some((at(100), the("because"))));
}

#[test]
fn a_rotation_may_say_when_the_old_secret_is_idle() {
    let with = |hours| rotated_with(2, 50, move |event| event.retire_when_idle_hours = Some(hours));
    for hours in [1, IDLE_HOURS_MAX] {
        check([issued()], rotate(|ask| ask.retire_when_idle_hours = Some(hours)), Ok(vec![with(hours)]));
    }
    for hours in [0, IDLE_HOURS_MAX + 1] {
        let refused = ApiKeyRefusal::IdleHoursOutOfBounds { hours, allowed: IDLE_HOURS_MAX };
        check([issued()], rotate(|ask| ask.retire_when_idle_hours = Some(hours)), Err(refused));
    }
}
