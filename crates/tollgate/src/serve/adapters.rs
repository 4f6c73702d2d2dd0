//! Between rooms that do not know each other: the read models take usage through a trait, the bus and the usage files stand
//! behind it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::Timestamp;
use eventlog::{
    LogFailure,
    bus::{Bus, USAGE_STREAM, UsageFeed},
    usage::UsageLog,
};
use projections::{Forgetting, Reading, Told, UsageSource};
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

/// The usage stream, its head asked for now and then. While the bus is away the head stays where it was last heard to be,
/// and at 0 before that: [`UsageHeard`] says how much that is worth.
pub(super) struct BusUsage {
    bus: Bus,
    feed: Arc<Mutex<UsageFeed>>,
    head: watch::Receiver<u64>,
    heard: watch::Receiver<Option<Instant>>,
}

/// Who asks.
pub(super) struct UsageHead {
    bus: Bus,
    feed: Arc<Mutex<UsageFeed>>,
    head: watch::Sender<u64>,
    heard: watch::Sender<Option<Instant>>,
}

/// When it was last heard how far usage is.
#[derive(Clone, Debug)]
pub(super) enum UsageHeard {
    /// A file of this process says so at any time.
    Always,
    /// The time of the last question that the bus has answered; none before the first.
    At(watch::Receiver<Option<Instant>>),
}

impl UsageHeard {
    /// Whether it was heard so short a time ago.
    pub(super) fn within(&self, time: Duration, now: Instant) -> bool {
        match self {
            Self::Always => true,
            Self::At(heard) => heard.borrow().is_some_and(|at| now.saturating_duration_since(at) <= time),
        }
    }
}

impl BusUsage {
    /// Asks once; a bus that is away at first is no failure.
    pub(super) async fn open(bus: Bus) -> (Self, UsageHead) {
        let asked_at = Instant::now();
        let last = last_batch(&bus).await;
        let (moved, head) = watch::channel(last.unwrap_or_default());
        let (told, heard) = watch::channel(last.map(|_| asked_at));
        let feed = Arc::new(Mutex::new(UsageFeed::new(bus.clone())));
        let asks = UsageHead { bus: bus.clone(), feed: Arc::clone(&feed), head: moved, heard: told };
        (Self { bus, feed, head, heard }, asks)
    }
}

impl UsageHead {
    /// Asks until stopped.
    pub(super) async fn run(self, stop: CancellationToken) {
        loop {
            let asked_at = Instant::now();
            match last_batch(&self.bus).await {
                Some(last) => {
                    self.head.send_if_modified(|known| std::mem::replace(known, last) != last);
                    // After the head: whoever reads that it was heard finds what was heard.
                    self.heard.send_replace(Some(asked_at));
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

impl AnyUsage {
    /// When it was last heard how far it is.
    pub(super) fn heard(&self) -> UsageHeard {
        match self {
            Self::File(_) => UsageHeard::Always,
            Self::Bus(usage) => UsageHeard::At(usage.heard.clone()),
        }
    }

    /// Asks how far it is, now; fails while the bus does not say.
    pub(super) fn asking(&self) -> Box<dyn Fn() -> Told<'static, u64> + Send + Sync> {
        match self {
            Self::File(usage) => {
                let head = UsageSource::watch(usage);
                Box::new(move || Box::pin(std::future::ready(Ok(*head.borrow()))))
            }
            Self::Bus(usage) => {
                let bus = usage.bus.clone();
                Box::new(move || {
                    let bus = bus.clone();
                    let unsaid = || LogFailure::Usage { source: "the bus does not say how far it is".into() };
                    Box::pin(async move { last_batch(&bus).await.ok_or_else(unsaid) })
                })
            }
        }
    }
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
