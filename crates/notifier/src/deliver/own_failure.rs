//! What goes wrong with a try before anybody was reached: it took too long, or there is nothing in the message that could be sent.
//!
//! It counts as the delivery's own failure. Else its lease would end without a word, and it would be claimed again and again.

use std::{future::Future, time::Duration};

use outbox::{Claimed, Outcome};
use tracing::warn;

use super::{Tried, again, report};
use crate::parts::{Failure, Parts};

/// Before the end of its lease so much is left to say what became of a try. Whatever is sent later than that may be sent by another
/// as well.
pub(crate) const REPORTED_WITHIN: Duration = Duration::from_secs(5);

/// Work on a delivery, while it is this process's to try.
pub(super) async fn within<T>(
    parts: &Parts,
    claimed: &Claimed,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let left = Duration::try_from(claimed.leased_until.duration_since(parts.clock.now())).unwrap_or_default();
    let at_most = left.saturating_sub(REPORTED_WITHIN).min(parts.settings.attempt_max);
    if at_most.is_zero() {
        return Err(Failure::TookTooLong);
    }
    tokio::time::timeout(at_most, work).await.unwrap_or(Err(Failure::TookTooLong))
}

/// Reports what is the message's own failure. One of the store is left to the lease: a report would not get through either.
pub(super) async fn settle(
    parts: &Parts,
    claimed: &Claimed,
    tried: Result<(), Failure>,
) -> Result<(), Failure> {
    let Err(failure) = tried else { return Ok(()) };
    let later = || again(claimed, parts.clock.now(), None);
    let (code, outcome) = match &failure {
        Failure::Unreadable { .. } => ("message_unreadable", Outcome::Unsendable),
        Failure::TookTooLong => ("attempt_timed_out", later()),
        Failure::Letter(_) | Failure::Json(_) => ("message_not_written", later()),
        Failure::Attachment { .. } => ("attachment_not_made", later()),
        Failure::Log(_) | Failure::Read(_) | Failure::Outbox(_) | Failure::Report(_) | Failure::Csv(_) => {
            return Err(failure);
        }
    };
    let id = claimed.delivery_id;
    warn!(delivery.id = %id, error = %failure, "The delivery `{id}` could not be tried: {code}");
    if outcome == Outcome::Unsendable {
        metrics::counter!("tollgate_messages_unreadable_total", "of" => "deliveries").increment(1);
    }
    let tried = Tried { status: None, latency_ms: None, answer: None, error: Some(code.to_owned()) };
    report(parts, claimed, tried, outcome).await.map(drop)
}
