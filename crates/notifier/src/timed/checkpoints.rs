//! Whether the log is signed, and is what was signed: who would notice otherwise does not look every day.

use domain::{Position, Timestamp};
use jiff::SignedDuration;

use crate::{
    notices::CheckpointAlarm,
    occasion::Occasion,
    parts::{Failure, Parts},
};

use super::of_installation;

/// A signer takes two seconds.
const SIGNED_WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// What was not signed when it was last looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unsigned {
    /// Of the checkpoint then, and since when it is the newest although there is more.
    seen: Option<(Position, Timestamp)>,
}

impl Unsigned {
    /// An alarm for each checkpoint that contradicts the log, or that none comes after.
    pub(super) async fn look(&mut self, parts: &Parts, now: Timestamp) -> Result<Option<Occasion>, Failure> {
        let newest = parts.log.checkpoint().await?;
        let size = newest.as_ref().map_or(Position::START, |checkpoint| checkpoint.size);
        let head = parts.log.head();
        if let Some(checkpoint) = newest
            && size <= head
            && parts.log.root(size).await? != checkpoint.root
        {
            return Ok(Some(alarm("the log is not what was signed of it".to_owned(), size, now)));
        }
        if head == size {
            self.seen = None;
            return Ok(None);
        }
        if head < size {
            let what = format!("the log has {head} events, and {size} of it were signed");
            return Ok(Some(alarm(what, size, now)));
        }
        let since = match self.seen {
            Some((seen, since)) if seen == size => since,
            Some(_) | None => now,
        };
        self.seen = Some((size, since));
        let overdue = now.duration_since(since) >= SIGNED_WITHIN;
        let behind = head.get().saturating_sub(size.get());
        let what = || format!("{behind} events of the log are not signed, for ten minutes and more");
        Ok(overdue.then(|| alarm(what(), size, now)))
    }
}

fn alarm(what: String, position: Position, found_at: Timestamp) -> Occasion {
    let notice = CheckpointAlarm { what, position, found_at };
    of_installation(notice.into(), format!("checkpoint/{position}"), found_at)
}
