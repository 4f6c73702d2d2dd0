//! Days, weeks and months of a zone.

use jiff::{
    ToSpan as _, Zoned,
    civil::{Date, Weekday},
    tz::TimeZone,
};

use super::{CALENDAR_WINDOWS_MAX, Granularity, TooManyWindows, instant};

/// Where days, weeks or months of the zone begin, from the one that `from_s` is in to the end of the one before `until_s`.
pub(super) fn starts(
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
