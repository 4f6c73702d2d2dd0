//! Windows that turn where the calendar does, in the limit's time zone.

use domain::rate_limit_policy::{Period, TimeZoneName, WindowBounds as Bounds, calendar_window};
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// The window of a calendar quota.
#[derive(Debug)]
pub(crate) struct Calendar {
    period: Period,
    name: TimeZoneName,
    zone: TimeZone,
    /// Asked for last: when a day turns, every counter asks for the same one.
    latest: Mutex<Bounds>,
}

impl Calendar {
    pub(crate) fn new(period: Period, zone: &TimeZoneName) -> Self {
        Self { period, name: zone.clone(), zone: zone.zone(), latest: Mutex::default() }
    }

    /// What it was made of.
    pub(crate) fn made_of(&self) -> (Period, &TimeZoneName) {
        (self.period, &self.name)
    }

    fn window(&self, second: i64) -> Bounds {
        let mut latest = self.latest.lock();
        if !latest.contain(second) {
            *latest = calendar_window(self.period, &self.zone, second);
        }
        *latest
    }
}

/// A clock set back by no more keeps its window; one set back by more was wrong before.
const SET_BACK_SECONDS_MAX: i64 = 2 * 60 * 60;

/// What is used of one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CalendarCount {
    used: u64,
    window: Bounds,
    /// The policy's revision that the window was found under.
    revision: u32,
}

/// A count in the form it is kept over a restart.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CalendarRow {
    #[serde(rename = "u")]
    used: u64,
    #[serde(rename = "s")]
    start: i64,
    #[serde(rename = "e")]
    end: i64,
    #[serde(rename = "r")]
    revision: u32,
}

impl CalendarCount {
    pub(crate) fn unused(calendar: &Calendar, revision: u32, second: i64) -> Self {
        Self { used: 0, window: calendar.window(second), revision }
    }

    /// Turns the window when its time is over. A clock set back does not reopen an old one. Under a revised policy
    /// the window is found anew, and what is used goes on unless the period became shorter: how much of a month
    /// was used today is not known.
    pub(crate) fn bring_to(&mut self, calendar: &Calendar, revision: u32, second: i64) {
        if second >= self.window.end {
            *self = Self::unused(calendar, revision, second);
        } else if second < self.window.start.saturating_sub(SET_BACK_SECONDS_MAX) {
            // The clock was wrong when the window was found: a year ahead for a moment must not lock anyone out
            // for a year. What is used stays used.
            self.window = calendar.window(second);
        } else if revision != self.revision {
            let window = calendar.window(second.max(self.window.start));
            // A month is as long as another month although it may have three days less.
            let shorter = window.seconds() < self.window.seconds() / 10 * 9;
            *self = Self { used: if shorter { 0 } else { self.used }, window, revision };
        }
    }

    pub(crate) fn wait(&self, allowed: u64, cost: u64, second: i64) -> Option<u64> {
        (self.used.saturating_add(cost) > allowed).then(|| self.reset_seconds(second).max(1))
    }

    pub(crate) fn take(&mut self, cost: u64) {
        self.used = self.used.saturating_add(cost);
    }

    pub(crate) fn remaining(&self, allowed: u64) -> u64 {
        allowed.saturating_sub(self.used)
    }

    pub(crate) fn reset_seconds(&self, second: i64) -> u64 {
        u64::try_from(self.end().saturating_sub(second)).unwrap_or_default()
    }

    pub(crate) fn window_seconds(&self) -> u64 {
        u64::try_from(self.window.seconds()).unwrap_or_default()
    }

    pub(crate) fn used(&self) -> u64 {
        self.used
    }

    /// The window's first second, and the first after it.
    pub(crate) fn window(&self) -> (i64, i64) {
        (self.window.start, self.window.end)
    }

    /// When the window ends, in Unix seconds.
    pub(crate) fn end(&self) -> i64 {
        self.window.end
    }

    pub(crate) fn row(&self) -> CalendarRow {
        let Self { used, window: Bounds { start, end }, revision } = *self;
        CalendarRow { used, start, end, revision }
    }

    pub(crate) fn restored(row: &CalendarRow) -> Self {
        let CalendarRow { used, start, end, revision } = *row;
        Self { used, window: Bounds { start, end }, revision }
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use proptest::prelude::*;

    use super::*;

    const ZONES: [&str; 10] = [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "America/Havana",
        "Africa/Cairo",
        "America/Sao_Paulo",
        "Pacific/Apia",
        "Asia/Beirut",
    ];

    fn second(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_second()
    }

    fn calendar(period: Period, zone: &str) -> Calendar {
        Calendar::new(period, &zone.parse().unwrap())
    }

    fn check(period: Period, zone: &str, at: &str, from: &str, until: &str) {
        let window = calendar(period, zone).window(second(at));
        let shown = |second| Timestamp::from_second(second).unwrap().to_string();
        assert_eq!((shown(window.start).as_str(), shown(window.end).as_str()), (from, until), "{zone} {at}");
    }

    #[test]
    fn a_day_has_23_or_25_hours_when_the_clocks_change() {
        let berlin = "Europe/Berlin";
        check(Period::Day, berlin, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
        check(Period::Day, berlin, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
        // In Havana the first hour of that day comes twice, in Beirut it does not come.
        check(
            Period::Day,
            "America/Havana",
            "2020-11-01T05:30:00Z",
            "2020-11-01T04:00:00Z",
            "2020-11-02T05:00:00Z",
        );
        check(
            Period::Day,
            "Asia/Beirut",
            "2026-03-29T12:00:00Z",
            "2026-03-28T22:00:00Z",
            "2026-03-29T21:00:00Z",
        );
        // Samoa left out a whole day.
        check(
            Period::Day,
            "Pacific/Apia",
            "2011-12-30T09:00:00Z",
            "2011-12-29T10:00:00Z",
            "2011-12-30T10:00:00Z",
        );
    }

    #[test]
    fn a_month_has_its_own_length() {
        for (at, from, until) in [
            ("2026-02-10T00:00:00Z", "2026-01-31T23:00:00Z", "2026-02-28T23:00:00Z"),
            ("2028-02-29T00:00:00Z", "2028-01-31T23:00:00Z", "2028-02-29T23:00:00Z"),
            ("2026-03-30T00:00:00Z", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),
            ("2026-12-31T22:59:59Z", "2026-11-30T23:00:00Z", "2026-12-31T23:00:00Z"),
        ] {
            check(Period::Month, "Europe/Berlin", at, from, until);
        }
    }

    #[test]
    fn a_week_begins_on_monday_and_a_year_in_january() {
        check(Period::Week, "UTC", "2026-11-22T23:59:59Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z");
        check(Period::Week, "UTC", "2027-01-01T00:00:00Z", "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z");
        check(Period::Year, "UTC", "2028-06-01T00:00:00Z", "2028-01-01T00:00:00Z", "2029-01-01T00:00:00Z");
    }

    #[test]
    fn hours_are_those_of_the_local_clock() {
        check(
            Period::Hour,
            "Asia/Kathmandu",
            "2026-01-01T00:10:00Z",
            "2025-12-31T23:15:00Z",
            "2026-01-01T00:15:00Z",
        );
        check(Period::Minute, "UTC", "2026-01-01T00:10:59Z", "2026-01-01T00:10:00Z", "2026-01-01T00:11:00Z");
        // Lord Howe is set back by half an hour from 02:00 to 01:30.
        let zone = "Australia/Lord_Howe";
        check(Period::Hour, zone, "2026-04-04T14:59:00Z", "2026-04-04T14:00:00Z", "2026-04-04T15:00:00Z");
        check(Period::Hour, zone, "2026-04-04T15:10:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z");
    }

    #[test]
    fn a_used_up_quota_opens_when_its_window_turns() {
        let day = calendar(Period::Day, "UTC");
        let noon = second("2026-11-22T12:00:00Z");
        let mut count = CalendarCount::unused(&day, 1, noon);
        count.take(10);
        assert_eq!((count.wait(10, 1, noon), count.remaining(10)), (Some(43_200), 0));
        count.bring_to(&day, 1, noon + 43_199);
        assert_eq!(count.wait(10, 1, noon + 43_199), Some(1));
        count.bring_to(&day, 1, noon + 43_200);
        assert_eq!((count.wait(10, 10, noon + 43_200), count.remaining(10)), (None, 10));
    }

    #[test]
    fn a_clock_set_back_does_not_reopen_an_old_window() {
        let day = calendar(Period::Day, "UTC");
        let now = second("2026-11-22T00:00:10Z");
        let mut count = CalendarCount::unused(&day, 1, now);
        count.take(10);
        count.bring_to(&day, 1, now - 3_600);
        assert_eq!(count.wait(10, 1, now - 3_600), Some(90_000 - 10));
    }

    #[test]
    fn a_clock_that_was_a_year_ahead_for_a_moment_locks_nobody_out_for_a_year() {
        let day = calendar(Period::Day, "UTC");
        let (now, wrong) = (second("2026-11-22T12:00:00Z"), second("2027-11-22T12:00:00Z"));
        let mut count = CalendarCount::unused(&day, 1, now);
        count.bring_to(&day, 1, wrong);
        count.take(10);
        count.bring_to(&day, 1, now);
        assert_eq!(count.wait(10, 1, now), Some(12 * 3_600), "what was taken stays taken, until midnight");
        count.bring_to(&day, 1, now + 12 * 3_600);
        assert_eq!(count.wait(10, 1, now + 12 * 3_600), None);
    }

    #[test]
    fn a_revised_limit_goes_on_counting_unless_its_period_became_shorter() {
        let (day, month) = (calendar(Period::Day, "UTC"), calendar(Period::Month, "UTC"));
        let elsewhere = calendar(Period::Day, "Asia/Kathmandu");
        let now = second("2026-11-22T12:00:00Z");
        let mut count = CalendarCount::unused(&day, 1, now);
        count.take(7);
        for (revision, calendar, used) in [(2, &elsewhere, 7), (3, &month, 7), (4, &day, 0)] {
            count.bring_to(calendar, revision, now);
            assert_eq!(count.remaining(10), 10 - used, "revision {revision}");
            assert!(count.window.contain(now));
        }
    }

    fn periods() -> impl Strategy<Value = Period> {
        prop::sample::select(vec![
            Period::Minute,
            Period::Hour,
            Period::Day,
            Period::Week,
            Period::Month,
            Period::Year,
        ])
    }

    proptest! {
        #[test]
        fn windows_follow_each_other_without_gap_or_overlap(
            period in periods(), zone in prop::sample::select(&ZONES[..]), at in 0_i64..4_000_000_000,
        ) {
            let zone = zone.parse::<TimeZoneName>().unwrap().zone();
            let here = calendar_window(period, &zone, at);
            prop_assert!(here.contain(at));
            for inside in [here.start, here.end - 1, here.start + (here.end - here.start) / 2] {
                prop_assert_eq!(calendar_window(period, &zone, inside), here);
            }
            prop_assert_eq!(calendar_window(period, &zone, here.end).start, here.end);
        }
    }
}
