//! Revoking: once, for good, now or at a time ahead.

use super::*;

#[test]
fn revoking_stops_active_and_suspended_keys_at_once() {
    check([issued()], revoke(None), Ok(vec![revoked(0)]));
    check([issued(), suspended()], revoke(None), Ok(vec![revoked(0)]));
    check([issued(), rotated(2, 50, None)], revoke(None), Ok(vec![revoked(0)]));
}

#[test]
fn revoking_twice_records_nothing_new() {
    check([issued(), revoked(0)], revoke(None), Ok(vec![]));
    check([issued(), revoked(0)], revoke_asked_at(9, Some(20)), Ok(vec![]));
}

#[test]
fn a_planned_revocation_is_ahead_and_at_most_ten_years() {
    for seconds in [1, LIFETIME] {
        check([issued()], revoke(Some(seconds)), Ok(vec![planned(seconds)]));
    }
    for seconds in [0, -1] {
        let refused = ApiKeyRefusal::RevocationNotAhead { at: at(seconds), now: at(0) };
        check([issued()], revoke(Some(seconds)), Err(refused));
    }
    let refused = ApiKeyRefusal::RevocationTooFar { at: at(LIFETIME + 1), latest: at(LIFETIME) };
    check([issued()], revoke(Some(LIFETIME + 1)), Err(refused));
}

#[test]
fn planning_the_same_time_again_records_nothing() {
    check([issued(), planned(100)], revoke(Some(100)), Ok(vec![]));
}

#[test]
fn a_plan_can_be_moved_while_its_time_is_ahead() {
    for seconds in [50, 200] {
        check([issued(), planned(100)], revoke_asked_at(40, Some(seconds)), Ok(vec![planned(seconds)]));
    }
    let key = ApiKey::replay(&[issued(), planned(100), planned(200)]);
    assert_eq!(key.lineage().unwrap().revoke_at, Some((at(200), the("because"))));
}

#[test]
fn a_planned_revocation_can_be_brought_forward_to_now() {
    check([issued(), planned(100)], revoke_asked_at(40, None), Ok(vec![revoked(40)]));
}

#[test]
fn a_plan_whose_time_has_come_is_recorded_as_planned_and_cannot_be_undone() {
    for when in [None, Some(99), Some(1_000)] {
        check([issued(), planned(100)], revoke_asked_at(100, when), Ok(vec![revoked(100)]));
        check([issued(), suspended(), planned(100)], revoke_asked_at(500, when), Ok(vec![revoked(100)]));
    }
}

#[test]
fn the_first_reason_stands() {
    let other = ApiKeyCommand::Revoke(RevokeKey { now: at(100), at: None, reason: the("another") });
    check([issued(), planned(100)], other, Ok(vec![revoked(100)]));
}

#[test]
fn a_suspended_key_can_be_planned_to_be_revoked() {
    check([issued(), suspended()], revoke(Some(100)), Ok(vec![planned(100)]));
}

#[test]
fn a_key_past_its_end_can_be_revoked_at_once_but_not_planned_to_be() {
    check([ends(100)], revoke_asked_at(100, None), Ok(vec![revoked(100)]));
    check([ends(100)], revoke_asked_at(100, Some(200)), Err(ApiKeyRefusal::Expired));
    check([ends(100)], revoke_asked_at(99, Some(200)), Ok(vec![planned(200)]));
}

#[test]
fn a_plan_can_be_cancelled_while_its_time_is_ahead() {
    check([issued(), planned(100)], cancel(99), Ok(vec![cancelled(100)]));
    check([issued(), suspended(), planned(100)], cancel(0), Ok(vec![cancelled(100)]));
    check(
        [issued(), planned(100), cancelled(100)],
        expire(100),
        Err(ApiKeyRefusal::NotYetExpired { expires_at: None }),
    );
    check([issued(), planned(100), cancelled(100)], revoke(Some(200)), Ok(vec![planned(200)]));
}

#[test]
fn a_revocation_whose_time_has_come_cannot_be_cancelled() {
    check([issued(), planned(100)], cancel(100), Err(ApiKeyRefusal::Revoked));
    check([issued(), revoked(0)], cancel(0), Err(ApiKeyRefusal::Revoked));
    check([issued(), expired(0)], cancel(0), Err(ApiKeyRefusal::Expired));
}

#[test]
fn a_plan_beyond_the_keys_own_end_can_be_cancelled_until_that_end() {
    check([ends(100), planned(200)], cancel(99), Ok(vec![cancelled(200)]));
    check([ends(100), planned(200)], cancel(100), Err(ApiKeyRefusal::Expired));
    check([ends(100), planned(200)], cancel(200), Err(ApiKeyRefusal::Revoked));
}

#[test]
fn cancelling_what_is_not_planned_is_no_news() {
    check([issued()], cancel(0), Ok(vec![]));
    check([issued(), planned(100), cancelled(100)], cancel(0), Ok(vec![]));
}

fn cancel(now: i64) -> ApiKeyCommand {
    ApiKeyCommand::CancelRevocation(CancelRevocation { now: at(now), reason: the("because") })
}

fn cancelled(seconds: i64) -> ApiKeyEvent {
    ApiKeyEvent::RevocationCancelled(RevocationCancelled { revoke_at: at(seconds), reason: the("because") })
}
