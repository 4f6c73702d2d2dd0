//! Given, when, then. The clock stands at `at(0)` unless a case says otherwise.

mod import;
mod issue;
mod leak;
mod overlap;
mod revoke;
mod rotate;

use std::collections::BTreeSet;

use super::*;
use crate::{
    Aggregate, ClientId, Timestamp,
    api_client::{ClientFacts, ClientStanding},
    given::{all, at, the},
    secret::SecretDigest,
};

const DAY: i64 = 86_400;
/// The furthest that a start, an end or a revocation may be away.
const LIFETIME: i64 = 3_660 * DAY;

fn check(
    given: impl IntoIterator<Item = ApiKeyEvent>,
    when: ApiKeyCommand,
    then: Result<Vec<ApiKeyEvent>, ApiKeyRefusal>,
) {
    let given: Vec<_> = given.into_iter().collect();
    assert_eq!(ApiKey::replay(&given).decide(&when), then, "{when:?} after {given:?}");
}

#[test]
fn each_suspension_is_on_record() {
    check([issued()], suspend(), Ok(vec![suspended()]));
    check([issued(), suspended()], suspend(), Ok(vec![suspended()]));
    check([issued(), suspended(), reinstated()], suspend(), Ok(vec![suspended()]));
}

#[test]
fn reinstating_ends_a_suspension_and_an_active_key_needs_none() {
    check([issued(), suspended()], reinstate(), Ok(vec![reinstated()]));
    check([issued()], reinstate(), Ok(vec![]));
}

#[test]
fn a_suspended_key_keeps_its_secrets_its_end_and_its_planned_revocation() {
    let given = [ends(100), rotated(2, 50, Some(100)), planned(80)];
    let before = ApiKey::replay(&given);
    let after = ApiKey::replay(given.iter().chain([&suspended(), &reinstated()]));
    assert_eq!(before, after);
}

#[test]
fn revoked_and_expired_are_final() {
    for (end, refusal) in [(revoked(0), ApiKeyRefusal::Revoked), (expired(0), ApiKeyRefusal::Expired)] {
        for when in [rotate(|_| {}), suspend(), reinstate()] {
            check([issued(), end.clone()], when, Err(refusal.clone()));
        }
        check([issued(), suspended(), end.clone()], suspend(), Err(refusal.clone()));
        check([issued(), end], issue(|_| {}), Err(ApiKeyRefusal::AlreadyIssued));
    }
    check([issued(), revoked(0)], expire(100), Err(ApiKeyRefusal::Revoked));
    check([issued(), expired(0)], revoke(None), Err(ApiKeyRefusal::Expired));
    check([issued(), expired(0)], revoke(Some(100)), Err(ApiKeyRefusal::Expired));
}

#[test]
fn nothing_can_be_asked_of_a_key_that_was_never_issued() {
    for when in [rotate(|_| {}), revoke(None), revoke(Some(9)), suspend(), reinstate(), expire(0)] {
        check([], when, Err(ApiKeyRefusal::NotIssued));
    }
}

#[test]
fn a_key_expires_at_its_end_and_not_a_second_before() {
    let too_early = ApiKeyRefusal::NotYetExpired { expires_at: Some(at(100)) };
    check([ends(100)], expire(99), Err(too_early));
    check([ends(100)], expire(100), Ok(vec![expired(100)]));
    check([ends(100), suspended()], expire(200), Ok(vec![expired(100)]));
    check([ends(100), expired(100)], expire(300), Ok(vec![]));
}

#[test]
fn a_key_without_an_end_never_expires() {
    check([issued()], expire(LIFETIME * 9), Err(ApiKeyRefusal::NotYetExpired { expires_at: None }));
}

#[test]
fn a_planned_revocation_that_has_come_goes_on_record_before_the_expiry() {
    check([ends(100), planned(80)], expire(80), Ok(vec![revoked(80)]));
    check([ends(100), planned(80)], expire(200), Ok(vec![revoked(80)]));
    check([issued(), planned(80)], expire(80), Ok(vec![revoked(80)]));
    check([ends(100), planned(120)], expire(110), Ok(vec![expired(100)]));
}

fn issuing() -> IssueKey {
    IssueKey {
        now: at(0),
        client_id: ClientId::from_parts(1, 1),
        client: ClientFacts {
            standing: ClientStanding::Active,
            environments: all(&["prod", "sandbox"]),
            scopes: all(&["orders:read", "orders:write"]),
        },
        name: the("Nightly export"),
        environment: the("prod"),
        scopes: None,
        not_before: None,
        expires_at: None,
        allowed_cidrs: vec![],
        secret: secret(1),
    }
}

fn issue(change: impl FnOnce(&mut IssueKey)) -> ApiKeyCommand {
    let mut ask = issuing();
    change(&mut ask);
    ApiKeyCommand::Issue(ask)
}

fn rotate(change: impl FnOnce(&mut RotateKey)) -> ApiKeyCommand {
    let mut ask = RotateKey {
        now: at(0),
        client: ClientStanding::Active,
        secret: secret(2),
        overlap_seconds: 50,
        expires_at: None,
        reason: Some(the("because")),
        retire_when_idle_hours: None,
    };
    change(&mut ask);
    ApiKeyCommand::Rotate(ask)
}

fn revoke(when: Option<i64>) -> ApiKeyCommand {
    revoke_asked_at(0, when)
}

fn revoke_asked_at(now: i64, when: Option<i64>) -> ApiKeyCommand {
    ApiKeyCommand::Revoke(RevokeKey { now: at(now), at: when.map(at), reason: the("because") })
}

fn suspend() -> ApiKeyCommand {
    ApiKeyCommand::Suspend(SuspendKey { reason: the("because") })
}

fn reinstate() -> ApiKeyCommand {
    ApiKeyCommand::Reinstate(ReinstateKey { reason: the("because") })
}

fn expire(now: i64) -> ApiKeyCommand {
    ApiKeyCommand::Expire(ExpireKey { now: at(now) })
}

fn secret(version: u8) -> NewSecret {
    NewSecret {
        locator: the(&format!("aB3dE6gH9{version}")),
        digest: SecretDigest { pepper_version: 1, hmac: [version; 32] },
        hint: format!("…x7Q{version}"),
    }
}

fn stored(version: u8) -> SecretVersion {
    let NewSecret { locator, digest, hint } = secret(version);
    SecretVersion { version: version.into(), locator, digest, hint }
}

fn issued() -> ApiKeyEvent {
    issued_with(|_| {})
}

fn issued_with(change: impl FnOnce(&mut Issued)) -> ApiKeyEvent {
    let mut event = Issued {
        client_id: ClientId::from_parts(1, 1),
        name: the("Nightly export"),
        environment: the("prod"),
        scopes: None,
        secret: stored(1),
        not_before: None,
        expires_at: None,
        allowed_cidrs: vec![],
    };
    change(&mut event);
    ApiKeyEvent::Issued(event)
}

/// Issued with an end.
fn ends(seconds: i64) -> ApiKeyEvent {
    issued_with(|event| event.expires_at = Some(at(seconds)))
}

fn rotated(version: u8, previous_until: i64, expires_at: Option<i64>) -> ApiKeyEvent {
    rotated_at(0, version, previous_until, expires_at)
}

fn rotated_at(now: i64, version: u8, previous_until: i64, expires_at: Option<i64>) -> ApiKeyEvent {
    rotated_with(version, previous_until, |event| {
        (event.rotated_at, event.expires_at) = (Some(at(now)), expires_at.map(at));
    })
}

fn rotated_with(version: u8, previous_until: i64, change: impl FnOnce(&mut Rotated)) -> ApiKeyEvent {
    let mut event = Rotated {
        secret: stored(version),
        previous_until: at(previous_until),
        expires_at: None,
        reason: Some(the("because")),
        rotated_at: Some(at(0)),
        retire_when_idle_hours: None,
    };
    change(&mut event);
    ApiKeyEvent::Rotated(event)
}

fn planned(seconds: i64) -> ApiKeyEvent {
    ApiKeyEvent::RevocationScheduled(RevocationScheduled { revoke_at: at(seconds), reason: the("because") })
}

fn revoked(seconds: i64) -> ApiKeyEvent {
    ApiKeyEvent::Revoked(Revoked { revoked_at: at(seconds), reason: the("because") })
}

fn suspended() -> ApiKeyEvent {
    ApiKeyEvent::Suspended(Suspended { reason: the("because") })
}

fn reinstated() -> ApiKeyEvent {
    ApiKeyEvent::Reinstated(Reinstated { reason: the("because") })
}

fn expired(seconds: i64) -> ApiKeyEvent {
    ApiKeyEvent::Expired(Expired { expired_at: at(seconds) })
}
