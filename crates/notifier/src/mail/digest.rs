//! When a team's morning digest is due.

use domain::Timestamp;
use jiff::{ToSpan as _, civil, tz::TimeZone};

/// Not an hour of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 0 to 23")]
pub struct InvalidHour;

/// A full hour of every day, where a team is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Morning {
    hour: i8,
    zone: TimeZone,
}

impl Morning {
    /// # Errors
    /// When the hour is beyond 23.
    pub fn new(hour: u8, zone: TimeZone) -> Result<Self, InvalidHour> {
        match i8::try_from(hour) {
            Ok(hour @ 0..=23) => Ok(Self { hour, zone }),
            Ok(_) | Err(_) => Err(InvalidHour),
        }
    }

    /// The next time after now, once for each day. Where clocks go forward over that hour it is as much later; where they
    /// go back over it, it is the first of the two.
    #[must_use]
    pub fn next_after(&self, now: Timestamp) -> Timestamp {
        let today = now.to_zoned(self.zone.clone()).date();
        // Two days ahead, since a zone may leave a whole day out.
        let due = (-1..=2).filter_map(|days| self.on(today.checked_add(days.days()).ok()?));
        due.filter(|due| *due > now).min().unwrap_or(now)
    }

    fn on(&self, day: civil::Date) -> Option<Timestamp> {
        let at = day.to_datetime(civil::time(self.hour, 0, 0, 0));
        self.zone.to_ambiguous_timestamp(at).compatible().ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(zone: &str, hour: u8, now: &str, due: &str) {
        let morning = Morning::new(hour, TimeZone::get(zone).unwrap()).unwrap();
        let next = morning.next_after(now.parse().unwrap());
        assert_eq!(next, due.parse().unwrap(), "{zone} {hour}:00 after {now}");
    }

    #[test]
    fn a_digest_is_due_at_that_hour_where_the_team_is() {
        check("Europe/Berlin", 8, "2026-11-27T06:59:59Z", "2026-11-27T07:00:00Z");
        check("Europe/Berlin", 8, "2026-11-27T07:00:00Z", "2026-11-28T07:00:00Z");
        check("Asia/Tokyo", 8, "2026-11-27T12:00:00Z", "2026-11-27T23:00:00Z");
        check("America/Los_Angeles", 8, "2026-11-27T12:00:00Z", "2026-11-27T16:00:00Z");
        check("UTC", 0, "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z");
        check("Asia/Kathmandu", 23, "2026-11-27T12:00:00Z", "2026-11-27T17:15:00Z");
    }

    #[test]
    fn an_hour_that_the_clocks_leave_out_is_as_much_later() {
        // On 2026-03-29 there is no 02:00 in Berlin.
        check("Europe/Berlin", 2, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z");
        check("Europe/Berlin", 2, "2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z");
        check("Europe/Berlin", 3, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z");
    }

    #[test]
    fn an_hour_that_comes_twice_is_due_once() {
        // On 2026-10-25 there are two 02:00 in Berlin.
        check("Europe/Berlin", 2, "2026-10-24T12:00:00Z", "2026-10-25T00:00:00Z");
        check("Europe/Berlin", 2, "2026-10-25T00:00:00Z", "2026-10-26T01:00:00Z");
        check("Europe/Berlin", 2, "2026-10-25T01:30:00Z", "2026-10-26T01:00:00Z");
        // In the Azores it is midnight that comes twice.
        check("Atlantic/Azores", 0, "2026-10-24T12:00:00Z", "2026-10-25T00:00:00Z");
        check("Atlantic/Azores", 0, "2026-10-25T00:00:00Z", "2026-10-26T01:00:00Z");
    }

    #[test]
    fn a_day_that_a_zone_leaves_out_has_no_digest() {
        // Samoa had no 30th of December in 2011.
        check("Pacific/Apia", 8, "2011-12-29T12:00:00Z", "2011-12-29T18:00:00Z");
        check("Pacific/Apia", 8, "2011-12-29T18:00:00Z", "2011-12-30T18:00:00Z");
        check("Pacific/Apia", 8, "2011-12-30T18:00:00Z", "2011-12-31T18:00:00Z");
    }

    #[test]
    fn a_day_has_24_hours_to_choose_from() {
        assert_eq!(Morning::new(24, TimeZone::UTC), Err(InvalidHour));
        assert_eq!(Morning::new(255, TimeZone::UTC), Err(InvalidHour));
    }

    proptest! {
        #[test]
        fn it_is_always_ahead_and_never_two_days(
            seconds in 0_i64..4_000_000_000,
            hour in 0_u8..24,
            zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia"]),
        ) {
            let now = Timestamp::from_second(seconds).unwrap();
            let due = Morning::new(hour, TimeZone::get(zone).unwrap()).unwrap().next_after(now);
            prop_assert!(due > now);
            prop_assert!(due.duration_since(now).as_hours() < 49);
        }
    }
}
