//! Clocks on walls.

use super::*;

fn windows(from: &str, until: &str, granularity: Granularity, zone: &str) -> Windows {
    let zone = TimeZone::get(zone).unwrap();
    Windows::new((from.parse().unwrap(), until.parse().unwrap()), granularity, &zone).unwrap()
}

fn begins(windows: &Windows) -> Vec<String> {
    let Step::Cut(starts) = &windows.step else { panic!("{windows:?}") };
    starts.iter().map(|start| instant(*start).to_string()).collect()
}

#[test]
fn days_are_those_of_the_zone_and_last_23_or_25_hours_where_its_clocks_change() {
    let spring = windows("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z", Granularity::Day, "Europe/Berlin");
    let expected =
        ["2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z"];
    assert_eq!(begins(&spring), expected);
    let (first, second) = (spring.ends(spring.begin_of(0)), spring.ends(spring.begin_of(1)));
    assert_eq!(first.0.to_string(), "2026-03-28T12:00:00Z", "as far as it was asked for");
    assert_eq!(second.1.duration_since(second.0).as_hours(), 23);
    let autumn = windows("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", Granularity::Day, "Europe/Berlin");
    assert_eq!(begins(&autumn).len(), 2);
    let day = autumn.ends(autumn.begin_of(0));
    assert_eq!(day.1.duration_since(day.0).as_hours(), 25);
}

#[test]
fn weeks_begin_on_mondays_and_months_on_their_first() {
    let weeks = windows("2026-01-01T00:00:00Z", "2026-01-12T00:00:00Z", Granularity::Week, "UTC");
    assert_eq!(begins(&weeks), ["2025-12-29T00:00:00Z", "2026-01-05T00:00:00Z", "2026-01-12T00:00:00Z"]);
    assert!(weeks.fits_days());
    let months = windows("2026-01-31T00:00:00Z", "2026-03-01T00:00:00Z", Granularity::Month, "Asia/Kolkata");
    let expected =
        ["2025-12-31T18:30:00Z", "2026-01-31T18:30:00Z", "2026-02-28T18:30:00Z", "2026-03-31T18:30:00Z"];
    assert_eq!(begins(&months), expected);
    assert!(!months.fits_days());
}

#[test]
fn hours_begin_where_the_zones_clocks_show_them() {
    let kolkata = windows("2026-01-01T00:00:00Z", "2026-01-01T03:00:00Z", Granularity::Hour, "Asia/Kolkata");
    assert_eq!(kolkata.sql(), "(start_s + (1800)) / 3600 * 3600 - (1800)");
    // Half an hour of summer time: the part of an hour changes within the report.
    let howe =
        windows("2026-04-04T00:00:00Z", "2026-04-05T00:00:00Z", Granularity::Hour, "Australia/Lord_Howe");
    assert!(howe.sql().contains("case when start_s < "), "{}", howe.sql());
    let berlin = windows("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z", Granularity::Hour, "Europe/Berlin");
    assert_eq!(berlin.sql(), "(start_s + (0)) / 3600 * 3600 - (0)");
}

#[test]
fn a_search_by_halves_finds_every_window() {
    let starts: Vec<i64> = (0..9).map(|at| at * 10).collect();
    let sql = search(&starts);
    assert_eq!(sql.matches("case").count(), 8);
    assert_eq!(
        search(&starts[..3]),
        "case when start_s < 10 then 0 else case when start_s < 20 then 10 else 20 end end"
    );
}

#[test]
fn the_period_before_has_as_many_windows() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let months = windows("2026-01-31T23:00:00Z", "2026-03-31T22:00:00Z", Granularity::Month, "Europe/Berlin");
    let before = months.before(Granularity::Month, &zone).unwrap();
    assert_eq!(begins(&before), ["2025-11-30T23:00:00Z", "2025-12-31T23:00:00Z", "2026-01-31T23:00:00Z"]);
    assert_eq!((before.ordinal(before.begin_of(1)), months.ordinal(months.begin_of(1))), (1, 1));
    let hours = windows("2026-01-02T00:00:00Z", "2026-01-02T06:00:00Z", Granularity::Hour, "UTC");
    let before = hours.before(Granularity::Hour, &TimeZone::UTC).unwrap();
    assert_eq!((before.from_s, before.until_s), (hours.from_s - 6 * 3600, hours.from_s));
    assert_eq!(before.ordinal(before.from_s + 2 * 3600), hours.ordinal(hours.from_s + 2 * 3600));
}

#[test]
fn an_hour_of_which_only_a_part_was_asked_for_is_one_of_its_own() {
    let hours = windows("2026-01-01T00:15:00Z", "2026-01-01T03:00:00Z", Granularity::Hour, "Asia/Kolkata");
    let begun = |text: &str| hours.ordinal(text.parse::<Timestamp>().unwrap().as_second());
    let told = ["2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z", "2026-01-01T01:30:00Z"].map(begun);
    assert_eq!(told, [0, 1, 2]);
}

#[test]
fn windows_are_bounded() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let ends = ("1990-01-01T00:00:00Z".parse().unwrap(), "2026-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(Windows::new(ends, Granularity::Day, &zone), Err(TooManyWindows));
    assert!(Windows::new(ends, Granularity::Month, &zone).is_ok());
}

#[test]
fn the_end_of_many_windows_is_where_one_after_the_other_ends() {
    for (granularity, zone) in [
        (Granularity::Minute, "UTC"),
        (Granularity::Hour, "UTC"),
        (Granularity::Hour, "Asia/Kolkata"),
        // Put back by half an hour on 4 April at 15:00Z, and on by as much on 3 October at 15:30Z.
        (Granularity::Hour, "Australia/Lord_Howe"),
        (Granularity::Day, "Europe/Berlin"),
        (Granularity::Total, "UTC"),
    ] {
        for (from, until) in [
            ("2026-04-04T12:15:00Z", "2026-04-05T18:45:00Z"),
            ("2026-10-03T12:15:00Z", "2026-10-04T18:45:00Z"),
        ] {
            let windows = windows(from, until, granularity, zone);
            let mut end_s = windows.from_s;
            for many in 1..60 {
                end_s = if end_s < windows.until_s { windows.end_after(end_s) } else { end_s };
                assert_eq!(windows.end_of(windows.from_s, many), end_s, "{many} of {granularity:?} {zone}");
            }
            assert_eq!(windows.end_of(windows.from_s, u64::MAX), windows.until_s);
        }
    }
}

#[test]
fn clocks_are_looked_at_for_so_many_changes_only() {
    let ever = ("2026-01-01T00:00:00Z", "9999-12-30T00:00:00Z");
    let howe = windows(ever.0, ever.1, Granularity::Hour, "Australia/Lord_Howe");
    assert!(howe.sql().matches("case").count() <= 2 * 400, "{}", howe.sql().matches("case").count());
    assert_eq!(howe.end_of(howe.from_s, u64::MAX), howe.until_s);
}

#[test]
fn a_place_is_in_one_of_the_windows() {
    let hours = windows("2026-01-01T00:15:00Z", "2026-01-01T03:00:00Z", Granularity::Hour, "UTC");
    let first = "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap().as_second();
    assert!(hours.has(first) && hours.has(hours.until_s - 1));
    assert!(![first - 1, hours.until_s, i64::MIN, i64::MAX].into_iter().any(|second| hours.has(second)));
    let whole = windows("2026-01-01T00:15:00Z", "2026-01-01T03:00:00Z", Granularity::Total, "UTC");
    assert!(whole.has(first));
    assert_eq!((whole.as_now(first), hours.as_now(first)), (whole.from_s, first));
}

#[test]
fn where_detail_is_gone_windows_begin_later_or_with_days() {
    let second = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
    let since = second("2026-03-10T10:00:00Z");
    let check = |from: &str, until: &str, granularity, expected: (&str, &str)| {
        let kept = windows(from, until, granularity, "UTC").kept_since(since);
        assert_eq!((kept.from_s, kept.until_s), (second(expected.0), second(expected.1)), "{from} {until}");
    };
    let day = ("2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z");
    check("2026-03-02T06:00:00Z", "2026-03-02T18:00:00Z", Granularity::Total, day);
    check("2026-03-02T06:00:00Z", "2026-03-02T18:00:00Z", Granularity::Day, day);
    check("2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z", Granularity::Total, day);
    // Of the day in which detail begins some may be gone; the next one is whole.
    let till_then = ("2026-03-02T00:00:00Z", "2026-03-11T00:00:00Z");
    check("2026-03-02T06:00:00Z", "2026-03-10T18:00:00Z", Granularity::Total, till_then);
    let longer = ("2026-03-02T00:00:00Z", "2026-03-11T06:00:00Z");
    check("2026-03-02T06:00:00Z", "2026-03-11T06:00:00Z", Granularity::Total, longer);
    let detailed = ("2026-03-10T10:00:00Z", "2026-03-10T18:00:00Z");
    check("2026-03-10T10:00:00Z", "2026-03-10T18:00:00Z", Granularity::Total, detailed);
    check("2026-03-02T06:00:00Z", "2026-03-10T18:00:00Z", Granularity::Hour, detailed);
    let nothing = ("2026-03-02T18:00:00Z", "2026-03-02T18:00:00Z");
    check("2026-03-02T06:00:00Z", "2026-03-02T18:00:00Z", Granularity::Hour, nothing);
}
