//! Hands what was counted to whoever keeps it: usage, each batch once, and the counters' state.

use std::{error::Error, future::Future, sync::Arc, time::Duration};

use domain::{clock::SharedClock, usage::UsageBatch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::Gateway;

/// What has changed since the flush before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flush {
    /// None when no call was judged and no quota has anything to say.
    pub batch: Option<UsageBatch>,
    /// Each replaces the row of the same key.
    pub counters: Vec<CounterRow>,
}

impl Flush {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batch.is_none() && self.counters.is_empty()
    }
}

/// The state of one counter, in the form it is kept over a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterRow {
    /// Names the counter: stable over restarts.
    pub key: String,
    /// Compact JSON; empty when the counter is back at its start and its row may be deleted.
    pub state: String,
}

/// Keeps flushes: batch and counters together, or nothing.
pub trait FlushSink: Send + Sync {
    /// # Errors
    /// When it is not certain that the flush is kept. It comes again, under the same sequence; in parts, when its batch was
    /// too large.
    fn flush(&self, flush: &Flush) -> impl Future<Output = Result<(), SinkFailure>> + Send;
}

/// A flush may not have been kept.
#[derive(Debug, thiserror::Error)]
#[error("keeping usage and counters")]
pub struct SinkFailure {
    is_too_large: bool,
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

impl SinkFailure {
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { is_too_large: false, source: source.into() }
    }

    /// The batch was certainly not kept, and never will be in one piece: it is larger than whoever keeps it takes.
    pub fn too_large(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { is_too_large: true, source: source.into() }
    }

    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.is_too_large
    }
}

/// Flushes every so often until stopped, and once more then. While the sink fails, what was counted waits.
pub async fn run(
    gateway: Arc<Gateway>,
    sink: impl FlushSink,
    clock: SharedClock,
    every: Duration,
    stop: CancellationToken,
) {
    let mut ticks = interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        let stopped = tokio::select! {
            biased;
            () = stop.cancelled() => true,
            _ = ticks.tick() => false,
        };
        // What could not be kept comes first, as it was; what was counted meanwhile follows.
        let rounds = if failing { 2 } else { 1 };
        let kept = flush(&gateway, &sink, &clock, rounds).await;
        match &kept {
            Ok(()) if failing => info!("Keeping usage and counters again"),
            Err(failure) if !failing => {
                let cause: &dyn Error = failure;
                warn!(error = cause, "Cannot keep usage and counters; they wait in memory");
            }
            Ok(()) | Err(_) => {}
        }
        failing = kept.is_err();
        if stopped {
            return;
        }
    }
}

/// Batches that are sent beyond the first because one does not hold all. What comes in meanwhile waits for the next turn.
const FURTHER_ROUNDS_MAX: usize = 500;

async fn flush(
    gateway: &Gateway,
    sink: &impl FlushSink,
    clock: &SharedClock,
    rounds: usize,
) -> Result<(), SinkFailure> {
    for round in 0..rounds + FURTHER_ROUNDS_MAX {
        if round >= rounds && !gateway.more_waits() {
            return Ok(());
        }
        let flush = gateway.take_flush(clock.now());
        if flush.is_empty() {
            return Ok(());
        }
        if let Err(failure) = sink.flush(&flush).await {
            if failure.is_too_large() {
                gateway.give_back_too_large(flush);
            } else {
                gateway.give_back(flush);
            }
            return Err(failure);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
