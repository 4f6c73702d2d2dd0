//! Given, when, then.

use super::{
    Account, AddPerson, BreakGlassClosed, BreakGlassOpened, ClaimInstallation, ClaimReopened,
    CloseBreakGlass, DisablePrincipal, Disabled, EnablePrincipal, Enabled, Identity, InstallationClaimed,
    MakeServiceAccount, NewIdentity, NewToken, OpenBreakGlass, PersonAdded, PrincipalCommand, PrincipalEvent,
    PrincipalRefusal, ReopenClaim, RevokeTokens, RotateToken, ServiceAccountMade, TokenIssued, TokenRotated,
    TokensRevoked,
};
use crate::{
    Aggregate as _, GrantId, PrincipalId, Timestamp,
    api_key::{NewSecret, SecretVersion},
    given::{at, the},
    personal::PersonalValue,
    secret::SecretDigest,
};

const DAY: i64 = 86_400;

fn check<const N: usize>(
    given: [PrincipalEvent; N],
    when: PrincipalCommand,
    then: Result<Vec<PrincipalEvent>, PrincipalRefusal>,
) {
    assert_eq!(Account::replay(&given).decide(&when), then);
}

fn secret(number: u8) -> NewSecret {
    let digest = SecretDigest { pepper_version: 1, hmac: [number; 32] };
    NewSecret { locator: the(&format!("aB3dE6gH9{number}")), digest, hint: "…x7Qa".to_owned() }
}

fn version(number: u8, version: u32) -> SecretVersion {
    let NewSecret { locator, digest, hint } = secret(number);
    SecretVersion { version, locator, digest, hint }
}

fn token(number: u8, days: i64) -> NewToken {
    NewToken { secret: secret(number), expires_at: at(days * DAY) }
}

fn person() -> AddPerson {
    let personal = |text| PersonalValue::new([1; 16], text);
    let identity = NewIdentity {
        issuer: "https://login.example.com".to_owned(),
        subject: personal("00u1"),
        taken: false,
    };
    AddPerson { name: personal("Ada"), email: Some(personal("ada@example.com")), identity: Some(identity) }
}

fn added() -> PrincipalEvent {
    let AddPerson { name, email, identity } = person();
    PrincipalEvent::PersonAdded(PersonAdded {
        name: name.commitment(),
        email: email.map(|email| email.commitment()),
        identity: identity
            .map(|NewIdentity { issuer, subject, .. }| Identity { issuer, subject: subject.commitment() }),
    })
}

fn made() -> PrincipalEvent {
    PrincipalEvent::ServiceAccountMade(ServiceAccountMade { name: the("ci"), team: the("Orders") })
}

fn issued(number: u8, counted: u32, days: i64) -> PrincipalEvent {
    let expires_at = at(days * DAY);
    PrincipalEvent::TokenIssued(TokenIssued { secret: version(number, counted), expires_at })
}

fn rotated(number: u8, counted: u32, previous_until: Timestamp, days: i64) -> PrincipalEvent {
    let (secret, expires_at) = (version(number, counted), at(days * DAY));
    PrincipalEvent::TokenRotated(TokenRotated { secret, previous_until, expires_at })
}

fn rotate(seconds: i64, number: u8, days: i64, overlap_seconds: u32) -> PrincipalCommand {
    let (now, token) = (at(seconds), token(number, days));
    PrincipalCommand::RotateToken(RotateToken { now, token, overlap_seconds })
}

fn disable(is_last_admin: bool) -> PrincipalCommand {
    PrincipalCommand::Disable(DisablePrincipal { reason: the("left"), is_last_admin })
}

fn disabled() -> PrincipalEvent {
    PrincipalEvent::Disabled(Disabled { reason: the("left") })
}

fn enable() -> PrincipalCommand {
    PrincipalCommand::Enable(EnablePrincipal { reason: the("back") })
}

fn enabled() -> PrincipalEvent {
    PrincipalEvent::Enabled(Enabled { reason: the("back") })
}

fn revoke() -> PrincipalCommand {
    PrincipalCommand::RevokeTokens(RevokeTokens { reason: the("leaked") })
}

fn revoked() -> PrincipalEvent {
    PrincipalEvent::TokensRevoked(TokensRevoked { reason: the("leaked") })
}

#[test]
fn a_person_is_added_once_and_not_under_anothers_identity() {
    check([], PrincipalCommand::AddPerson(person()), Ok(vec![added()]));
    check([added()], PrincipalCommand::AddPerson(person()), Err(PrincipalRefusal::AlreadyThere));
    let mut taken = person();
    taken.identity.as_mut().unwrap().taken = true;
    let issuer = "https://login.example.com".to_owned();
    check([], PrincipalCommand::AddPerson(taken), Err(PrincipalRefusal::IdentityTaken { issuer }));
}

#[test]
fn a_service_account_begins_with_a_token_that_ends() {
    let make = |days| {
        let (name, team) = (the("ci"), the("Orders"));
        PrincipalCommand::MakeServiceAccount(MakeServiceAccount {
            now: at(0),
            name,
            team,
            token: token(1, days),
        })
    };
    check([], make(365), Ok(vec![made(), issued(1, 1, 365)]));
    check([made()], make(1), Err(PrincipalRefusal::AlreadyThere));
    let latest = at(365 * DAY);
    for days in [0, -1, 366] {
        let expires_at = at(days * DAY);
        check([], make(days), Err(PrincipalRefusal::TokenLifetime { expires_at, latest }));
    }
}

#[test]
fn a_token_is_rotated_and_the_one_before_lives_on_within_its_own_end() {
    let given = || [made(), issued(1, 1, 10)];
    check(given(), rotate(0, 2, 20, 60), Ok(vec![rotated(2, 2, at(60), 20)]));
    check(given(), rotate(9 * DAY, 2, 20, 30 * 86_400), Ok(vec![rotated(2, 2, at(10 * DAY), 20)]));
    check(given(), rotate(0, 1, 20, 60), Err(PrincipalRefusal::TokenInUse));
    let too_long = PrincipalRefusal::TokenOverlap { overlap_seconds: 2_592_001, allowed: 2_592_000 };
    check(given(), rotate(0, 2, 20, 2_592_001), Err(too_long));
    // What has ended or was revoked is followed without an overlap.
    check(given(), rotate(10 * DAY, 2, 20, 60), Ok(vec![issued(2, 2, 20)]));
    check([made(), issued(1, 1, 10), revoked()], rotate(0, 2, 20, 60), Ok(vec![issued(2, 2, 20)]));
    check([made(), issued(1, 1, 10), disabled()], rotate(0, 2, 20, 60), Err(PrincipalRefusal::Disabled));
    check([added()], rotate(0, 2, 20, 60), Err(PrincipalRefusal::NoTokens));
    check([], rotate(0, 2, 20, 60), Err(PrincipalRefusal::NotThere));
}

#[test]
fn all_tokens_are_revoked_at_once_and_once() {
    check([made(), issued(1, 1, 10), rotated(2, 2, at(60), 20)], revoke(), Ok(vec![revoked()]));
    check([made(), issued(1, 1, 10), revoked()], revoke(), Ok(vec![]));
    let state = Account::replay(&[made(), issued(1, 1, 10), rotated(2, 2, at(60), 20), revoked()]);
    let profile = state.profile().unwrap();
    assert_eq!((&profile.token, &profile.previous), (&None, &None));
}

#[test]
fn the_last_administrator_is_not_disabled() {
    check([added()], disable(true), Err(PrincipalRefusal::LastAdmin));
    check([added()], disable(false), Ok(vec![disabled()]));
    check([added(), disabled()], disable(false), Ok(vec![]));
    check([added(), disabled()], enable(), Ok(vec![enabled()]));
    check([added()], enable(), Ok(vec![]));
    check([], disable(false), Err(PrincipalRefusal::NotThere));
}

#[test]
fn the_first_administrator_comes_with_a_token_and_is_one_person() {
    let grant_id = GrantId::from_parts(1, 1);
    let (now, person, token) = (at(0), person(), token(1, 90));
    let claim = PrincipalCommand::Claim(ClaimInstallation { now, person, token, grant_id });
    let claimed = PrincipalEvent::InstallationClaimed(InstallationClaimed { grant_id });
    check([added()], claim, Err(PrincipalRefusal::AlreadyThere));
    // Whoever claimed has a token that can be rotated, as no other person has.
    check([added(), issued(1, 1, 90), claimed], rotate(0, 2, 90, 0), Ok(vec![rotated(2, 2, at(0), 90)]));
}

#[test]
fn a_claim_can_be_opened_anew_and_is_nobody() {
    let reopen = |number| {
        let (now, reason) = (at(0), the("the administrator is gone"));
        PrincipalCommand::Reopen(ReopenClaim { now, token: token(number, 1), reason })
    };
    let reopened = |number, counted| {
        let (secret, expires_at) = (version(number, counted), at(DAY));
        let reason = the("the administrator is gone");
        PrincipalEvent::ClaimReopened(ClaimReopened { secret, expires_at, reason })
    };
    check([], reopen(1), Ok(vec![reopened(1, 1)]));
    check([reopened(1, 1)], reopen(2), Ok(vec![reopened(2, 2)]));
    check([reopened(1, 1)], disable(false), Err(PrincipalRefusal::NotThere));
    check([added()], reopen(1), Err(PrincipalRefusal::AlreadyThere));
}

fn open(seconds: i64, minutes: u16) -> PrincipalCommand {
    let (now, reason, told) = (at(seconds), the("all calls fail"), vec![PrincipalId::from_parts(1, 9)]);
    PrincipalCommand::OpenBreakGlass(OpenBreakGlass { now, minutes, reason, told })
}

fn opened(until: i64) -> PrincipalEvent {
    let (until, reason, told) = (at(until), the("all calls fail"), vec![PrincipalId::from_parts(1, 9)]);
    PrincipalEvent::BreakGlassOpened(BreakGlassOpened { until, reason, told })
}

fn close(seconds: i64) -> PrincipalCommand {
    PrincipalCommand::CloseBreakGlass(CloseBreakGlass { now: at(seconds), reason: None })
}

fn closed() -> PrincipalEvent {
    PrincipalEvent::BreakGlassClosed(BreakGlassClosed { reason: None })
}

#[test]
fn a_glass_is_broken_for_a_bounded_time_by_a_person() {
    check([added()], open(0, 240), Ok(vec![opened(240 * 60)]));
    for minutes in [0, 241] {
        check([added()], open(0, minutes), Err(PrincipalRefusal::GlassMinutes { minutes, allowed: 240 }));
    }
    check([added(), opened(60)], open(59, 1), Err(PrincipalRefusal::GlassBroken { until: at(60) }));
    check([added(), opened(60)], open(60, 1), Ok(vec![opened(120)]));
    check([made()], open(0, 1), Err(PrincipalRefusal::NotAPerson));
    check([added(), disabled()], open(0, 1), Err(PrincipalRefusal::Disabled));
}

#[test]
fn a_glass_is_closed_early_or_by_whoever_disables_the_person() {
    check([added(), opened(60)], close(59), Ok(vec![closed()]));
    check([added(), opened(60)], close(60), Ok(vec![]));
    check([added(), opened(60), closed()], close(1), Ok(vec![]));
    let by_disabling = PrincipalEvent::BreakGlassClosed(BreakGlassClosed { reason: Some(the("left")) });
    check([added(), opened(60)], disable(false), Ok(vec![by_disabling, disabled()]));
}
