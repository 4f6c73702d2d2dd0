//! The rules of tokens: they end, and one can follow another without a gap.

use jiff::SignedDuration;

use super::{
    Holder, NewToken, PrincipalEvent, PrincipalRefusal, Profile, RevokeTokens, RotateToken, TOKEN_DAYS_MAX,
    TOKEN_OVERLAP_SECONDS_MAX, TokenIssued, TokenRotated, TokensRevoked,
};
use crate::{
    Timestamp,
    api_key::{NewSecret, SecretVersion},
};

/// A token that none lives on beside.
pub(super) fn issue(now: Timestamp, token: &NewToken, last: u32) -> Result<PrincipalEvent, PrincipalRefusal> {
    let NewToken { secret, expires_at } = token;
    check_lifetime(now, *expires_at)?;
    let issued = TokenIssued { secret: version(secret, last), expires_at: *expires_at };
    Ok(PrincipalEvent::TokenIssued(issued))
}

pub(super) fn rotate(profile: &Profile, ask: &RotateToken) -> Result<Vec<PrincipalEvent>, PrincipalRefusal> {
    let RotateToken { now, token, overlap_seconds } = ask;
    if matches!(profile.holder, Holder::Person { claimed: false, .. }) {
        return Err(PrincipalRefusal::NoTokens);
    }
    if *overlap_seconds > TOKEN_OVERLAP_SECONDS_MAX {
        let (overlap_seconds, allowed) = (*overlap_seconds, TOKEN_OVERLAP_SECONDS_MAX);
        return Err(PrincipalRefusal::TokenOverlap { overlap_seconds, allowed });
    }
    let held = || profile.token.iter().chain(&profile.previous);
    if held().any(|held| held.secret.locator == token.secret.locator) {
        return Err(PrincipalRefusal::TokenInUse);
    }
    // One that has ended lives on no longer: there is nothing to overlap with.
    let Some(before) = profile.token.as_ref().filter(|token| *now < token.until) else {
        return Ok(vec![issue(*now, token, profile.tokens)?]);
    };
    check_lifetime(*now, token.expires_at)?;
    let overlap = SignedDuration::from_secs(i64::from(*overlap_seconds));
    let previous_until = now.checked_add(overlap).unwrap_or(Timestamp::MAX).min(before.until);
    let secret = version(&token.secret, profile.tokens);
    let rotated = TokenRotated { secret, previous_until, expires_at: token.expires_at };
    Ok(vec![PrincipalEvent::TokenRotated(rotated)])
}

pub(super) fn revoke(profile: &Profile, ask: &RevokeTokens) -> Result<Vec<PrincipalEvent>, PrincipalRefusal> {
    if profile.token.is_none() && profile.previous.is_none() {
        return Ok(vec![]);
    }
    Ok(vec![PrincipalEvent::TokensRevoked(TokensRevoked { reason: ask.reason.clone() })])
}

pub(super) fn version(secret: &NewSecret, last: u32) -> SecretVersion {
    let NewSecret { locator, digest, hint } = secret;
    SecretVersion { version: last.saturating_add(1), locator: *locator, digest: *digest, hint: hint.clone() }
}

pub(super) fn check_lifetime(now: Timestamp, expires_at: Timestamp) -> Result<(), PrincipalRefusal> {
    let longest = SignedDuration::from_hours(i64::from(TOKEN_DAYS_MAX) * 24);
    let latest = now.checked_add(longest).unwrap_or(Timestamp::MAX);
    if expires_at > now && expires_at <= latest {
        Ok(())
    } else {
        Err(PrincipalRefusal::TokenLifetime { expires_at, latest })
    }
}
