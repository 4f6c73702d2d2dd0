//! A long report in pieces, each of which is a report of its own.

use domain::Timestamp;

use super::{TooManyWindows, UsageQuery, Windows, instant};

/// The report's time in at most so many stretches, one after the other, about as long as each other. No window lies in two of them, so the
/// reports of the stretches, one after the other, are the report.
///
/// # Errors
/// When there would be too many windows.
pub fn stretches(
    query: &UsageQuery,
    stretches_max: u32,
) -> Result<Vec<(Timestamp, Timestamp)>, TooManyWindows> {
    let windows = Windows::new((query.from, query.until), query.granularity, &query.zone)?;
    let (from_s, until_s) = (windows.from_s, windows.until_s);
    let length_s = until_s.saturating_sub(from_s) / i64::from(stretches_max.max(1)) + 1;
    let mut stretches = vec![];
    let mut start_s = from_s;
    while start_s < until_s {
        let end_s = windows.end_after(start_s.saturating_add(length_s - 1).min(until_s - 1));
        stretches.push((instant(start_s), instant(end_s)));
        start_s = end_s.max(start_s + 1);
    }
    Ok(stretches)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::queries::usage::Granularity;

    fn check(from: &str, until: &str, granularity: Granularity, zone: &str, max: u32) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let query = UsageQuery {
            from: from.parse().unwrap(),
            until: until.parse().unwrap(),
            granularity,
            zone: zone.clone(),
            group_by: [].into(),
            filter: crate::queries::usage::UsageFilter::default(),
            after: None,
            rows_max: 1,
            reach: domain::access::Reach::Everything,
        };
        let all = stretches(&query, max).unwrap();
        assert!(all.len() <= usize::try_from(max).unwrap(), "{all:?}");
        let whole = Windows::new((query.from, query.until), granularity, &zone).unwrap();
        assert_eq!(all.first().unwrap().0, instant(whole.from_s));
        assert_eq!(all.last().unwrap().1, instant(whole.until_s));
        assert!(all.is_sorted_by(|one, next| one.1 == next.0), "{all:?}");
        all.iter().map(|(from, _)| from.to_string()).collect()
    }

    #[test]
    fn no_window_lies_in_two_stretches() {
        let day = ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z");
        assert_eq!(
            check(day.0, day.1, Granularity::Hour, "UTC", 3),
            ["2026-03-01T00:00:00Z", "2026-03-01T09:00:00Z", "2026-03-01T18:00:00Z"]
        );
        assert_eq!(
            check(day.0, day.1, Granularity::Hour, "Asia/Kolkata", 2),
            ["2026-03-01T00:00:00Z", "2026-03-01T12:30:00Z"]
        );
        assert_eq!(check(day.0, day.1, Granularity::Total, "UTC", 100), ["2026-03-01T00:00:00Z"]);
        assert_eq!(check(day.0, day.1, Granularity::Quarter, "UTC", 1_000).len(), 96);
    }

    #[test]
    fn days_are_those_of_the_zone() {
        let week = ("2026-03-27T00:00:00Z", "2026-04-02T00:00:00Z");
        assert_eq!(
            check(week.0, week.1, Granularity::Day, "Europe/Berlin", 3),
            ["2026-03-27T00:00:00Z", "2026-03-29T22:00:00Z", "2026-04-01T22:00:00Z"]
        );
        assert_eq!(
            check(week.0, week.1, Granularity::Month, "Europe/Berlin", 9),
            ["2026-03-27T00:00:00Z", "2026-03-31T22:00:00Z"]
        );
    }

    #[test]
    fn a_clock_that_is_put_back_by_half_an_hour_ends_a_window() {
        let night = ("2026-04-04T12:00:00Z", "2026-04-04T18:00:00Z");
        let starts = check(night.0, night.1, Granularity::Hour, "Australia/Lord_Howe", 24);
        assert!(starts.contains(&"2026-04-04T15:00:00Z".to_owned()), "{starts:?}");
    }
}
