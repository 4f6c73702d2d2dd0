//! How far the read models have got, for those who wait for their own write and those who watch over all.

use std::time::Duration;

use domain::Position;
use eventlog::EventLog;
use serde::Serialize;
use tokio::sync::watch;

use crate::{ALL, Projection};

/// Where a projection stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) position: Position,
    /// Why it goes no further.
    pub(crate) halted: Option<String>,
    /// Whether this process moves it.
    pub(crate) active: bool,
    /// Whether this process waits for what another does. Neither at first: it may become the one that moves it.
    pub(crate) looked_up: bool,
    /// How long ago the oldest event that it does not have was recorded, when last looked.
    pub(crate) lag_seconds: u64,
}

/// A projection as health and metrics see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProjectionStatus {
    pub name: &'static str,
    /// The last event it has; the last batch, for usage.
    pub position: Position,
    /// How many events, or batches, it does not have yet.
    pub lag_events: u64,
    /// The age of the oldest of them, to a second or two; 0 when it has all, and where nobody has given a clock.
    pub lag_seconds: u64,
    /// Whether this process moves it.
    pub active: bool,
    /// Why it goes no further, if so.
    pub halted: Option<String>,
}

/// How far everything that is read has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Every read model shows the events up to here.
    pub position: Position,
    /// The reports have the batches up to this one.
    pub batch_no: u64,
}

/// Watches the projections. Cheap to clone.
#[derive(Clone)]
pub struct Visibility {
    pub(crate) log: EventLog,
    pub(crate) events: Vec<(&'static str, watch::Receiver<Progress>)>,
    pub(crate) usage: watch::Receiver<Progress>,
    pub(crate) usage_head: watch::Receiver<u64>,
    pub(crate) waiting: Waiting,
}

impl std::fmt::Debug for Visibility {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.status()).finish()
    }
}

impl Visibility {
    /// Waits until every projection of events has applied this position. False when that took longer than
    /// `bounded`, or cannot come because one has stopped before it.
    pub async fn wait_for(&self, position: Position, bounded: Duration) -> bool {
        self.wait(position, |_| true, bounded).await
    }

    /// The same for those projections alone whose rows events of this aggregate change.
    pub async fn wait_for_effect(&self, position: Position, aggregate_type: &str, bounded: Duration) -> bool {
        self.wait(position, |projection| projection.takes(aggregate_type), bounded).await
    }

    async fn wait(
        &self,
        position: Position,
        concerns: impl Fn(&dyn Projection) -> bool,
        bounded: Duration,
    ) -> bool {
        let concerned = |name: &str| {
            ALL.iter().find(|projection| projection.name() == name).is_none_or(|found| concerns(*found))
        };
        let waited_for: Vec<_> =
            self.events.iter().filter(|(name, _)| concerned(name)).map(|(_, progress)| progress).collect();
        if waited_for.iter().all(|progress| progress.borrow().position >= position) {
            return true;
        }
        let _waiting = self.waiting.begin();
        let all = async {
            for progress in waited_for {
                if !reached(progress.clone(), position).await {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(bounded, all).await.unwrap_or(false)
    }

    /// The same for the usage reports and a batch.
    pub async fn wait_for_usage(&self, batch_no: u64, bounded: Duration) -> bool {
        let _waiting = self.waiting.begin();
        let there = reached(self.usage.clone(), Position::new(batch_no));
        tokio::time::timeout(bounded, there).await.unwrap_or(false)
    }

    /// How far all of them are by now.
    #[must_use]
    pub fn seen(&self) -> Seen {
        let position = self.events.iter().map(|(_, progress)| progress.borrow().position).min();
        Seen { position: position.unwrap_or_default(), batch_no: self.usage.borrow().position.get() }
    }

    /// Waits until there is more to be seen than that. None once nothing moves them any more.
    pub async fn seen_beyond(&mut self, before: Seen) -> Option<Seen> {
        loop {
            let seen = self.seen();
            if seen != before {
                return Some(seen);
            }
            let all = self.events.iter_mut().map(|(_, progress)| progress).chain([&mut self.usage]);
            let changes = all.map(|progress| Box::pin(progress.changed()));
            futures::future::select_all(changes).await.0.ok()?;
        }
    }

    /// Every projection, usage last.
    #[must_use]
    pub fn status(&self) -> Vec<ProjectionStatus> {
        let head = self.log.head().get();
        let events = self.events.iter().map(|(name, progress)| status(name, &progress.borrow(), head));
        let usage = status(crate::USAGE, &self.usage.borrow(), *self.usage_head.borrow());
        events.chain([usage]).collect()
    }
}

async fn reached(mut progress: watch::Receiver<Progress>, position: Position) -> bool {
    let end = progress.wait_for(|now| now.position >= position || now.halted.is_some()).await;
    end.is_ok_and(|now| now.position >= position)
}

pub(crate) fn status(name: &'static str, progress: &Progress, head: u64) -> ProjectionStatus {
    let Progress { position, halted, active, lag_seconds, looked_up: _ } = progress.clone();
    let lag_events = head.saturating_sub(position.get());
    let lag_seconds = if lag_events == 0 { 0 } else { lag_seconds };
    ProjectionStatus { name, position, lag_events, lag_seconds, active, halted }
}

/// How many wait for a projection to get somewhere: as long as one does, checkpoints are looked up often.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiting(watch::Sender<u64>);

impl Waiting {
    fn begin(&self) -> OneWaits {
        self.0.send_modify(|waiting| *waiting = waiting.saturating_add(1));
        OneWaits(self.clone())
    }

    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

struct OneWaits(Waiting);

impl Drop for OneWaits {
    fn drop(&mut self) {
        self.0.0.send_modify(|waiting| *waiting = waiting.saturating_sub(1));
    }
}
