//! Between rooms that do not know each other: the read models take usage through a trait, the bus and the usage files stand
//! behind it.

use std::{sync::Arc, time::Duration};

use domain::Timestamp;
use eventlog::{
    LogFailure,
    bus::{Bus, USAGE_STREAM, UsageFeed},
    usage::UsageLog,
};
use projections::{Forgetting, Reading, UsageSource};
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

/// How often the usage stream is asked how far it is.
const ASK_USAGE_EVERY: Duration = Duration::from_millis(250);
/// A batch that the stream has and does not give is asked for anew after so long.
const USAGE_AT_MOST: Duration = Duration::from_secs(5);

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
