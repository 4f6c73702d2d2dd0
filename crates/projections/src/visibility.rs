//! How far the read models have got, for those who wait for their own write and those who watch over all.

use std::time::Duration;

use domain::Position;
use eventlog::EventLog;
use serde::Serialize;
use tokio::sync::watch;

/// Where a projection stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) position: Position,
    /// Why it goes no further.
    pub(crate) halted: Option<String>,
}

/// A projection as health and metrics see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProjectionStatus {
    pub name: &'static str,
    /// The last event it has; the last batch, for usage.
    pub position: Position,
    /// How many events, or batches, it does not have yet.
    pub lag_events: u64,
    /// Why it goes no further, if so.
    pub halted: Option<String>,
}

/// Watches the projections. Cheap to clone.
#[derive(Clone)]
pub struct Visibility {
    pub(crate) log: EventLog,
    pub(crate) events: Vec<(&'static str, watch::Receiver<Progress>)>,
    pub(crate) usage: watch::Receiver<Progress>,
    pub(crate) usage_head: watch::Receiver<u64>,
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
        let all = async {
            for (_, progress) in &self.events {
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
        let there = reached(self.usage.clone(), Position::new(batch_no));
        tokio::time::timeout(bounded, there).await.unwrap_or(false)
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

fn status(name: &'static str, progress: &Progress, head: u64) -> ProjectionStatus {
    let Progress { position, halted } = progress.clone();
    ProjectionStatus { name, position, lag_events: head.saturating_sub(position.get()), halted }
}
