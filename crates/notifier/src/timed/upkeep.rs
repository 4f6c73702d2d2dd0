//! What is over is kept for a while, for those who look back, and then forgotten.

use domain::Timestamp;
use jiff::SignedDuration;
use outbox::Pruned;

use crate::parts::{Failure, Parts};

/// Deliveries that have ended, with their attempts and their messages.
const ENDED_KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);
/// What was told, by which it is not told again: longer than any window, of which a year is the longest.
const MARKS_KEPT: SignedDuration = SignedDuration::from_hours(24 * 400);
const AT_ONCE_MAX: u32 = 5_000;

pub(super) async fn forget(parts: &Parts, now: Timestamp) -> Result<(), Failure> {
    let before = |kept| now.saturating_sub(kept).unwrap_or(Timestamp::MIN);
    while parts.outbox.prune(before(ENDED_KEPT), AT_ONCE_MAX).await? != Pruned::default() {}
    while parts.outbox.prune_marks(before(MARKS_KEPT), AT_ONCE_MAX).await? > 0 {}
    Ok(())
}
