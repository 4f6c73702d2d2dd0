//! Follows the log: what is there first, then what comes.

use std::{sync::Arc, time::Duration};

use domain::Position;
use tokio::sync::watch;

use crate::{
    EventLog, LogFailure,
    bus::{Bus, BusFeed},
    tail::Batch,
};

/// The events of the log in their order, to a follower that keeps its own checkpoint.
#[derive(Debug)]
pub struct EventFeed {
    source: Source,
}

/// The same events at the same positions: a follower may change from one to the other.
#[derive(Debug)]
enum Source {
    Log { log: EventLog, head: watch::Receiver<Position> },
    Bus(Box<BusFeed>),
}

impl EventFeed {
    pub(crate) fn of_log(log: EventLog, head: watch::Receiver<Position>) -> Self {
        Self { source: Source::Log { log, head } }
    }

    pub(crate) fn of_bus(log: EventLog, bus: Bus, follower: &str) -> Self {
        Self { source: Source::Bus(Box::new(BusFeed::durable(bus, follower, Arc::new(log)))) }
    }

    /// The events after a position, at most so many, as soon as there is one. May be dropped while it waits.
    ///
    /// # Errors
    /// When the log cannot be read or has stopped. Asking again is safe.
    pub async fn next(&mut self, after: Position, events_max: usize) -> Result<Batch, LogFailure> {
        let (log, head) = match &mut self.source {
            Source::Bus(feed) => return Ok(feed.next(after, events_max).await?.into()),
            Source::Log { log, head } => (log, head),
        };
        loop {
            let last = *head.borrow_and_update();
            if last > after {
                return log.read_shared(after, events_max).await;
            }
            head.changed().await.map_err(|_| LogFailure::Stopped)?;
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
    ) -> Result<Batch, LogFailure> {
        let (log, head) = match &mut self.source {
            Source::Bus(feed) => return Ok(feed.next_within(after, events_max, idle).await?.into()),
            Source::Log { log, head } => (log, head),
        };
        let news = async { head.wait_for(|head| *head > after).await.map(drop) };
        match tokio::time::timeout(idle, news).await {
            Ok(Ok(())) => {}
            Ok(Err(_closed)) => return Err(LogFailure::Stopped),
            Err(_idle) => return Ok(Batch::none()),
        }
        log.read_shared(after, events_max).await
    }

    /// The last position that is known of.
    #[must_use]
    pub fn head(&self) -> Position {
        match &self.source {
            Source::Log { head, .. } => *head.borrow(),
            Source::Bus(feed) => feed.head(),
        }
    }
}
