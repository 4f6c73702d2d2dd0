//! What is over is kept for a while, for those who look back, and then forgotten.

use domain::Timestamp;
use jiff::SignedDuration;
use outbox::{GivenUp, HeldBounds, Pruned};
use tracing::warn;

use crate::parts::{Failure, Parts};

/// Deliveries that have ended, with their attempts and their messages.
const ENDED_KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);
/// What was told, by which it is not told again: longer than any window, of which a year is the longest.
const MARKS_KEPT: SignedDuration = SignedDuration::from_hours(24 * 400);
/// For an endpoint that is disabled, or was never verified: so long, and so much.
const HELD_FOR: SignedDuration = SignedDuration::from_hours(24 * 30);
const HELD_MAX: u32 = 100_000;
const AT_ONCE_MAX: u32 = 5_000;

pub(super) async fn forget(parts: &Parts, now: Timestamp) -> Result<(), Failure> {
    let before = |kept| now.saturating_sub(kept).unwrap_or(Timestamp::MIN);
    give_up_held(parts, HeldBounds { made_before: before(HELD_FOR), per_endpoint_max: HELD_MAX }, now)
        .await?;
    while parts.outbox.prune(before(ENDED_KEPT), AT_ONCE_MAX).await? != Pruned::default() {}
    while parts.outbox.prune_marks(before(MARKS_KEPT), AT_ONCE_MAX).await? > 0 {}
    Ok(())
}

/// Never without a word: each says why, and may be sent again.
async fn give_up_held(parts: &Parts, bounds: HeldBounds, now: Timestamp) -> Result<(), Failure> {
    loop {
        let GivenUp { too_old, too_many } = parts.outbox.give_up_held(bounds, AT_ONCE_MAX, now).await?;
        if (too_old, too_many) == (0, 0) {
            return Ok(());
        }
        for (why, deliveries) in [("held_too_long", too_old), ("held_too_many", too_many)] {
            metrics::counter!("tollgate_deliveries_held_given_up_total", "why" => why).increment(deliveries);
        }
        warn!(
            too_old,
            too_many,
            "Gave up deliveries that were held for too long, or were too many, for endpoints that are not open"
        );
    }
}
