//! Windows in Envoy's units.

use crate::wire::rate_limit::Unit;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;

/// The unit that a window is called by, and how many of it. A day on which clocks are set is a day, a month has 28 to 31 of
/// them, a year 365 or 366: how long the window at hand is, to the second, the `RateLimit-Policy` field says. A window that
/// has no such name is told exactly, in several of the largest unit that it is made of.
pub(super) fn of(window_seconds: u64) -> (Unit, u32) {
    let named = match window_seconds {
        1 => Some(Unit::Second),
        MINUTE => Some(Unit::Minute),
        HOUR => Some(Unit::Hour),
        seconds if about(seconds, DAY, DAY) => Some(Unit::Day),
        seconds if about(seconds, WEEK, WEEK) => Some(Unit::Week),
        seconds if about(seconds, 28 * DAY, 31 * DAY) => Some(Unit::Month),
        seconds if about(seconds, 365 * DAY, 366 * DAY) => Some(Unit::Year),
        _ => None,
    };
    named.map_or_else(|| several(window_seconds), |unit| (unit, 1))
}

/// Between these, or an hour beside: clocks are set.
fn about(seconds: u64, least: u64, most: u64) -> bool {
    (least - HOUR..=most + HOUR).contains(&seconds)
}

fn several(window_seconds: u64) -> (Unit, u32) {
    let units = [(Unit::Day, DAY), (Unit::Hour, HOUR), (Unit::Minute, MINUTE), (Unit::Second, 1)];
    let fits = units.into_iter().find(|(_, seconds)| window_seconds.is_multiple_of(*seconds));
    let (unit, seconds) = fits.unwrap_or((Unit::Second, 1));
    (unit, u32::try_from(window_seconds / seconds).unwrap_or(u32::MAX).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_called_by_its_unit_or_told_exactly() {
        for (seconds, unit, times) in [
            (1, Unit::Second, 1),
            (10, Unit::Second, 10),
            (60, Unit::Minute, 1),
            (300, Unit::Minute, 5),
            (90, Unit::Second, 90),
            (3_600, Unit::Hour, 1),
            (7_200, Unit::Hour, 2),
            (23 * 3_600, Unit::Day, 1),
            (DAY, Unit::Day, 1),
            (25 * 3_600, Unit::Day, 1),
            (2 * DAY, Unit::Day, 2),
            (7 * DAY, Unit::Week, 1),
            (7 * DAY - 3_600, Unit::Week, 1),
            (28 * DAY, Unit::Month, 1),
            (31 * DAY + 3_600, Unit::Month, 1),
            (365 * DAY, Unit::Year, 1),
            (366 * DAY, Unit::Year, 1),
            (0, Unit::Day, 1),
        ] {
            assert_eq!(of(seconds), (unit, times), "{seconds}");
        }
    }
}
