//! When the windows of quotas begin and end.

use jiff::{
    ToSpan, Zoned,
    civil::Date,
    tz::{Offset, TimeZone},
};

use super::Period;
use crate::Timestamp;

/// In how many equal parts a rolling window is counted. A call counts for the whole window and up to one part more, so that no
/// window, wherever it begins, sees more calls than allowed.
pub const ROLLING_PARTS: i64 = 60;

/// A window's ends in Unix seconds, the second not in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowBounds {
    pub start: i64,
    pub end: i64,
}

impl WindowBounds {
    #[must_use]
    pub fn contain(&self, second: i64) -> bool {
        (self.start..self.end).contains(&second)
    }

    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.end.saturating_sub(self.start)
    }
}

/// The window that a moment lies in. Days, weeks, months and years begin with the first moment of their first day,
/// whatever the clocks do that day. Hours and minutes are those of the local clock; should it be set to anything
/// but the same minute of another hour, the one that runs ends there.
#[must_use]
pub fn calendar_window(period: Period, zone: &TimeZone, second: i64) -> WindowBounds {
    let at = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
    let bounds = match period {
        Period::Minute => clock_window(zone, at, 60),
        Period::Hour => clock_window(zone, at, 3_600),
        Period::Day | Period::Week | Period::Month | Period::Year => date_window(period, zone, at),
    };
    // Only at the ends of representable time; a window of a second grants, and turns.
    bounds
        .filter(|bounds| bounds.contain(second))
        .unwrap_or(WindowBounds { start: second, end: second.saturating_add(1) })
}

/// The seconds of one part of a rolling window: a second for a minute, 24 minutes for a day. A month is 30 days, a year 365.
#[must_use]
pub fn rolling_part_seconds(period: Period) -> i64 {
    const DAY: i64 = 86_400;
    let seconds = match period {
        Period::Minute => 60,
        Period::Hour => 3_600,
        Period::Day => DAY,
        Period::Week => 7 * DAY,
        Period::Month => 30 * DAY,
        Period::Year => 365 * DAY,
    };
    seconds / ROLLING_PARTS
}

fn clock_window(zone: &TimeZone, at: Timestamp, length: i64) -> Option<WindowBounds> {
    let second = at.as_second();
    let offset = i64::from(Offset::seconds(zone.to_offset(at)));
    let start = (second + offset).div_euclid(length) * length - offset;
    let next = at.checked_add(1.second()).ok()?;
    let set_before = zone.preceding(next).next().map_or(i64::MIN, |turn| turn.timestamp().as_second());
    let set_after = zone.following(at).next().map_or(i64::MAX, |turn| turn.timestamp().as_second());
    Some(WindowBounds { start: start.max(set_before), end: (start + length).min(set_after) })
}

fn date_window(period: Period, zone: &TimeZone, at: Timestamp) -> Option<WindowBounds> {
    let today = Zoned::new(at, zone.clone()).date();
    let (first, days_or_more) = match period {
        Period::Minute | Period::Hour | Period::Day => (today, 1.day()),
        Period::Week => {
            let since_monday = today.weekday().to_monday_zero_offset();
            (today.checked_sub(i64::from(since_monday).days()).ok()?, 1.week())
        }
        Period::Month => (today.first_of_month(), 1.month()),
        Period::Year => (today.first_of_year(), 1.year()),
    };
    let begin = |date: Date| {
        let midnight = date.to_zoned(zone.clone()).ok()?;
        Some(midnight.start_of_day().ok()?.timestamp().as_second())
    };
    Some(WindowBounds { start: begin(first)?, end: begin(first.checked_add(days_or_more).ok()?)? })
}
