//! Copies the log to the bus, each event under its position.
//!
//! Every message says which sequence it expects before it, so a second publisher, a crash or a retry can neither
//! duplicate, reorder nor skip. Whatever goes wrong, the answer is the same: forget what is under way, ask the stream
//! where it stands, and go on from there.

mod stand;
mod status;
mod window;

pub use status::{PublishFailure, PublisherState, PublisherStatus};

use std::time::Duration;

use domain::Position;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use self::{stand::Stand, status::Report, window::Window};
use super::{Bus, BusFailure};
use crate::{EventLog, LogFailure};

const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// Lets another publisher, which was quicker, go ahead with what it has under way.
const OVERTAKEN_PAUSE: Duration = Duration::from_millis(50);
/// The server forgets a batch that was begun and left after ten seconds, and takes no more than fifty such at once.
const BATCHES_PAUSE: Duration = Duration::from_secs(15);

/// Copies one log to one bus. Several may run: one gets ahead, the others see that it did.
#[derive(Debug)]
pub struct Publisher {
    log: EventLog,
    bus: Bus,
    report: Report,
    /// The leaf hash of the log's first event, once there is one.
    identity: Option<String>,
    /// Set when the server turned out not to take them, or not so many.
    no_batches_before: Option<Instant>,
}

/// Why the publisher asks the stream again where it stands.
#[derive(Debug)]
enum Interrupted {
    /// Nothing to do for a while: a good moment to look.
    Idle,
    /// The stream is elsewhere than expected, most likely by another publisher.
    Overtaken,
    /// The server takes no atomic batches: at all, or because too many were begun and left.
    NoBatches,
    Failed(Box<dyn std::error::Error + Send + Sync>),
    LogStopped,
    /// Trying again will not help.
    ForGood(PublishFailure),
}

impl From<LogFailure> for Interrupted {
    fn from(failure: LogFailure) -> Self {
        match failure {
            LogFailure::Stopped => Self::LogStopped,
            other => Self::Failed(Box::new(other)),
        }
    }
}

impl From<BusFailure> for Interrupted {
    fn from(failure: BusFailure) -> Self {
        match failure {
            BusFailure::Unusable { .. } => Self::ForGood(PublishFailure::Unusable(failure)),
            other => Self::Failed(Box::new(other)),
        }
    }
}

/// Publishes until told to stop.
///
/// # Errors
/// As [`Publisher::run`].
pub async fn run(log: EventLog, bus: Bus, stop: CancellationToken) -> Result<(), PublishFailure> {
    Publisher::new(log, bus).run(stop).await
}

impl Publisher {
    #[must_use]
    pub fn new(log: EventLog, bus: Bus) -> Self {
        Self { log, bus, report: Report::default(), identity: None, no_batches_before: None }
    }

    /// How far it is and whether it is well, for health and for those who wait for a position.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<PublisherStatus> {
        self.report.watch()
    }

    /// Publishes until told to stop, or until the log has stopped. May be dropped at any moment: what was under way
    /// either arrives at its position or is refused.
    ///
    /// # Errors
    /// [`PublishFailure`] when the stream is not a copy of this log: nobody but an operator can say which is right.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), PublishFailure> {
        let mut pause = PAUSE_MIN;
        loop {
            let interrupted = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                interrupted = self.publish(&mut pause) => interrupted,
            };
            let Some(wait) = self.after(interrupted, &mut pause)? else { return Ok(()) };
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// How long to wait before the stream is asked again; none when there is nothing more to publish.
    fn after(
        &mut self,
        interrupted: Interrupted,
        pause: &mut Duration,
    ) -> Result<Option<Duration>, PublishFailure> {
        match interrupted {
            Interrupted::Idle => Ok(Some(Duration::ZERO)),
            Interrupted::NoBatches => {
                warn!("The bus takes no atomic batches now; publishing one by one");
                self.no_batches_before = Some(Instant::now() + BATCHES_PAUSE);
                Ok(Some(Duration::ZERO))
            }
            Interrupted::Overtaken => {
                self.report.overtaken();
                Ok(Some(OVERTAKEN_PAUSE))
            }
            Interrupted::Failed(failure) => {
                self.report.held(&*failure);
                let longer = pause.saturating_mul(2).min(PAUSE_MAX);
                Ok(Some(std::mem::replace(pause, longer)))
            }
            Interrupted::LogStopped => Ok(None),
            Interrupted::ForGood(failure) => {
                let why: &(dyn std::error::Error + 'static) = &failure;
                error!(error = why, "Publishing to the bus has stopped");
                self.report.stopped(&failure);
                Err(failure)
            }
        }
    }

    /// From asking where the stream stands to the first thing that goes wrong.
    async fn publish(&mut self, pause: &mut Duration) -> Interrupted {
        // Taken before the stream is asked: a loss in between must count.
        let mut losses = self.bus.losses();
        losses.mark_unchanged();
        let stand = match self.stand().await {
            Ok(stand) => stand,
            Err(interrupted) => return interrupted,
        };
        self.report.stands(&stand, self.log.head());
        match self.follow(stand, &mut losses, pause).await {
            Ok(never) => match never {},
            Err(interrupted) => interrupted,
        }
    }

    async fn follow(
        &mut self,
        stand: Stand,
        losses: &mut watch::Receiver<u64>,
        pause: &mut Duration,
    ) -> Result<std::convert::Infallible, Interrupted> {
        let mut head = self.log.watch_head();
        let batches = stand.batches && self.no_batches_before.is_none_or(|before| before <= Instant::now());
        let mut window = Window::new(&self.bus, stand.last, batches);
        loop {
            let reached = *head.borrow_and_update();
            if reached > window.sent() && window.room_events() > 0 {
                let events = self.log.read_stored(window.sent(), window.room_events()).await?;
                window.send(&events).await?;
                continue;
            }
            tokio::select! {
                biased;
                _ = losses.changed() => return Err(Interrupted::Failed("the connection was lost".into())),
                published = window.published(), if !window.is_empty() => {
                    self.report.published(published?, reached);
                    *pause = PAUSE_MIN;
                }
                moved = head.changed(), if window.room_events() > 0 => {
                    moved.map_err(|_| Interrupted::LogStopped)?;
                }
                () = tokio::time::sleep(self.bus.settings().check_every), if window.is_empty() => {
                    return Err(Interrupted::Idle);
                }
            }
        }
    }

    /// The first position that a stream made now begins with.
    fn first_kept(&self) -> Position {
        let kept = self.bus.settings().history_events_max.unwrap_or(u64::MAX);
        Position::new(self.log.head().get().saturating_sub(kept)).next()
    }
}
