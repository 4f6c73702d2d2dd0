//! Between rooms that do not know each other: the gateway core follows and flushes through traits, the log, the bus and
//! the usage files stand behind them.

use std::{sync::Arc, time::Duration};

use domain::{Position, Timestamp};
use eventlog::{
    EventFeed, LogFailure,
    bus::{Bus, BusFeed, USAGE_STREAM, UsageFeed, UsagePublisher},
    usage::UsageLog,
};
use gateway::{
    flush::{Flush, FlushSink, SinkFailure},
    follow::{ConfigurationFeed, FeedBatch, FeedFailure},
};
use projections::{Forgetting, Reading, UsageSource};
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

const BATCH_EVENTS_MAX: usize = 2_000;
/// A quiet log is told apart from a lost one by an empty answer this often.
const IDLE: Duration = Duration::from_secs(1);
/// How often the usage stream is asked how far it is.
const ASK_USAGE_EVERY: Duration = Duration::from_millis(250);
/// A batch that the stream has and does not give is asked for anew after so long.
const USAGE_AT_MOST: Duration = Duration::from_secs(5);

/// Where a gateway's configuration comes from.
pub(super) enum Configuration {
    Log(EventFeed),
    Bus(Bus, Box<BusFeed>),
}

impl ConfigurationFeed for Configuration {
    async fn next(&mut self, after: Position) -> Result<FeedBatch, FeedFailure> {
        match self {
            Self::Log(feed) => {
                let events =
                    feed.next_within(after, BATCH_EVENTS_MAX, IDLE).await.map_err(FeedFailure::new)?;
                Ok(FeedBatch { events: events.to_vec(), head: feed.head() })
            }
            Self::Bus(bus, feed) => {
                let events =
                    feed.next_within(after, BATCH_EVENTS_MAX, IDLE).await.map_err(FeedFailure::new)?;
                // Silence on a bus that is away says nothing: the configuration grows stale.
                if events.is_empty() && !bus.is_connected() {
                    return Err(FeedFailure::new("the bus is away"));
                }
                Ok(FeedBatch { events, head: feed.head() })
            }
        }
    }
}

/// Who keeps the gateway's flushes: counters in a file of this node, and batches beside them or on the bus.
pub(super) struct UsageSink {
    pub(super) file: UsageLog,
    pub(super) bus: Option<UsagePublisher>,
}

impl FlushSink for UsageSink {
    async fn flush(&self, flush: &Flush) -> Result<(), SinkFailure> {
        let counters = flush.counters.iter().map(|row| (row.key.clone(), row.state.clone())).collect();
        let beside = match (&self.bus, &flush.batch) {
            // First: given again it is known by its sequence, and the counters are put where they were.
            (Some(bus), Some(batch)) => {
                bus.publish(batch).await.map_err(SinkFailure::new)?;
                None
            }
            (Some(_), None) => None,
            (None, batch) => batch.clone(),
        };
        self.file.append(beside, counters).await.map_err(SinkFailure::new)
    }
}

/// Usage batches, wherever they come from.
pub(super) enum AnyUsage {
    File(UsageLog),
    Bus(BusUsage),
}

/// The usage stream, its head asked for now and then.
pub(super) struct BusUsage {
    feed: Arc<Mutex<UsageFeed>>,
    head: watch::Receiver<u64>,
}

/// Who asks.
pub(super) struct UsageHead {
    bus: Bus,
    feed: Arc<Mutex<UsageFeed>>,
    head: watch::Sender<u64>,
}

impl BusUsage {
    /// Asks once; a bus that is away at first is no failure.
    pub(super) async fn open(bus: Bus) -> (Self, UsageHead) {
        let (moved, head) = watch::channel(last_batch(&bus).await.unwrap_or_default());
        let feed = Arc::new(Mutex::new(UsageFeed::new(bus.clone())));
        let asks = UsageHead { bus, feed: Arc::clone(&feed), head: moved };
        (Self { feed, head }, asks)
    }
}

impl UsageHead {
    /// Asks until stopped.
    pub(super) async fn run(self, stop: CancellationToken) {
        loop {
            match last_batch(&self.bus).await {
                Some(last) => {
                    self.head.send_if_modified(|known| std::mem::replace(known, last) != last);
                }
                // Gateways do not make the stream: only here it is known which numbers are taken.
                None => {
                    let counted = *self.head.borrow();
                    drop(self.feed.lock().await.provision(counted).await);
                }
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(ASK_USAGE_EVERY) => {}
            }
        }
    }
}

async fn last_batch(bus: &Bus) -> Option<u64> {
    if !bus.is_connected() {
        return None;
    }
    let stream = bus.jetstream().get_stream(USAGE_STREAM).await.ok()?;
    Some(stream.cached_info().state.last_sequence)
}

impl UsageSource for AnyUsage {
    fn read(&self, after: u64, batches_max: usize) -> Reading<'_> {
        match self {
            Self::File(usage) => UsageSource::read(usage, after, batches_max),
            Self::Bus(usage) => Box::pin(async move {
                let mut feed = usage.feed.lock().await;
                let next = tokio::time::timeout(USAGE_AT_MOST, feed.next(after, batches_max)).await;
                next.map_err(|_| LogFailure::Usage { source: "the stream does not give what it has".into() })?
            }),
        }
    }

    fn watch(&self) -> watch::Receiver<u64> {
        match self {
            Self::File(usage) => UsageSource::watch(usage),
            Self::Bus(usage) => usage.head.clone(),
        }
    }

    fn is_whole(&self) -> bool {
        match self {
            Self::File(usage) => usage.is_whole(),
            Self::Bus(_) => false,
        }
    }

    fn forget_sightings(&self, before: Timestamp) -> Forgetting<'_> {
        match self {
            Self::File(usage) => UsageSource::forget_sightings(usage, before),
            // The stream lets go of whole batches by their age.
            Self::Bus(_) => Box::pin(std::future::ready(Ok(()))),
        }
    }
}
