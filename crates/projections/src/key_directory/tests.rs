//! Given, when, then.

use domain::api_key::{
    ApiKeyCommand, CancelRevocation, ExpireKey, ExtendOverlap, IssueKey, JudgePrevious, OverlapEnd,
    ReinstateKey, ReleaseKey, RetirePrevious, RevokeKey, SuspendKey,
};

use super::*;
use crate::testing::{History, at, client, folded, import, issue, key, leak, report_leak, rotate};

fn issued() -> KeyRow {
    KeyRow {
        key_id: key(1),
        client_id: client(1),
        name: "backend".to_owned(),
        environment: "prod".to_owned(),
        scopes: None,
        status: KeyStatus::Active,
        secret_version: 1,
        hint: "…hnt1".to_owned(),
        previous: None,
        not_before: None,
        expires_at: Some(at(1_000_000)),
        revoke_at: None,
        allowed_cidrs: vec!["10.0.0.0/8".to_owned()],
        last_used_at: None,
        version: 1,
        position: Position::new(1),
        issued_at: at(1),
        updated_at: at(1),
        origin: None,
        quarantine: None,
    }
}

/// After the issue and these commands; `expected` as of position 1.
fn check(commands: &[ApiKeyCommand], expected: KeyRow) {
    let history = History::default().key(1, &ApiKeyCommand::Issue(issue(1)));
    let history = commands.iter().fold(history, |history, command| history.key(1, command));
    let last = history.events.last().unwrap();
    let (version, position, updated_at) = (last.sequence, last.position, last.metadata.occurred_at);
    let expected = KeyRow { version, position, updated_at, ..expected };
    assert_eq!(folded::<KeyDirectory>(&history, key(1)), Some(expected));
}

fn revoke(at: Option<Timestamp>) -> ApiKeyCommand {
    ApiKeyCommand::Revoke(RevokeKey { now: self::at(20), at, reason: "leaked".parse().unwrap() })
}

#[test]
fn an_issued_key_has_its_row_and_an_end() {
    check(&[], issued());
    assert_eq!(issued().ends_at(), Some(at(1_000_000)));
}

#[test]
fn a_key_without_scopes_is_not_one_with_none() {
    let empty = IssueKey { scopes: Some([].into()), ..issue(1) };
    let history = History::default().key(1, &ApiKeyCommand::Issue(empty));
    assert_eq!(folded::<KeyDirectory>(&history, key(1)).unwrap().scopes, Some(vec![]));
}

#[test]
fn a_rotation_keeps_the_version_before_until_it_stops() {
    check(&[rotate(at(10))], rotated_until(at(3_610)));
}

/// After a rotation at 10.
fn rotated_until(until: Timestamp) -> KeyRow {
    let previous = PreviousSecret {
        version: 1,
        hint: "…hnt1".to_owned(),
        until,
        rotated_at: Some(at(10)),
        retire_when_idle_hours: None,
        still_busy: false,
        last_used_at: None,
    };
    KeyRow { secret_version: 2, hint: "…hnt2".to_owned(), previous: Some(previous), ..issued() }
}

#[test]
fn the_version_before_lives_longer_or_shorter_and_is_told_of_while_busy() {
    let (reason, until) = (|| "late".parse().unwrap(), OverlapEnd::At(at(7_200)));
    let extend = || ApiKeyCommand::ExtendOverlap(ExtendOverlap { now: at(20), until, reason: reason() });
    check(&[rotate(at(10)), extend()], rotated_until(at(7_200)));
    let retire = ApiKeyCommand::RetirePrevious(RetirePrevious { now: at(30), reason: reason() });
    check(&[rotate(at(10)), retire], rotated_until(at(30)));
    let judge = JudgePrevious { now: at(30), version: 1, last_used_at: Some(at(25)) };
    let busy = [rotate(at(10)), ApiKeyCommand::JudgePrevious(judge)];
    let history = History::default().key(1, &ApiKeyCommand::Issue(issue(1)));
    let history = busy.iter().fold(history, |history, command| history.key(1, command));
    assert!(folded::<KeyDirectory>(&history, key(1)).unwrap().previous.unwrap().still_busy);
}

#[test]
fn a_cancelled_revocation_leaves_the_key_its_expiry() {
    let cancel = CancelRevocation { now: at(30), reason: "kept".parse().unwrap() };
    check(&[revoke(Some(at(500))), ApiKeyCommand::CancelRevocation(cancel)], issued());
}

#[test]
fn a_planned_revocation_ends_the_key_before_its_expiry() {
    let planned = KeyRow { revoke_at: Some(at(500)), ..issued() };
    assert_eq!(planned.ends_at(), Some(at(500)));
    check(&[revoke(Some(at(500)))], planned);
}

#[test]
fn what_is_on_record_is_not_due_any_more() {
    let revoked = KeyRow { status: KeyStatus::Revoked, revoke_at: Some(at(20)), ..issued() };
    assert_eq!(revoked.ends_at(), None);
    check(&[revoke(None)], revoked);
    let expired = KeyRow { status: KeyStatus::Expired, ..issued() };
    assert_eq!(expired.ends_at(), None);
    check(&[ApiKeyCommand::Expire(ExpireKey { now: at(1_000_000) })], expired);
}

#[test]
fn a_suspended_key_still_ends() {
    let reason = || "odd traffic".parse().unwrap();
    let suspend = ApiKeyCommand::Suspend(SuspendKey { reason: reason() });
    let suspended = KeyRow { status: KeyStatus::Suspended, ..issued() };
    assert_eq!(suspended.ends_at(), Some(at(1_000_000)));
    check(&[suspend], suspended);
    let suspend = ApiKeyCommand::Suspend(SuspendKey { reason: reason() });
    check(&[suspend, ApiKeyCommand::Reinstate(ReinstateKey { reason: reason() })], issued());
}

#[test]
fn an_imported_key_says_where_it_comes_from() {
    let history = History::default().key(1, &import(1));
    let row = folded::<KeyDirectory>(&history, key(1)).unwrap();
    let origin = KeyOrigin { source: "kong".to_owned(), external_id: "kong-1".to_owned() };
    assert_eq!(row, KeyRow { hint: "…9f3e".to_owned(), origin: Some(origin), ..issued() });
}

#[test]
fn a_quarantine_is_shown_until_the_key_is_released() {
    let quarantine = KeyQuarantine { leak_id: leak(1), secret_version: 1, since: at(3) };
    check(&[report_leak(1)], KeyRow { quarantine: Some(quarantine.clone()), ..issued() });
    let previous = PreviousSecret {
        version: 1,
        hint: "…hnt1".to_owned(),
        until: at(3_610),
        rotated_at: Some(at(10)),
        retire_when_idle_hours: None,
        still_busy: false,
        last_used_at: None,
    };
    let rotated =
        KeyRow { secret_version: 2, hint: "…hnt2".to_owned(), previous: Some(previous), ..issued() };
    check(&[report_leak(1), rotate(at(10))], KeyRow { quarantine: Some(quarantine), ..rotated.clone() });
    let release = ReleaseKey { now: at(3_610), reason: "rotated".parse().unwrap() };
    check(&[report_leak(1), rotate(at(10)), ApiKeyCommand::Release(release)], rotated);
}
