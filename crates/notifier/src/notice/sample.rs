//! What samples of notices are made of: one client with one key, and the time at which it all happens.

use std::str::FromStr;

use domain::{ClientId, InvalidValue, KeyId, PolicyId, PrincipalId, Timestamp, rate_limit_policy::Mode};

use super::{ClientRef, KeyRef, LimitRef, PolicyRef};

/// The texts in samples are within the bounds of their types; a test makes every one.
pub(crate) type Sampled<T> = Result<T, InvalidValue>;

/// 2026-03-01T12:00:00Z.
const EPOCH_SECONDS: i64 = 1_772_366_400;
const EPOCH_MS: u64 = 1_772_366_400_000;

#[expect(clippy::expect_used, reason = "samples are made of constants, and a test makes every one")]
pub(crate) fn sampled<T>(sample: Sampled<T>) -> T {
    sample.expect("the texts of samples are within their bounds")
}

pub(crate) fn text<T: FromStr<Err = InvalidValue>>(text: &str) -> Sampled<T> {
    text.parse()
}

/// So many days and hours after the epoch of samples.
pub(crate) fn after(days: i64, hours: i64) -> Timestamp {
    Timestamp::from_second(EPOCH_SECONDS + days * 86_400 + hours * 3_600).unwrap_or_default()
}

/// Midnight of the first of March, so many days later.
pub(crate) fn midnight(days: i64) -> Timestamp {
    after(days, -12)
}

/// An id of any kind: `id(KeyId::from_parts, 2)`.
pub(crate) fn id<T>(make: fn(u64, u128) -> T, number: u128) -> T {
    make(EPOCH_MS, number)
}

pub(crate) fn principal() -> String {
    id(PrincipalId::from_parts, 7).to_string()
}

pub(crate) fn client() -> Sampled<ClientRef> {
    Ok(ClientRef { id: id(ClientId::from_parts, 1), name: text("Checkout")?, owner_team: text("Payments")? })
}

pub(crate) fn key() -> Sampled<KeyRef> {
    Ok(KeyRef {
        id: id(KeyId::from_parts, 2),
        name: text("checkout-backend")?,
        environment: text("prod")?,
        hint: "…x7Qa".to_owned(),
    })
}

pub(crate) fn policy() -> Sampled<PolicyRef> {
    Ok(PolicyRef { id: id(PolicyId::from_parts, 4), name: text("Partners, standard")?, version: 3 })
}

pub(crate) fn limit(name: &str) -> Sampled<LimitRef> {
    Ok(LimitRef { policy: policy()?, name: text(name)?, mode: Mode::Enforce })
}
