//! Between rooms that do not know each other: the gateway core follows and flushes through traits, the log and
//! the usage log stand behind them.

use std::time::Duration;

use domain::Position;
use eventlog::{EventFeed, usage::UsageLog};
use gateway::{
    flush::{Flush, FlushSink, SinkFailure},
    follow::{ConfigurationFeed, FeedBatch, FeedFailure},
};

const BATCH_EVENTS_MAX: usize = 2_000;
/// A quiet log is told apart from a lost one by an empty answer this often.
const IDLE: Duration = Duration::from_secs(1);

/// The embedded log as the gateway's configuration feed.
pub(super) struct LogFeed(pub(super) EventFeed);

impl ConfigurationFeed for LogFeed {
    async fn next(&mut self, after: Position) -> Result<FeedBatch, FeedFailure> {
        let events = self.0.next_within(after, BATCH_EVENTS_MAX, IDLE).await.map_err(FeedFailure::new)?;
        Ok(FeedBatch { events, head: self.0.head() })
    }
}

/// The usage log as the keeper of the gateway's flushes.
pub(super) struct UsageSink(pub(super) UsageLog);

impl FlushSink for UsageSink {
    async fn flush(&self, flush: &Flush) -> Result<(), SinkFailure> {
        let counters = flush.counters.iter().map(|row| (row.key.clone(), row.state.clone())).collect();
        self.0.append(flush.batch.clone(), counters).await.map_err(SinkFailure::new)
    }
}
