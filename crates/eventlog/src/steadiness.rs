//! When the wall clock may be believed.

use std::time::{Duration, Instant};

use domain::Timestamp;
use jiff::SignedDuration;
use tracing::warn;

/// A clock that has jumped is believed after it has gone evenly for so long.
const STEADY_FOR: Duration = Duration::from_secs(10);
/// How far the two clocks of a machine may drift apart between two looks.
const DRIFT_MAX: SignedDuration = SignedDuration::from_secs(5);

/// Watches the wall clock by the one that cannot be set. What is put on record because its time has come, or is told to
/// somebody, is final: a clock that is wrong for a moment must not bring it about. The gateway judges by the wall clock meanwhile, and recovers with it.
#[derive(Debug)]
pub struct Steadiness {
    seen: (Timestamp, Instant),
    uneven: Option<Instant>,
}

impl Steadiness {
    #[must_use]
    pub fn new(now: Timestamp, monotonic: Instant) -> Self {
        Self { seen: (now, monotonic), uneven: None }
    }

    /// Whether the wall clock may be believed.
    pub fn holds(&mut self, now: Timestamp, monotonic: Instant) -> bool {
        let (before, began) = std::mem::replace(&mut self.seen, (now, monotonic));
        let passed = SignedDuration::try_from(monotonic.saturating_duration_since(began))
            .unwrap_or(SignedDuration::MAX);
        let apart = now.duration_since(before).saturating_sub(passed).abs();
        if apart > DRIFT_MAX {
            warn!("The clock has jumped by {apart:#}; what is due waits until it goes evenly");
            self.uneven = Some(monotonic);
        }
        if self.uneven.is_some_and(|since| monotonic.saturating_duration_since(since) >= STEADY_FOR) {
            self.uneven = None;
        }
        self.uneven.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_is_believed_once_it_goes_evenly() {
        let (wall, began) = ("2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap(), Instant::now());
        let at = |wall_seconds: i64, seconds: u64| {
            (wall + SignedDuration::from_secs(wall_seconds), began + Duration::from_secs(seconds))
        };
        let mut steadiness = Steadiness::new(wall, began);
        let mut holds = |(now, monotonic): (Timestamp, Instant)| steadiness.holds(now, monotonic);
        assert!(holds(at(1, 1)));
        assert!(!holds(at(3_602, 2)), "an hour ahead at once");
        assert!(!holds(at(3_611, 11)));
        assert!(holds(at(3_612, 12)), "even for ten seconds");
        assert!(!holds(at(13, 13)), "and back");
    }
}
