//! The old secret beside the new one: extended within bounds, retired at once or when idle, told of while still busy.

use super::*;

const HOUR: i64 = 3_600;
const LONGEST: i64 = 90 * DAY;

#[test]
fn an_overlap_is_extended_to_a_time_or_by_its_length_since_the_rotation() {
    check([issued(), rotated_at(10, 2, 50, None)], extend(20, At(at(80))), Ok(vec![extended(80)]));
    let longer = AfterRotation { seconds: 100 };
    check([issued(), rotated_at(10, 2, 50, None)], extend(20, longer), Ok(vec![extended(110)]));
    check([issued(), suspended()], extend(0, longer), Err(ApiKeyRefusal::NoOverlap));
    check([issued(), rotated(2, 50, None), suspended()], extend(20, longer), Ok(vec![extended(100)]));
}

#[test]
fn an_overlap_is_at_most_ninety_days_from_its_rotation_however_often_it_is_extended() {
    let given = || [issued(), rotated_at(10, 2, 50, None), extended(LONGEST)];
    check(given(), extend(LONGEST - 1, At(at(LONGEST + 10))), Ok(vec![extended(LONGEST + 10)]));
    let refused = |until| ApiKeyRefusal::OverlapEndTooFar { until: at(until), latest: at(LONGEST + 10) };
    check(given(), extend(LONGEST - 1, At(at(LONGEST + 11))), Err(refused(LONGEST + 11)));
    let all = AfterRotation { seconds: u32::MAX };
    check(given(), extend(20, all), Err(refused(10 + i64::from(u32::MAX))));
}

#[test]
fn grace_never_outlives_the_old_keys_own_expiry() {
    let renewed = || [ends(100), rotated(2, 50, Some(DAY))];
    check(renewed(), extend(20, At(at(100))), Ok(vec![extended(100)]));
    let refused = ApiKeyRefusal::OverlapEndTooFar { until: at(101), latest: at(100) };
    check(renewed(), extend(20, At(at(101))), Err(refused));
}

#[test]
fn grace_never_outlives_the_keys_new_end() {
    let shortened = [ends(DAY), rotated(2, 50, Some(100))];
    let refused = ApiKeyRefusal::OverlapEndTooFar { until: at(101), latest: at(100) };
    check(shortened, extend(20, At(at(101))), Err(refused));
}

#[test]
fn an_extension_does_not_shorten_and_a_repeated_one_is_no_news() {
    let given = || [issued(), rotated(2, 50, None)];
    for until in [49, 20, -1] {
        let refused = ApiKeyRefusal::OverlapNotExtended { until: at(until), previous_until: at(50) };
        check(given(), extend(20, At(at(until))), Err(refused));
    }
    check(given(), extend(20, At(at(50))), Ok(vec![]));
}

#[test]
fn a_secret_that_has_stopped_does_not_come_back() {
    check([issued()], extend(0, At(at(100))), Err(ApiKeyRefusal::NoOverlap));
    check([issued(), rotated(2, 50, None)], extend(50, At(at(100))), Err(ApiKeyRefusal::NoOverlap));
    // Nor by a clock that is set back.
    for now in [20, 19] {
        let given = [issued(), rotated(2, 50, None), retired(20)];
        check(given, extend(now, At(at(100))), Err(ApiKeyRefusal::NoOverlap));
    }
}

#[test]
fn nothing_is_extended_beyond_an_end_that_the_clock_has_brought() {
    check([issued(), rotated(2, 50, None), planned(30)], extend(30, At(at(80))), Err(ApiKeyRefusal::Revoked));
    check([issued(), rotated(2, 50, None), revoked(30)], extend(31, At(at(80))), Err(ApiKeyRefusal::Revoked));
    check([issued(), rotated(2, 50, None), revoked(30)], retire(31), Err(ApiKeyRefusal::Revoked));
    check([issued(), rotated(2, 50, None), revoked(30)], judge(31, None), Err(ApiKeyRefusal::Revoked));
}

#[test]
fn a_rotation_recorded_without_its_time_cannot_be_extended() {
    let old = || rotated_with(2, 50, |event| event.rotated_at = None);
    let refused = ApiKeyRefusal::OverlapEndTooFar { until: at(51), latest: at(50) };
    check([issued(), old()], extend(20, At(at(51))), Err(refused));
    check([issued(), old()], extend(20, AfterRotation { seconds: 99 }), Ok(vec![]));
    check([issued(), old()], retire(20), Ok(vec![retired(20)]));
}

#[test]
fn retiring_stops_the_old_secret_now_and_once() {
    check([issued(), rotated(2, 50, None)], retire(20), Ok(vec![retired(20)]));
    check([issued(), rotated(2, 50, None), suspended()], retire(20), Ok(vec![retired(20)]));
    check([issued(), rotated(2, 50, None), retired(20)], retire(30), Ok(vec![]));
    check([issued(), rotated(2, 50, None)], retire(50), Ok(vec![]));
    check([issued(), rotated(2, 50, None), retired(20)], retire(10), Ok(vec![]));
    check([issued()], retire(20), Err(ApiKeyRefusal::NoOverlap));
}

#[test]
fn a_third_secret_is_allowed_once_the_first_is_retired() {
    let third = rotate(|ask| (ask.now, ask.secret) = (at(20), secret(3)));
    check([issued(), rotated(2, 50, None), retired(20)], third, Ok(vec![rotated_at(20, 3, 70, None)]));
}

#[test]
fn an_idle_old_secret_is_retired_where_the_rotation_asked_for_it() {
    let given = || [issued(), rotated_with(2, 40 * HOUR, |event| event.retire_when_idle_hours = Some(2))];
    check(given(), judge(2 * HOUR - 1, None), Ok(vec![]));
    check(given(), judge(2 * HOUR, None), Ok(vec![idle(2 * HOUR, None)]));
    check(given(), judge(2 * HOUR, Some(-DAY)), Ok(vec![idle(2 * HOUR, Some(-DAY))]));
    check(given(), judge(3 * HOUR, Some(HOUR + 1)), Ok(vec![]));
    check(given(), judge(3 * HOUR, Some(HOUR)), Ok(vec![idle(3 * HOUR, Some(HOUR))]));
    check([issued(), rotated(2, 40 * HOUR, None)], judge(39 * HOUR, None), Ok(vec![]));
}

#[test]
fn a_retirement_of_an_idle_secret_is_not_news_twice() {
    let idle_after_2 = rotated_with(2, 40 * HOUR, |event| event.retire_when_idle_hours = Some(2));
    check([issued(), idle_after_2, idle(2 * HOUR, None)], judge(3 * HOUR, None), Ok(vec![]));
}

#[test]
fn a_secret_that_is_busy_a_day_before_its_end_is_told_of_once() {
    let given = || vec![issued(), rotated(2, 10 * DAY, None)];
    check(given(), judge(9 * DAY - 1, Some(9 * DAY - 2)), Ok(vec![]));
    check(given(), judge(9 * DAY, Some(8 * DAY)), Ok(vec![busy(10 * DAY, 8 * DAY)]));
    check(given(), judge(9 * DAY, Some(8 * DAY - 1)), Ok(vec![]));
    check(given(), judge(9 * DAY, None), Ok(vec![]));
    let told = || [given(), vec![busy(10 * DAY, 8 * DAY)]].concat();
    check(told(), judge(9 * DAY + HOUR, Some(9 * DAY)), Ok(vec![]));
    let extended = || [told(), vec![extended(20 * DAY)]].concat();
    check(extended(), judge(9 * DAY + HOUR, Some(9 * DAY)), Ok(vec![]));
    check(extended(), judge(19 * DAY, Some(19 * DAY)), Ok(vec![busy(20 * DAY, 19 * DAY)]));
}

#[test]
fn uses_before_a_short_rotation_do_not_make_the_old_secret_busy() {
    check([issued(), rotated(2, HOUR, None)], judge(60, Some(-60)), Ok(vec![]));
    check([issued(), rotated(2, HOUR, None)], judge(60, Some(30)), Ok(vec![busy(HOUR, 30)]));
}

#[test]
fn nothing_is_said_of_a_version_that_is_not_the_one_before() {
    let other = ApiKeyCommand::JudgePrevious(JudgePrevious { now: at(9), version: 2, last_used_at: None });
    let given = rotated_with(2, 40 * HOUR, |event| event.retire_when_idle_hours = Some(1));
    check([issued(), given], other, Ok(vec![]));
    check([issued()], judge(9, Some(8)), Ok(vec![]));
    check([], judge(9, Some(8)), Err(ApiKeyRefusal::NotIssued));
}

use OverlapEnd::{AfterRotation, At};

fn extend(now: i64, until: OverlapEnd) -> ApiKeyCommand {
    ApiKeyCommand::ExtendOverlap(ExtendOverlap { now: at(now), until, reason: the("because") })
}

fn retire(now: i64) -> ApiKeyCommand {
    ApiKeyCommand::RetirePrevious(RetirePrevious { now: at(now), reason: the("because") })
}

fn judge(now: i64, last_used_at: Option<i64>) -> ApiKeyCommand {
    let last_used_at = last_used_at.map(at);
    ApiKeyCommand::JudgePrevious(JudgePrevious { now: at(now), version: 1, last_used_at })
}

fn extended(seconds: i64) -> ApiKeyEvent {
    let (previous_until, reason) = (at(seconds), the("because"));
    ApiKeyEvent::OverlapExtended(OverlapExtended { version: 1, previous_until, reason })
}

fn retired(seconds: i64) -> ApiKeyEvent {
    let (retired_at, reason) = (at(seconds), the("because"));
    ApiKeyEvent::PreviousRetired(PreviousRetired { version: 1, retired_at, last_used_at: None, reason })
}

fn idle(seconds: i64, last_used_at: Option<i64>) -> ApiKeyEvent {
    ApiKeyEvent::PreviousRetired(PreviousRetired {
        version: 1,
        retired_at: at(seconds),
        last_used_at: last_used_at.map(at),
        reason: the("not used for 2 h, as the rotation asked"),
    })
}

fn busy(until: i64, used: i64) -> ApiKeyEvent {
    let (previous_until, last_used_at) = (at(until), at(used));
    ApiKeyEvent::PreviousStillBusy(PreviousStillBusy { version: 1, previous_until, last_used_at })
}
