//! Follows the log: what is there first, then what comes.

use std::time::Duration;

use domain::{Position, Recorded};
use tokio::sync::watch;

use crate::{EventLog, LogFailure};

/// The events of the log in their order, to a follower that keeps its own checkpoint.
#[derive(Debug)]
pub struct EventFeed {
    log: EventLog,
    head: watch::Receiver<Position>,
}

impl EventFeed {
    pub(crate) fn new(log: EventLog, head: watch::Receiver<Position>) -> Self {
        Self { log, head }
    }

    /// The events after a position, at most so many, as soon as there is one. May be dropped while it waits.
    ///
    /// # Errors
    /// When the log cannot be read or has stopped. Asking again is safe.
    pub async fn next(&mut self, after: Position, events_max: usize) -> Result<Vec<Recorded>, LogFailure> {
        loop {
            let head = *self.head.borrow_and_update();
            if head > after {
                return self.log.read(after, events_max).await;
            }
            self.head.changed().await.map_err(|_| LogFailure::Stopped)?;
        }
    }

    /// The same, but none when nothing comes for so long. Only the waiting is bounded: a read that has begun is
    /// finished, however slow the disk.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub async fn next_within(
        &mut self,
        after: Position,
        events_max: usize,
        idle: Duration,
    ) -> Result<Vec<Recorded>, LogFailure> {
        let news = async { self.head.wait_for(|head| *head > after).await.map(drop) };
        let news = tokio::time::timeout(idle, news).await;
        match news {
            Ok(Ok(())) => {}
            Ok(Err(_closed)) => return Err(LogFailure::Stopped),
            Err(_idle) => return Ok(vec![]),
        }
        self.log.read(after, events_max).await
    }

    /// The last position of the log.
    #[must_use]
    pub fn head(&self) -> Position {
        *self.head.borrow()
    }
}
