//! The one way from an event to what the audit log shows of it.

use std::{borrow::Cow, fmt::Write as _};

use domain::{
    DomainEvent,
    api_key::{ApiKeyEvent, ForeignVersion, Imported, Issued, Rotated, SecretVersion},
    personal::{Personal, PersonalValues},
    principal::{ClaimReopened, PrincipalEvent, TokenIssued, TokenRotated},
    secret::SecretDigest,
};
use serde_json::{Map, Value};

/// An event as people are shown it: without what helps to find or prove a secret, and with the personal values that
/// are still there in the place of their commitments.
///
/// # Errors
/// None of today's events gives one; the serialiser may.
pub fn shown_event(event: &DomainEvent, personal: &PersonalValues) -> serde_json::Result<Value> {
    let mut data = match event {
        DomainEvent::ApiClient { id: _, event } => serde_json::to_value(event)?,
        DomainEvent::ApiKey { id: _, event } => without_secret(event)?,
        DomainEvent::Route { id: _, event } => serde_json::to_value(event)?,
        DomainEvent::RateLimitPolicy { id: _, event } => serde_json::to_value(event)?,
        DomainEvent::Projection { id: _, event } => serde_json::to_value(event)?,
        DomainEvent::Operation { id: _, event } => serde_json::to_value(event)?,
        DomainEvent::ScheduledChange { id: _, event } => serde_json::to_value(event)?,
        DomainEvent::Principal { id: _, event } => without_token(event)?,
        DomainEvent::Grant { id: _, event } => serde_json::to_value(event)?,
        DomainEvent::Observation { id: _, event } => serde_json::to_value(event)?,
        DomainEvent::Erasure { id: _, event } => serde_json::to_value(event)?,
        DomainEvent::Approval { id: _, event } => serde_json::to_value(event)?,
        DomainEvent::ApprovalRule { id: _, event } => serde_json::to_value(event)?,
        DomainEvent::Webhook { id: _, event } => serde_json::to_value(event)?,
        DomainEvent::NotificationRule { id: _, event } => serde_json::to_value(event)?,
    };
    if !personal.is_empty() {
        resolve(&mut data, personal);
    }
    Ok(data)
}

/// The same as the audit log keeps it: with the commitments.
pub(super) fn data(event: &DomainEvent) -> serde_json::Result<String> {
    serde_json::to_string(&shown_event(event, &PersonalValues::new())?)
}

/// The same out of the event's own words, where at most a secret is to be left out of them. None where that is not so.
pub(super) fn words<'of>(event: &DomainEvent, text: &'of str) -> Option<Cow<'of, str>> {
    match event {
        DomainEvent::ApiKey { id: _, event } => match event {
            ApiKeyEvent::Issued(Issued { secret, .. }) | ApiKeyEvent::Rotated(Rotated { secret, .. }) => {
                words_without(text, secret).map(Cow::Owned)
            }
            ApiKeyEvent::OverlapExtended(_)
            | ApiKeyEvent::PreviousRetired(_)
            | ApiKeyEvent::PreviousStillBusy(_)
            | ApiKeyEvent::RevocationScheduled(_)
            | ApiKeyEvent::RevocationCancelled(_)
            | ApiKeyEvent::Revoked(_)
            | ApiKeyEvent::Suspended(_)
            | ApiKeyEvent::Reinstated(_)
            | ApiKeyEvent::Expired(_)
            | ApiKeyEvent::LeakReported(_)
            | ApiKeyEvent::Quarantined(_)
            | ApiKeyEvent::Released(_) => Some(text.into()),
            ApiKeyEvent::Imported(Imported { secret, .. }) => {
                words_without_foreign(text, secret).map(Cow::Owned)
            }
        },
        DomainEvent::ApiClient { .. }
        | DomainEvent::Route { .. }
        | DomainEvent::RateLimitPolicy { .. }
        | DomainEvent::Projection { .. }
        | DomainEvent::Operation { .. }
        | DomainEvent::ScheduledChange { .. }
        | DomainEvent::Grant { .. }
        | DomainEvent::Observation { .. }
        | DomainEvent::Erasure { .. }
        | DomainEvent::Approval { .. }
        | DomainEvent::ApprovalRule { .. }
        | DomainEvent::Webhook { .. }
        | DomainEvent::NotificationRule { .. } => Some(text.into()),
        DomainEvent::Principal { id: _, event } => match token_of(event) {
            Some(secret) => words_without(text, secret).map(Cow::Owned),
            None => Some(text.into()),
        },
    }
}

/// Finds the secret as the store spells it: what is left out is the secret whole, and nothing else.
fn words_without(text: &str, secret: &SecretVersion) -> Option<String> {
    let SecretVersion { version, locator, digest: SecretDigest { pepper_version, hmac }, hint } = secret;
    let mut digits = [0; 64];
    hex::encode_to_slice(hmac, &mut digits).ok()?;
    let (before, after) = text.split_once(r#""secret":{"digest":{"hmac":""#)?;
    let after = after.strip_prefix(std::str::from_utf8(&digits).ok()?)?;
    let mut rest = String::with_capacity(256);
    write!(rest, r#"","pepper_version":{pepper_version}}},"hint":"#).ok()?;
    let hint_at = rest.len();
    rest.push_str(&serde_json::to_string(hint).ok()?);
    let hint_until = rest.len();
    write!(rest, r#","locator":"{locator}","version":{version}}}"#).ok()?;
    let (after, hint) = (after.strip_prefix(rest.as_str())?, rest.get(hint_at..hint_until)?);
    let mut shown = String::with_capacity(text.len());
    write!(shown, r#"{before}"secret":{{"hint":{hint},"version":{version}}}{after}"#).ok()?;
    Some(shown)
}

/// The same of a secret that another system has made.
fn words_without_foreign(text: &str, secret: &ForeignVersion) -> Option<String> {
    let ForeignVersion { version, sha256, hint } = secret;
    let (hint, digits) = (serde_json::to_string(hint).ok()?, hex::encode(sha256.as_bytes()));
    let whole = format!(r#""secret":{{"hint":{hint},"sha256":"{digits}","version":{version}}}"#);
    let (before, after) = text.split_once(&whole)?;
    Some(format!(r#"{before}"secret":{{"hint":{hint},"version":{version}}}{after}"#))
}

/// Matched without a rest, so that an event that begins to carry a secret stops the build here.
fn without_secret(event: &ApiKeyEvent) -> Result<Value, serde_json::Error> {
    let mut data = serde_json::to_value(event)?;
    match event {
        ApiKeyEvent::Issued(_) | ApiKeyEvent::Rotated(_) | ApiKeyEvent::Imported(_) => {
            if let Some(secret) = data.get_mut("secret") {
                *secret = shown_of_secret(secret);
            }
        }
        ApiKeyEvent::OverlapExtended(_)
        | ApiKeyEvent::PreviousRetired(_)
        | ApiKeyEvent::PreviousStillBusy(_)
        | ApiKeyEvent::RevocationScheduled(_)
        | ApiKeyEvent::RevocationCancelled(_)
        | ApiKeyEvent::Revoked(_)
        | ApiKeyEvent::Suspended(_)
        | ApiKeyEvent::Reinstated(_)
        | ApiKeyEvent::Expired(_)
        | ApiKeyEvent::LeakReported(_)
        | ApiKeyEvent::Quarantined(_)
        | ApiKeyEvent::Released(_) => {}
    }
    Ok(data)
}

/// The same of a principal's token.
fn without_token(event: &PrincipalEvent) -> Result<Value, serde_json::Error> {
    let mut data = serde_json::to_value(event)?;
    if token_of(event).is_some()
        && let Some(secret) = data.get_mut("secret")
    {
        *secret = shown_of_secret(secret);
    }
    Ok(data)
}

/// Matched without a rest, likewise.
fn token_of(event: &PrincipalEvent) -> Option<&SecretVersion> {
    match event {
        PrincipalEvent::TokenIssued(TokenIssued { secret, .. })
        | PrincipalEvent::TokenRotated(TokenRotated { secret, .. })
        | PrincipalEvent::ClaimReopened(ClaimReopened { secret, .. }) => Some(secret),
        PrincipalEvent::PersonAdded(_)
        | PrincipalEvent::ServiceAccountMade(_)
        | PrincipalEvent::TokensRevoked(_)
        | PrincipalEvent::Disabled(_)
        | PrincipalEvent::Enabled(_)
        | PrincipalEvent::InstallationClaimed(_)
        | PrincipalEvent::BreakGlassOpened(_)
        | PrincipalEvent::BreakGlassClosed(_) => None,
    }
}

/// What is kept is named; all else goes.
fn shown_of_secret(secret: &Value) -> Value {
    let kept = ["version", "hint"].into_iter();
    let kept = kept.filter_map(|field| Some((field.to_owned(), secret.get(field)?.clone())));
    Value::Object(kept.collect::<Map<_, _>>())
}

pub(super) fn resolve(value: &mut Value, personal: &PersonalValues) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => {
            let commitment = if text.len() == 64 { text.parse::<Personal>().ok() } else { None };
            if let Some(clear) = commitment.and_then(|commitment| personal.get(&commitment)) {
                *text = clear.to_string();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| resolve(item, personal)),
        Value::Object(fields) => fields.values_mut().for_each(|field| resolve(field, personal)),
    }
}
