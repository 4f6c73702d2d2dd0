//! Leaks: on record once, answered as the environment wants, and released when the leaked secret opens nothing.

use super::*;
use crate::LeakId;

fn report(change: impl FnOnce(&mut ReportLeak)) -> ApiKeyCommand {
    let mut ask = ReportLeak {
        now: at(0),
        leak_id: LeakId::from_parts(1, 1),
        secret_version: 1,
        receiver: LeakReceiver::Github,
        source: Some(the("commit")),
        url: Some(the("https://example.com/a")),
        response: quarantine(),
        reason: the("reported as leaked"),
    };
    change(&mut ask);
    ApiKeyCommand::ReportLeak(ask)
}

fn quarantine() -> LeakResponse {
    LeakResponse::Quarantine { known_addresses: vec![the("192.0.2.7/32")], calls_per_minute: 6 }
}

fn reported(action: LeakAction) -> ApiKeyEvent {
    reported_of(1, 1, action)
}

fn reported_of(leak: u128, secret_version: u32, action: LeakAction) -> ApiKeyEvent {
    ApiKeyEvent::LeakReported(LeakReported {
        leak_id: LeakId::from_parts(1, leak),
        secret_version,
        receiver: LeakReceiver::Github,
        source: Some(the("commit")),
        url: Some(the("https://example.com/a")),
        action,
    })
}

fn quarantined(leak: u128, secret_version: u32) -> ApiKeyEvent {
    ApiKeyEvent::Quarantined(Quarantined {
        leak_id: LeakId::from_parts(1, leak),
        secret_version,
        known_addresses: vec![the("192.0.2.7/32")],
        calls_per_minute: 6,
    })
}

fn release(now: i64) -> ApiKeyCommand {
    ApiKeyCommand::Release(ReleaseKey { now: at(now), reason: the("rotated") })
}

fn released() -> ApiKeyEvent {
    ApiKeyEvent::Released(Released { reason: the("rotated") })
}

#[test]
fn a_leaked_secret_quarantines_its_key_or_revokes_it_as_the_environment_wants() {
    let both = vec![reported(LeakAction::Quarantined), quarantined(1, 1)];
    check([issued()], report(|_| {}), Ok(both.clone()));
    check([issued(), suspended()], report(|_| {}), Ok(both));
    let revoked = ApiKeyEvent::Revoked(Revoked { revoked_at: at(0), reason: the("reported as leaked") });
    let when = report(|ask| ask.response = LeakResponse::Revoke);
    check([issued()], when, Ok(vec![reported(LeakAction::Revoked), revoked]));
}

#[test]
fn the_same_report_again_is_no_news() {
    let given = [issued(), reported(LeakAction::Quarantined), quarantined(1, 1)];
    check(given, report(|_| {}), Ok(vec![]));
}

#[test]
fn a_second_report_is_on_record_and_the_first_addresses_stand() {
    let given = [issued(), reported(LeakAction::Quarantined), quarantined(1, 1)];
    let second = report(|ask| ask.leak_id = LeakId::from_parts(1, 2));
    check(given, second, Ok(vec![reported_of(2, 1, LeakAction::Quarantined)]));
}

#[test]
fn the_leak_of_a_later_version_quarantines_that_too() {
    let given = [issued(), reported(LeakAction::Quarantined), quarantined(1, 1), rotated(2, 50, None)];
    let second = report(|ask| (ask.leak_id, ask.secret_version) = (LeakId::from_parts(1, 2), 2));
    check(given, second, Ok(vec![reported_of(2, 2, LeakAction::Quarantined), quarantined(2, 2)]));
}

#[test]
fn a_secret_that_opens_nothing_is_only_put_on_record() {
    let then = || Ok(vec![reported(LeakAction::None)]);
    for end in [revoked(0), expired(0)] {
        check([issued(), end], report(|_| {}), then());
    }
    check([ends(100)], report(|ask| ask.now = at(100)), then());
    check([issued(), planned(100)], report(|ask| ask.now = at(100)), then());
    check([issued(), rotated(2, 50, None)], report(|ask| ask.now = at(50)), then());
    check([issued(), rotated(2, 50, None), rotated(3, 90, None)], report(|ask| ask.now = at(60)), then());
}

#[test]
fn the_secret_before_the_current_one_counts_while_it_lives() {
    let then = vec![reported(LeakAction::Quarantined), quarantined(1, 1)];
    check([issued(), rotated(2, 50, None)], report(|ask| ask.now = at(49)), Ok(then));
}

#[test]
fn a_flood_of_reports_ends() {
    let given = (0..100).map(|leak| reported_of(leak + 10, 1, LeakAction::None));
    check([issued()].into_iter().chain(given), report(|_| {}), Ok(vec![]));
}

#[test]
fn a_quarantine_ends_when_the_leaked_secret_has_stopped() {
    let leaked = [issued(), reported(LeakAction::Quarantined), quarantined(1, 1)];
    let lives = |until| Err(ApiKeyRefusal::LeakedSecretLives { secret_version: 1, until });
    check(leaked.clone(), release(10), lives(None));
    let rotated_since = [leaked.to_vec(), vec![rotated(2, 50, None)]].concat();
    check(rotated_since.clone(), release(49), lives(Some(at(50))));
    check(rotated_since.clone(), release(50), Ok(vec![released()]));
    check([rotated_since, vec![released()]].concat(), release(60), Ok(vec![]));
}

#[test]
fn only_a_key_that_lives_can_be_released() {
    check([issued()], release(0), Ok(vec![]));
    check([issued(), revoked(0)], release(0), Err(ApiKeyRefusal::Revoked));
    check([issued(), expired(0)], release(0), Err(ApiKeyRefusal::Expired));
    check([], release(0), Err(ApiKeyRefusal::NotIssued));
    check([], report(|_| {}), Err(ApiKeyRefusal::NotIssued));
}

#[test]
fn an_imported_key_leaks_like_any_other() {
    let then = vec![reported(LeakAction::Quarantined), quarantined(1, 1)];
    check([super::import::imported()], report(|_| {}), Ok(then));
}
