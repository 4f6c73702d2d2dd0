//! Follows the log: what was written reaches the index, and a log out of sight does not stop the gateway.

use std::{error::Error, future::Future, sync::Arc, time::Duration};

use domain::{Position, Recorded, clock::SharedClock, correlations};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{Level, Span, info, span_enabled, trace_span, warn};

use crate::Gateway;

/// Where the configuration comes from.
pub trait ConfigurationFeed: Send {
    /// The events after a position, in order and without a gap. Waits until there is one or a bounded idle time
    /// has passed, and then answers with none. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the log cannot be read now.
    fn next(&mut self, after: Position) -> impl Future<Output = Result<FeedBatch, FeedFailure>> + Send;
}

/// A stretch of the log.
#[derive(Clone, Debug, Default)]
pub struct FeedBatch {
    pub events: Vec<Recorded>,
    /// The last position of the log when this was read.
    pub head: Position,
}

/// The log could not be read.
#[derive(Debug, thiserror::Error)]
#[error("reading the configuration feed")]
pub struct FeedFailure {
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

impl FeedFailure {
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: source.into() }
    }
}

/// Pieces of work of one batch that are traced.
const TRACES_MAX: usize = 24;
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Keeps the gateway up with the feed until stopped. While the feed fails, the gateway serves what it knows.
pub async fn run(
    gateway: Arc<Gateway>,
    mut feed: impl ConfigurationFeed,
    clock: SharedClock,
    stop: CancellationToken,
) {
    let mut retry = Retry::default();
    loop {
        let after = gateway.position();
        let read = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            read = feed.next(after) => read.and_then(|batch| batch.contiguous(after)),
        };
        match read {
            // A batch once read is finished; stopping in between is of no consequence, for nothing is written.
            Ok(FeedBatch { events, head }) => {
                let traces = if gateway.ready() { traces(&events) } else { vec![] };
                gateway.apply(&events, clock.now());
                drop(traces);
                gateway.caught_up(head, clock.now());
                retry.succeeded(head);
            }
            Err(failure) => tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = sleep(retry.failed(&failure, after)) => {}
            },
        }
    }
}

/// A span for each piece of work that the batch goes on with. What was done before this process began is not traced
/// again.
fn traces(events: &[Recorded]) -> Vec<Span> {
    if !span_enabled!(Level::TRACE) {
        return vec![];
    }
    let apply = |(id, position): (&str, Position)| {
        trace_span!(
            "apply",
            correlation.id = id,
            event.position = position.get(),
            batch.events = events.len()
        )
    };
    correlations(events, TRACES_MAX).into_iter().map(apply).collect()
}

/// Says once that the feed fails, and once that it does no more.
#[derive(Debug, Default)]
struct Retry {
    /// How long was waited last; None while the feed answers.
    pause: Option<Duration>,
}

impl Retry {
    fn succeeded(&mut self, head: Position) {
        if self.pause.take().is_some() {
            info!(event.position = head.get(), "Reading the configuration feed again");
        }
    }

    /// How long to wait before the feed is asked again.
    fn failed(&mut self, failure: &FeedFailure, after: Position) -> Duration {
        let cause: &dyn Error = failure;
        if self.pause.is_none() {
            let position = after.get();
            warn!(
                error = cause,
                event.position = position,
                "Cannot read the configuration feed; serving what is known"
            );
        }
        let pause = self.pause.map_or(RETRY_FIRST, |before| RETRY_MAX.min(before * 2));
        self.pause = Some(pause);
        pause
    }
}

impl FeedBatch {
    /// The batch, when it leaves nothing out. Repeats are harmless; what is missing would never come again.
    fn contiguous(self, after: Position) -> Result<Self, FeedFailure> {
        let mut expected = after.next();
        for event in &self.events {
            if event.position > expected {
                return Err(FeedFailure::new(format!(
                    "position {expected} is missing before {}",
                    event.position
                )));
            }
            if event.position == expected {
                expected = expected.next();
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests;
