//! How long names are kept, and what time it is for forgetting them.

use std::{fmt, time::Instant as Monotonic};

use domain::{SharedClock, Timestamp};
use jiff::SignedDuration;
use tokio::time::Instant;

/// How long it is kept from where secrets are presented, and by which programs.
#[derive(Clone)]
pub struct Retention {
    pub clock: SharedClock,
    /// Nothing at all: not even until it is pruned.
    pub days: u16,
}

impl fmt::Debug for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Retention({} days)", self.days)
    }
}

/// Finds what is to be forgotten. A clock that is ahead forgets nothing that is to be kept: time is that of the latest flush that
/// was counted, and what has passed since it was looked for. The latter so that names go in time also where nobody calls any more.
pub(super) struct Pruning {
    retention: Retention,
    time: CountedTime,
}

/// What time it is by the latest flush that was counted, and by what has passed since: by no clock that may be ahead, and also
/// where nobody calls any more.
#[derive(Debug, Default)]
pub struct CountedTime {
    /// What time it was, and when.
    seen: Option<(Timestamp, Monotonic)>,
}

impl CountedTime {
    /// None while nothing was ever counted.
    pub fn until(&mut self, counted_until: Option<Timestamp>, monotonic: Monotonic) -> Option<Timestamp> {
        let passed = self.seen.and_then(|(until, at)| {
            let since = SignedDuration::try_from(monotonic.saturating_duration_since(at)).ok()?;
            until.checked_add(since).ok()
        });
        let until = passed.max(counted_until)?;
        self.seen = Some((until, monotonic));
        Some(until)
    }
}

impl Pruning {
    pub(super) fn new(retention: Retention) -> Self {
        Self { retention, time: CountedTime::default() }
    }

    /// Whether names are kept at all.
    pub(super) fn keeps_none(&self) -> bool {
        self.retention.days == 0
    }

    /// Names that were last seen before then are to be forgotten; none while nothing is counted.
    pub(super) fn before(
        &mut self,
        counted_until: Option<Timestamp>,
        monotonic: Instant,
    ) -> Option<Timestamp> {
        let now = self.retention.clock.now();
        if self.keeps_none() {
            return Some(now);
        }
        let until = self.time.until(counted_until, monotonic.into_std())?;
        let keep = SignedDuration::from_hours(24 * i64::from(self.retention.days));
        Some(until.min(now).checked_sub(keep).unwrap_or(Timestamp::MIN))
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;
    use crate::testing::{Standing, at};

    const DAY: i64 = 86_400;

    fn forgetting(days: u16, now: i64) -> Pruning {
        Pruning::new(Retention { clock: Arc::new(Standing(at(now))), days })
    }

    #[test]
    fn a_clock_that_is_ahead_forgets_no_more_than_the_latest_flush_does() {
        let monotonic = Instant::now();
        for (now, counted_until, before) in [
            (40 * DAY, Some(40 * DAY), Some(10 * DAY)),
            (40 * DAY, Some(31 * DAY), Some(DAY)),
            // A gateway's clock is ahead.
            (31 * DAY, Some(40 * DAY), Some(DAY)),
            (40 * DAY, None, None),
        ] {
            let found = forgetting(30, now).before(counted_until.map(at), monotonic);
            assert_eq!(found, before.map(at), "at {now} with {counted_until:?}");
        }
    }

    #[test]
    fn where_nobody_calls_any_more_names_go_in_time() {
        let (mut forgetting, began) = (forgetting(30, 1_000 * DAY), Instant::now());
        let later = |days: u64| began + Duration::from_hours(24 * days);
        for (day, before) in [(0, -20), (3, -17), (25, 5)] {
            let found = forgetting.before(Some(at(10 * DAY)), later(day));
            assert_eq!(found, Some(at(before * DAY)), "after {day} days");
        }
        assert_eq!(
            forgetting.before(Some(at(90 * DAY)), later(26)),
            Some(at(60 * DAY)),
            "and they call again"
        );
    }

    #[test]
    fn where_nothing_is_kept_everything_is_forgotten() {
        for counted_until in [None, Some(at(5))] {
            assert_eq!(forgetting(0, 9).before(counted_until, Instant::now()), Some(at(9)));
        }
    }
}
