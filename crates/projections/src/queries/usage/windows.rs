//! The windows of a report: half-open stretches of time, by the clock on somebody's wall.

mod cuts;
mod hours;

use domain::Timestamp;
use jiff::{ToSpan as _, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::usage::{DAY_S, QUARTER_S};

pub(crate) const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 60 * MINUTE_S;

/// So many windows of days, weeks or months a report has at most: five years of days.
pub const CALENDAR_WINDOWS_MAX: usize = 2_000;

/// How long a window of the report is. Days, weeks (from Monday) and months are those of the report's time zone; hours and
/// quarters begin where its clocks show them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Granularity {
    Minute,
    Quarter,
    Hour,
    Day,
    Week,
    Month,
    /// One window: the whole time asked for.
    Total,
}

/// There would be more than [`CALENDAR_WINDOWS_MAX`] windows.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a report has at most {CALENDAR_WINDOWS_MAX} days, weeks or months")]
pub struct TooManyWindows;

/// The windows of one report, and from which grain of what is kept they are added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Windows {
    /// Unix seconds.
    pub(crate) from_s: i64,
    /// Before then.
    pub(crate) until_s: i64,
    /// Whether only minutes will do.
    pub(crate) by_minutes: bool,
    step: Step,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Whole,
    /// Since 1970, in seconds.
    Every(i64),
    /// Whole hours of a zone that is a part of an hour off UTC: the part, in seconds, until each moment.
    Hours(Vec<(i64, i64)>),
    /// Where each begins, and where the last ends.
    Cut(Vec<i64>),
}

impl Windows {
    /// Ends that are not those of a minute, or of a quarter, are moved outwards.
    pub(crate) fn new(
        (from, until): (Timestamp, Timestamp),
        granularity: Granularity,
        zone: &TimeZone,
    ) -> Result<Self, TooManyWindows> {
        let by_minutes = granularity == Granularity::Minute;
        let kept_s = if by_minutes { MINUTE_S } else { QUARTER_S };
        let from_s = from.as_second().div_euclid(kept_s) * kept_s;
        // `as_second` cuts off the fraction, which may be all that reaches into the next window.
        let last = until.as_second().saturating_sub(i64::from(until.subsec_nanosecond() == 0));
        let until_s = (last.div_euclid(kept_s) + 1) * kept_s;
        let is_utc = *zone == TimeZone::UTC;
        let step = match granularity {
            Granularity::Minute => Step::Every(MINUTE_S),
            Granularity::Quarter => Step::Every(QUARTER_S),
            Granularity::Hour if is_utc => Step::Every(HOUR_S),
            Granularity::Hour => Step::Hours(hours::parts(from_s, until_s, zone)),
            Granularity::Day if is_utc => Step::Every(DAY_S),
            Granularity::Day | Granularity::Week | Granularity::Month => {
                Step::Cut(cuts::starts(from_s, until_s, granularity, zone)?)
            }
            Granularity::Total => Step::Whole,
        };
        Ok(Self { from_s, until_s, by_minutes, step })
    }

    /// As many windows right before these; of the whole time, as long a time.
    pub(crate) fn before(&self, granularity: Granularity, zone: &TimeZone) -> Result<Self, TooManyWindows> {
        let from = match &self.step {
            Step::Cut(starts) => {
                let windows = i32::try_from(starts.len().saturating_sub(1)).unwrap_or(i32::MAX);
                let first = starts.first().copied().unwrap_or(self.from_s);
                let begun = instant(first).to_zoned(zone.clone());
                let back = match granularity {
                    Granularity::Month => begun.checked_sub(windows.months()),
                    Granularity::Week => begun.checked_sub(windows.weeks()),
                    Granularity::Day | Granularity::Hour | Granularity::Quarter => {
                        begun.checked_sub(windows.days())
                    }
                    Granularity::Minute | Granularity::Total => Ok(begun.clone()),
                };
                let back = back.map_or(first, |back| back.timestamp().as_second());
                // As far into its first window as this one.
                back.saturating_add(self.from_s.saturating_sub(first))
            }
            Step::Whole | Step::Every(_) | Step::Hours(_) => {
                self.from_s.saturating_sub(self.until_s.saturating_sub(self.from_s))
            }
        };
        let until = match &self.step {
            Step::Cut(_) => self.from_s.min(self.begin_of(0)),
            Step::Whole | Step::Every(_) | Step::Hours(_) => self.from_s,
        };
        Self::new((instant(from), instant(until)), granularity, zone)
    }

    /// Which window a row's is, counted from the first.
    pub(crate) fn ordinal(&self, window_s: i64) -> i64 {
        match &self.step {
            Step::Whole => 0,
            Step::Every(length_s) => window_s.div_euclid(*length_s) - self.from_s.div_euclid(*length_s),
            Step::Hours(parts) => hours::hour(window_s, parts) - hours::hour(self.from_s, parts),
            Step::Cut(starts) => {
                let at = starts.partition_point(|start| *start <= window_s);
                i64::try_from(at).unwrap_or(i64::MAX) - 1
            }
        }
    }

    fn begin_of(&self, window: usize) -> i64 {
        match &self.step {
            Step::Cut(starts) => starts.get(window).copied().unwrap_or(self.from_s),
            Step::Whole | Step::Every(_) | Step::Hours(_) => self.from_s,
        }
    }

    /// Whether whole days of UTC can be added up instead of what they are the sums of.
    pub(crate) fn fits_days(&self) -> bool {
        let whole = |second: &i64| second % DAY_S == 0;
        match &self.step {
            Step::Whole => true,
            Step::Every(length_s) => *length_s == DAY_S,
            Step::Hours(_) => false,
            Step::Cut(starts) => starts.iter().all(whole),
        }
    }

    /// As far as they can be told where detail is kept since then: they begin no earlier. Where whole days are added up instead, they
    /// begin with a day, and end with one unless there is detail of all of the last.
    pub(crate) fn kept_since(mut self, second: i64) -> Self {
        let day_of = |second: i64| second.div_euclid(DAY_S) * DAY_S;
        let end_of_day = |second: i64| day_of(second + DAY_S - 1);
        if self.from_s >= second {
            return self;
        }
        if !self.fits_days() {
            self.from_s = second.min(self.until_s);
            return self;
        }
        self.from_s = day_of(self.from_s);
        // Of the day in which detail begins some may be gone.
        if self.until_s < end_of_day(second) {
            self.until_s = end_of_day(self.until_s);
        }
        self
    }

    /// Whether each is as long as what is kept at the finest that will do: then it begins where its rows say.
    pub(crate) fn are_as_kept(&self) -> bool {
        self.step == Step::Every(if self.by_minutes { MINUTE_S } else { QUARTER_S })
    }

    /// A row's window as SQL over `start_s`, `$1` being where the report begins.
    pub(crate) fn sql(&self) -> String {
        match &self.step {
            Step::Whole => "cast($1 as bigint)".to_owned(),
            Step::Every(_) if self.are_as_kept() => "start_s".to_owned(),
            Step::Every(length_s) => format!("start_s / {length_s} * {length_s}"),
            Step::Hours(parts) => hours::sql(parts),
            Step::Cut(starts) => {
                let last = starts.len().saturating_sub(1);
                search(starts.get(..last).unwrap_or_default())
            }
        }
    }

    /// A window as [`Self::ends`] takes it: that which a moment is in.
    pub(crate) fn window_of(&self, second: i64) -> i64 {
        match &self.step {
            Step::Whole => self.from_s,
            Step::Every(length_s) => second.div_euclid(*length_s) * length_s,
            Step::Hours(parts) => hours::hour(second, parts) * HOUR_S - hours::part_at(second, parts),
            Step::Cut(starts) => {
                let after = starts.partition_point(|start| *start <= second);
                after.checked_sub(1).and_then(|at| starts.get(at)).copied().unwrap_or(self.from_s)
            }
        }
    }

    /// Whether rows of the report can be of such a window. The one window of a whole time is wherever the report begins.
    pub(super) fn has(&self, window_s: i64) -> bool {
        let first_s = self.window_of(self.from_s);
        self.step == Step::Whole || (first_s..self.until_s).contains(&window_s)
    }

    /// A window that a row told. That of a whole time begins where the report does now, though it began elsewhere when the row was
    /// told: detail is let go of meanwhile.
    pub(super) fn as_now(&self, window_s: i64) -> i64 {
        if self.step == Step::Whole { self.from_s } else { window_s }
    }

    /// The end of the window that a moment is in, or of the last one.
    pub(super) fn end_after(&self, second: i64) -> i64 {
        self.end_of(second, 1)
    }

    /// The end of so many windows from the one that a moment is in on, or of the last one. Reckoned and not walked to: a report by minutes
    /// may be of thousands of millions.
    pub(super) fn end_of(&self, second: i64, windows: u64) -> i64 {
        let many = i64::try_from(windows).unwrap_or(i64::MAX);
        let end_s = match &self.step {
            Step::Whole => self.until_s,
            Step::Every(length_s) => {
                second.div_euclid(*length_s).saturating_add(many).saturating_mul(*length_s)
            }
            Step::Hours(parts) => hours::end_of(second, many, parts),
            Step::Cut(starts) => {
                let next = starts.partition_point(|start| *start <= second);
                let others = usize::try_from(windows.saturating_sub(1)).unwrap_or(usize::MAX);
                starts.get(next.saturating_add(others)).copied().unwrap_or(self.until_s)
            }
        };
        end_s.min(self.until_s)
    }

    /// A window of which only a part was asked for says so by its ends.
    pub(crate) fn ends(&self, window_s: i64) -> (Timestamp, Timestamp) {
        let end_s = match &self.step {
            Step::Whole => self.until_s,
            Step::Every(length_s) => window_s.saturating_add(*length_s),
            Step::Hours(_) => window_s.saturating_add(HOUR_S),
            Step::Cut(starts) => {
                let next = starts.partition_point(|start| *start <= window_s);
                starts.get(next).copied().unwrap_or(self.until_s)
            }
        };
        (instant(window_s.max(self.from_s)), instant(end_s.min(self.until_s)))
    }
}

/// The one of these that is the last not after `start_s`, by halves.
fn search(starts: &[i64]) -> String {
    match starts {
        [] => "cast($1 as bigint)".to_owned(),
        [only] => only.to_string(),
        many => {
            let (before, after) = many.split_at(many.len() / 2);
            let first = after.first().copied().unwrap_or_default();
            format!("case when start_s < {first} then {} else {} end", search(before), search(after))
        }
    }
}

pub(crate) fn instant(unix_s: i64) -> Timestamp {
    Timestamp::from_second(unix_s).unwrap_or(if unix_s < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests;
