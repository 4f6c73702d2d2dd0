//! Reports beyond what is kept in detail.

use super::*;
use crate::queries::usage::{Compared, csv, report_compared};

on_every_engine!(
    what_is_no_longer_kept_in_detail_is_counted_by_whole_days,
    an_end_without_detail_is_that_of_its_day,
    the_period_before_is_made_of_whole_days_where_the_report_is,
    of_a_window_that_was_let_go_of_nothing_is_said,
);

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

fn in_zone(zone: &str, of: UsageQuery) -> UsageQuery {
    UsageQuery { zone: TimeZone::get(zone).unwrap(), ..of }
}

/// One call at each of these minutes, of which quarters of an hour are kept for so many days before the five hundredth.
async fn kept(on: Engine, quarters_days: i64, minutes: &[i64]) -> (tempfile::TempDir, ReadModel) {
    let facts = minutes.iter().map(|minute| fact(*minute, Outcome::Allowed, 1)).collect();
    let mut arrived = batch(1, facts);
    arrived.batch.flushed_at = at(500 * DAY * 60);
    let (dir, model) = counted(on, &[arrived]).await;
    let quarters = jiff::SignedDuration::from_hours(24 * quarters_days);
    let retention = UsageRetention { quarters, ..UsageRetention::default() };
    while model.forget_usage(at(500 * DAY * 60), retention).await.unwrap() {}
    (dir, model)
}

async fn what_is_no_longer_kept_in_detail_is_counted_by_whole_days(on: Engine) {
    let (_dir, model) = kept(on, 400, &[12 * HOUR, DAY + HOUR, 500 * DAY]).await;
    let asked = async |zone, from, granularity| {
        let report = report(&model, &in_zone(zone, query(from, 501 * DAY, granularity, &[]))).await.unwrap();
        (totals(&report), report.from)
    };
    assert_eq!(asked("UTC", 0, Granularity::Total).await, (vec![(0, 3)], at(0)));
    // Only the whole of the first day is known, and so it is counted.
    assert_eq!(asked("UTC", 18 * HOUR, Granularity::Total).await, (vec![(0, 3)], at(0)));
    assert_eq!(asked("UTC", 0, Granularity::Day).await.0, [(0, 1), (DAY, 1), (500 * DAY, 1)]);
    // A zone's days are made of quarters: the report says since when it has them.
    let (told, from) = asked("Asia/Kolkata", 0, Granularity::Month).await;
    assert_eq!((told.len(), told[0].1, from), (1, 1, at(500 * DAY * 60)));
}

async fn an_end_without_detail_is_that_of_its_day(on: Engine) {
    let (_dir, model) = kept(on, 400, &[12 * HOUR, 30 * DAY + 5 * HOUR, 499 * DAY + 12 * HOUR]).await;
    let asked = async |from, until, zone| {
        let whole = in_zone(zone, query(from, until, Granularity::Total, &[]));
        let report = report(&model, &whole).await.unwrap();
        (report.rows.iter().map(|row| row.calls.total).sum::<u64>(), report.from, report.until)
    };
    let day = |day: i64| at(day * DAY * 60);
    assert_eq!(asked(6 * HOUR, 18 * HOUR, "UTC").await, (1, day(0), day(1)));
    // January, by the clocks of Berlin.
    assert_eq!(asked(-HOUR, 31 * DAY - HOUR, "Europe/Berlin").await, (2, day(-1), day(31)));
    // Of the day in which detail begins some may be gone.
    assert_eq!(asked(6 * HOUR, 499 * DAY + 6 * HOUR, "UTC").await, (3, day(0), day(500)));
    let detailed = (499 * DAY + 12 * HOUR, 499 * DAY + 18 * HOUR);
    assert_eq!(
        asked(detailed.0, detailed.1, "UTC").await,
        (1, at(detailed.0 * 60), at(detailed.1 * 60)),
        "as it was asked for"
    );
}

async fn the_period_before_is_made_of_whole_days_where_the_report_is(on: Engine) {
    let noon = 12 * HOUR;
    let (_dir, model) = kept(on, 400, &[9 * DAY, 9 * DAY + noon, 10 * DAY + noon, 499 * DAY]).await;
    let query = query(10 * DAY + 6 * HOUR, 10 * DAY + 18 * HOUR, Granularity::Total, &[]);
    let Compared { report, before, before_from, before_until, .. } =
        report_compared(&model, &query, 100).await.unwrap();
    assert_eq!(totals(&report), [(10 * DAY, 1)]);
    assert_eq!(before.iter().map(|calls| calls.unwrap().total).collect::<Vec<_>>(), [2]);
    assert_eq!((before_from, before_until), (at(9 * DAY * 60), at(10 * DAY * 60)));
}

async fn of_a_window_that_was_let_go_of_nothing_is_said(on: Engine) {
    // In February, March, April and May 2027.
    let march = 450 * DAY + 12 * HOUR;
    let (_dir, model) = kept(on, 60, &[400 * DAY, march, 460 * DAY, 490 * DAY]).await;
    let spring = query(455 * DAY - 2 * HOUR, 516 * DAY - 2 * HOUR, Granularity::Month, &[]);
    let spring = in_zone("Europe/Berlin", spring);
    let Compared { report, before, before_from, before_until, before_is_cut } =
        report_compared(&model, &spring, 100).await.unwrap();
    assert_eq!(totals(&report), [(455 * DAY - 2 * HOUR, 1), (485 * DAY - 2 * HOUR, 1)]);
    let told: Vec<_> = before.iter().map(|calls| calls.map(|calls| calls.total)).collect();
    assert_eq!(told, [None, Some(1)], "of February nobody knows, of March there is a part");
    let ends = (at(march * 60), at((455 * DAY - 2 * HOUR) * 60));
    assert_eq!((before_from, before_until, before_is_cut), (ends.0, ends.1, false));
    let lines = String::from_utf8(csv::page(&report, Some(&before), &spring, false).unwrap()).unwrap();
    let lines: Vec<_> = lines.lines().collect();
    assert!(lines[0].contains(",1,,,,,,,Europe/Berlin,"), "{lines:?}");
    assert!(lines[1].contains(",1,1,0,0,0,0,1,Europe/Berlin,"), "{lines:?}");
}
