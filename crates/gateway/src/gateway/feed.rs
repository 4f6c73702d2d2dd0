//! Takes the log over.

use std::{sync::atomic::Ordering, time::Duration};

use domain::{Position, Recorded, Timestamp};
use tokio::sync::watch;

use super::{Gateway, snapshots::count};
use crate::{
    OnStale,
    index::{micros, routes::Rebuilt},
};

/// In place of a moment.
pub(super) const NEVER: i64 = i64::MIN;
/// Calls wait for no more events than these to be taken over.
const APPLIED_AT_ONCE: usize = 256;

impl Gateway {
    /// Takes events over, in order. Those that were taken over before are not news.
    ///
    /// The position moves on when all that they say is in force.
    pub fn apply(&self, events: &[Recorded], now: Timestamp) {
        let _only = self.applying.lock();
        let mut applied = self.position();
        for some in events.chunks(APPLIED_AT_ONCE) {
            let mut index = self.index.write();
            for event in some {
                if event.position > applied {
                    index.apply(event);
                    for (reset, at) in index.resets.take_news() {
                        self.counters.start_anew(&reset, at);
                    }
                    applied = event.position;
                }
            }
            if !index.routes.is_behind() {
                index.complete(applied, Rebuilt::default());
            }
        }
        let rebuilt = {
            let index = self.index.read();
            index.routes.is_behind().then(|| index.routes.rebuild())
        };
        if let Some(rebuilt) = rebuilt {
            self.index.write().complete(applied, rebuilt);
        }
        self.tell_moved();
        // While history is read for the first time, its age says nothing.
        if let Some(last) = events.last().filter(|_| self.ready()) {
            let lag = now.duration_since(last.recorded_at);
            metrics::histogram!("tollgate_gateway_apply_lag_seconds").record(lag.as_secs_f64());
        }
    }

    /// Hears from the feed that the log ends at `head`. When that is in force here, the configuration is fresh.
    pub fn caught_up(&self, head: Position, now: Timestamp) {
        let lag_events = head.get().saturating_sub(self.position().get());
        metrics::gauge!("tollgate_gateway_lag_events").set(count(lag_events));
        if lag_events == 0 {
            self.caught_up_at.store(micros(now), Ordering::Relaxed);
        }
    }

    /// How long ago everything that the feed had was in force; none when that never was.
    #[must_use]
    pub fn since_caught_up(&self, now: Timestamp) -> Option<Duration> {
        let caught_up_at = self.caught_up_at.load(Ordering::Relaxed);
        let passed = u64::try_from(micros(now).saturating_sub(caught_up_at)).unwrap_or_default();
        (caught_up_at != NEVER).then(|| Duration::from_micros(passed))
    }

    /// The last event that is in force.
    #[must_use]
    pub fn position(&self) -> Position {
        self.index.read().position
    }

    /// The same, as it moves: calls are judged by all that comes before it.
    #[must_use]
    pub fn watch_position(&self) -> watch::Receiver<Position> {
        self.moved.subscribe()
    }

    pub(super) fn tell_moved(&self) {
        let position = self.position();
        self.moved.send_if_modified(|told| std::mem::replace(told, position) != position);
    }

    /// Whether the feed has given no sign of life for longer than allowed, or never yet.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        let caught_up_at = self.caught_up_at.load(Ordering::Relaxed);
        let allowed = i64::try_from(self.settings.stale_after.as_micros()).unwrap_or(i64::MAX);
        caught_up_at == NEVER || micros(now).saturating_sub(caught_up_at) > allowed
    }

    /// Whether the whole log has been in force once: before that, good keys would be refused as unknown.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.caught_up_at.load(Ordering::Relaxed) != NEVER
    }

    /// When the feed last gave a sign of life; of a run before, when this one began with a snapshot.
    #[must_use]
    pub fn caught_up_at(&self) -> Option<Timestamp> {
        let caught_up_at = self.caught_up_at.load(Ordering::Relaxed);
        (caught_up_at != NEVER).then(|| Timestamp::from_microsecond(caught_up_at).ok()).flatten()
    }

    /// Whether calls are judged while the configuration is stale.
    #[must_use]
    pub fn serves_stale(&self) -> bool {
        self.settings.on_stale == OnStale::Serve
    }
}
