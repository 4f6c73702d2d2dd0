//! The windows of a report: half-open stretches of time, by the clock on somebody's wall.

use domain::Timestamp;
use jiff::{
    ToSpan, Zoned,
    civil::{Date, Weekday},
    tz::TimeZone,
};
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
            Granularity::Hour => Step::Hours(hours(from_s, until_s, zone)),
            Granularity::Day if is_utc => Step::Every(DAY_S),
            Granularity::Day | Granularity::Week | Granularity::Month => {
                Step::Cut(cuts(from_s, until_s, granularity, zone)?)
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
            Step::Hours(parts) => hour(window_s, parts) - hour(self.from_s, parts),
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

    /// Begins no earlier than then; where whole days are added up, with its day.
    pub(crate) fn since(mut self, second: i64) -> Self {
        if self.from_s < second {
            self.from_s = if self.fits_days() {
                self.from_s.div_euclid(DAY_S) * DAY_S
            } else {
                second.min(self.until_s)
            };
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
            Step::Hours(parts) => {
                let (last, before) =
                    parts.split_last().map_or((0, &[][..]), |((_, last), before)| (*last, before));
                let mut part = last.to_string();
                for (until_s, seconds) in before.iter().rev() {
                    part = format!("case when start_s < {until_s} then {seconds} else {part} end");
                }
                format!("(start_s + ({part})) / {HOUR_S} * {HOUR_S} - ({part})")
            }
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
            Step::Hours(parts) => hour(second, parts) * HOUR_S - part_at(second, parts),
            Step::Cut(starts) => {
                let after = starts.partition_point(|start| *start <= second);
                after.checked_sub(1).and_then(|at| starts.get(at)).copied().unwrap_or(self.from_s)
            }
        }
    }

    /// The end of the window that a moment is in, or of the last one.
    pub(super) fn end_after(&self, second: i64) -> i64 {
        let end_s = match &self.step {
            Step::Whole => self.until_s,
            Step::Every(length_s) => (second.div_euclid(*length_s) + 1) * length_s,
            Step::Hours(parts) => {
                let at = parts.partition_point(|(until_s, _)| *until_s <= second);
                let (until_s, part) = parts.get(at).copied().unwrap_or((self.until_s, 0));
                (((second + part).div_euclid(HOUR_S) + 1) * HOUR_S - part).min(until_s)
            }
            Step::Cut(starts) => {
                let next = starts.partition_point(|start| *start <= second);
                starts.get(next).copied().unwrap_or(self.until_s)
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

/// Which hour of the zone's clocks, counted from one of long ago.
fn hour(second: i64, parts: &[(i64, i64)]) -> i64 {
    (second + part_at(second, parts)).div_euclid(HOUR_S)
}

/// By how much of an hour the zone is ahead then, in seconds.
fn part_at(second: i64, parts: &[(i64, i64)]) -> i64 {
    let part = parts.iter().find(|(until_s, _)| second < *until_s).or(parts.last());
    part.map_or(0, |(_, part)| *part)
}

/// By how much of an hour the zone is ahead, until when. Every offset in use since 1972 is a number of quarters of an hour.
fn hours(from_s: i64, until_s: i64, zone: &TimeZone) -> Vec<(i64, i64)> {
    let part = |at: i64| i64::from(zone.to_offset(instant(at)).seconds()).rem_euclid(HOUR_S);
    let mut parts = vec![];
    let mut begins = from_s;
    for change in zone.following(instant(from_s)) {
        let at = change.timestamp().as_second();
        if at >= until_s {
            break;
        }
        if part(at) != part(begins) {
            parts.push((at, part(begins)));
            begins = at;
        }
    }
    parts.push((until_s, part(begins)));
    parts
}

/// Where days, weeks or months of the zone begin, from the one that `from_s` is in to the end of the one before `until_s`.
fn cuts(
    from_s: i64,
    until_s: i64,
    granularity: Granularity,
    zone: &TimeZone,
) -> Result<Vec<i64>, TooManyWindows> {
    let local = instant(from_s).to_zoned(zone.clone()).date();
    let mut date = match granularity {
        Granularity::Week => monday(local),
        Granularity::Month => local.first_of_month(),
        Granularity::Day
        | Granularity::Minute
        | Granularity::Quarter
        | Granularity::Hour
        | Granularity::Total => local,
    };
    let mut starts = vec![];
    loop {
        let Some(start) = begin(date, zone) else { return Ok(starts) };
        starts.push(start.timestamp().as_second());
        if start.timestamp().as_second() >= until_s {
            return Ok(starts);
        }
        if starts.len() > CALENDAR_WINDOWS_MAX {
            return Err(TooManyWindows);
        }
        let next = match granularity {
            Granularity::Week => date.checked_add(1.week()),
            Granularity::Month => date.checked_add(1.month()),
            Granularity::Day
            | Granularity::Minute
            | Granularity::Quarter
            | Granularity::Hour
            | Granularity::Total => date.checked_add(1.day()),
        };
        let Ok(next) = next else { return Ok(starts) };
        date = next;
    }
}

fn monday(date: Date) -> Date {
    let back = i32::from(date.weekday().since(Weekday::Monday));
    date.checked_sub(back.days()).unwrap_or(date)
}

/// The first moment of a day: not always midnight.
fn begin(date: Date, zone: &TimeZone) -> Option<Zoned> {
    date.to_zoned(zone.clone()).ok()?.start_of_day().ok()
}

pub(crate) fn instant(unix_s: i64) -> Timestamp {
    Timestamp::from_second(unix_s).unwrap_or(if unix_s < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests;
