//! The windows of limits that come with calls.

use domain::{Timestamp, rate_limit_policy::WindowBounds};
use jiff::{civil::Date, tz::TimeZone};

use crate::metered::{Every, Unit};

/// The window that a moment is in.
pub(super) fn at(every: Every, second: i64) -> WindowBounds {
    let times = i64::from(every.times.get());
    let seconds = |unit: i64| {
        let length = unit.saturating_mul(times);
        let start = second.div_euclid(length).saturating_mul(length);
        WindowBounds { start, end: start.saturating_add(length) }
    };
    match every.unit {
        Unit::Second => seconds(1),
        Unit::Minute => seconds(60),
        Unit::Hour => seconds(3_600),
        Unit::Day => seconds(86_400),
        Unit::Month => months(times, second),
        Unit::Year => months(times.saturating_mul(12), second),
    }
}

fn months(length: i64, second: i64) -> WindowBounds {
    let at = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC);
    let month = i64::from(at.year()) * 12 + i64::from(at.month()) - 1;
    let first = month.div_euclid(length).saturating_mul(length);
    let start = begin_of(first).unwrap_or(i64::MIN);
    // A window that ends beyond representable time does not end.
    WindowBounds { start, end: begin_of(first.saturating_add(length)).unwrap_or(i64::MAX) }
}

/// Of a month counted since the year 0.
fn begin_of(month: i64) -> Option<i64> {
    let year = i16::try_from(month.div_euclid(12)).ok()?;
    let number = i8::try_from(month.rem_euclid(12) + 1).ok()?;
    let first = Date::new(year, number, 1).ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(first.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::*;

    const UNITS: [Unit; 6] = [Unit::Second, Unit::Minute, Unit::Hour, Unit::Day, Unit::Month, Unit::Year];

    fn every(unit: Unit, times: u32) -> Every {
        Every { unit, times: NonZeroU32::new(times).unwrap() }
    }

    fn check(unit: Unit, times: u32, moment: &str, start: &str, end: &str) {
        let second = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        let expected = WindowBounds { start: second(start), end: second(end) };
        assert_eq!(at(every(unit, times), second(moment)), expected, "{unit:?} {times} {moment}");
    }

    #[test]
    fn windows_turn_with_the_clock_and_the_calendar_of_utc() {
        let now = "2028-02-29T12:34:56Z";
        check(Unit::Second, 1, now, now, "2028-02-29T12:34:57Z");
        check(Unit::Second, 30, now, "2028-02-29T12:34:30Z", "2028-02-29T12:35:00Z");
        check(Unit::Minute, 1, now, "2028-02-29T12:34:00Z", "2028-02-29T12:35:00Z");
        check(Unit::Hour, 2, now, "2028-02-29T12:00:00Z", "2028-02-29T14:00:00Z");
        check(Unit::Day, 1, now, "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z");
        check(Unit::Month, 1, now, "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z");
        check(Unit::Month, 3, now, "2028-01-01T00:00:00Z", "2028-04-01T00:00:00Z");
        check(Unit::Year, 1, now, "2028-01-01T00:00:00Z", "2029-01-01T00:00:00Z");
    }

    #[test]
    fn a_window_longer_than_time_does_not_end() {
        let window = at(every(Unit::Year, u32::MAX), 1_700_000_000);
        assert_eq!((window.contain(1_700_000_000), window.end), (true, i64::MAX));
    }

    proptest! {
        #[test]
        fn windows_hold_their_moment_and_follow_each_other(
            unit in prop::sample::select(&UNITS[..]), times in 1_u32..1_000, second in -4_000_000_000_i64..4_000_000_000,
        ) {
            let every = every(unit, times);
            let here = at(every, second);
            prop_assert!(here.contain(second));
            prop_assert_eq!(at(every, here.start), here);
            prop_assert_eq!(at(every, here.end - 1), here);
            prop_assert_eq!(at(every, here.end).start, here.end);
        }
    }
}
