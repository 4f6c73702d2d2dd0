//! When service accounts were last here, beside the read models because every process of the API tells it. No event makes
//! it, and a rebuild leaves it alone.

#[cfg(test)]
mod tests;

use domain::{PrincipalId, Timestamp};

use crate::{ReadModel, WriteFailure, store::Owner};

/// Nobody follows the log for this; the name is for failures.
static OWNER: Owner = Owner { name: "token_uses", version: 1, tables: &[], durable: false };

const MINUTE_US: i64 = 60_000_000;

/// A token of the account was used, to the minute; an earlier time than the one that is known changes nothing.
///
/// # Errors
/// When the database cannot be written.
pub async fn used(model: &ReadModel, of: PrincipalId, at: Timestamp) -> Result<(), WriteFailure> {
    let minute_us = at.as_microsecond().div_euclid(MINUTE_US).saturating_mul(MINUTE_US);
    let values = vec![of.into(), minute_us.into()];
    model
        .change(OWNER, "keeping when a token was used", include_str!("token_uses/used.sql"), values)
        .await
        .map(drop)
}
