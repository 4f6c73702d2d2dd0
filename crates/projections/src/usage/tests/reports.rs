//! Reports by the clocks of a zone, beside the period before, and page by page.

use super::*;
use crate::{
    ReadFailure,
    queries::usage::{Compared, ReportFailure, report_compared},
    testing::{History, register},
};

on_every_engine!(
    days_weeks_and_months_are_those_of_the_zone,
    a_day_of_a_zone_is_the_sum_of_its_quarters,
    the_period_before_stands_beside_each_row,
    a_report_that_ends_in_thousands_of_years_is_read_at_once,
    a_place_outside_of_the_report_is_refused,
    a_page_of_the_whole_time_goes_on_wherever_that_begins_by_now,
    teams_are_told_apart_and_asked_for,
);

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

fn in_zone(zone: &str, of: UsageQuery) -> UsageQuery {
    UsageQuery { zone: TimeZone::get(zone).unwrap(), ..of }
}

/// 2026 begins with a Thursday. In Berlin it began an hour before it did in UTC.
async fn days_weeks_and_months_are_those_of_the_zone(on: Engine) {
    let facts = [-30, 0, 23 * HOUR, 4 * DAY, 31 * DAY - 30].map(|minute| fact(minute, Outcome::Allowed, 1));
    let (_dir, model) = counted(on, &[batch(1, facts.to_vec())]).await;
    let asked = async |zone, granularity| {
        let query = in_zone(zone, query(-DAY, 40 * DAY, granularity, &[]));
        totals(&report(&model, &query).await.unwrap())
    };
    assert_eq!(asked("UTC", Granularity::Day).await, [(-DAY, 1), (0, 2), (4 * DAY, 1), (30 * DAY, 1)]);
    assert_eq!(
        asked("Europe/Berlin", Granularity::Day).await,
        [(-HOUR, 2), (23 * HOUR, 1), (4 * DAY - HOUR, 1), (31 * DAY - HOUR, 1)]
    );
    // The report begins within the week of 29 December, and within December.
    assert_eq!(asked("UTC", Granularity::Week).await, [(-DAY, 3), (4 * DAY, 1), (25 * DAY, 1)]);
    assert_eq!(asked("UTC", Granularity::Month).await, [(-DAY, 1), (0, 4)]);
    assert_eq!(asked("Europe/Berlin", Granularity::Month).await, [(-HOUR, 4), (31 * DAY - HOUR, 1)]);
    assert_eq!(asked("Asia/Kolkata", Granularity::Hour).await[0], (-30, 2));
}

async fn a_day_of_a_zone_is_the_sum_of_its_quarters(on: Engine) {
    // The clocks of Berlin go forward on 29 March 2026, day 87 of the year counted from 0.
    let facts: Vec<_> =
        (86 * DAY..89 * DAY).step_by(15).map(|minute| fact(minute, Outcome::Allowed, 1)).collect();
    let (_dir, model) = counted(on, &[batch(1, facts)]).await;
    let days = in_zone("Europe/Berlin", query(87 * DAY - HOUR, 89 * DAY - 2 * HOUR, Granularity::Day, &[]));
    let told = totals(&report(&model, &days).await.unwrap());
    assert_eq!(told, [(87 * DAY - HOUR, 23 * 4), (88 * DAY - 2 * HOUR, 24 * 4)]);
}

async fn the_period_before_stands_beside_each_row(on: Engine) {
    let of =
        |minute, calls, n| UsageFact { client_id: Some(client(n)), ..fact(minute, Outcome::Allowed, calls) };
    let facts = vec![of(0, 5, 1), of(DAY, 7, 1), of(2 * DAY, 11, 1), of(3 * DAY, 13, 1), of(2 * DAY, 1, 2)];
    let (_dir, model) = counted(on, &[batch(1, facts)]).await;
    let query = query(2 * DAY, 4 * DAY, Granularity::Day, &[UsageDimension::Client]);
    let Compared { report, before, before_from, before_until, before_is_cut } =
        report_compared(&model, &query, 100).await.unwrap();
    assert_eq!(totals(&report), [(2 * DAY, 11), (2 * DAY, 1), (3 * DAY, 13)]);
    assert_eq!(before.iter().map(|calls| calls.unwrap().total).collect::<Vec<_>>(), [5, 0, 7]);
    assert_eq!((before_from, before_until, before_is_cut), (at(0), at(2 * DAY * 60), false));
    assert!(report_compared(&model, &query, 1).await.unwrap().before_is_cut);
}

async fn a_report_that_ends_in_thousands_of_years_is_read_at_once(on: Engine) {
    let (_dir, model) = counted(on, &[batch(1, vec![fact(90, Outcome::Allowed, 3)])]).await;
    let until: Timestamp = "9999-12-30T00:00:00Z".parse().unwrap();
    for (granularity, zone, window) in [
        (Granularity::Minute, "UTC", 90),
        (Granularity::Hour, "UTC", HOUR),
        (Granularity::Hour, "Australia/Lord_Howe", HOUR),
    ] {
        let ever = UsageQuery { until, ..query(0, DAY, granularity, &[UsageDimension::Client]) };
        let report = report(&model, &in_zone(zone, ever)).await.unwrap();
        assert_eq!((totals(&report), report.until), (vec![(window, 3)], until), "{granularity:?} {zone}");
    }
}

async fn a_place_outside_of_the_report_is_refused(on: Engine) {
    let (_dir, model) = counted(on, &[batch(1, vec![fact(90, Outcome::Allowed, 3)])]).await;
    let day = query(0, DAY, Granularity::Hour, &[UsageDimension::Client]);
    let behind = async |window_s: i64| {
        let after = Some(format!(r#"[{window_s},"","","",0,"",""]"#).parse().unwrap());
        report(&model, &UsageQuery { after, ..day.clone() }).await.map(|report| totals(&report))
    };
    assert_eq!(behind(at(0).as_second()).await.unwrap(), [(HOUR, 3)]);
    for window_s in [i64::MIN, at(0).as_second() - 1, at(DAY * 60).as_second(), i64::MAX] {
        let refused = behind(window_s).await;
        assert!(matches!(refused, Err(ReportFailure::Read(ReadFailure::Cursor { .. }))), "{window_s}");
    }
}

async fn a_page_of_the_whole_time_goes_on_wherever_that_begins_by_now(on: Engine) {
    let of = |n| UsageFact { client_id: Some(client(n)), ..fact(20, Outcome::Allowed, n) };
    let (_dir, model) = counted(on, &[batch(1, (1..=3).map(of).collect())]).await;
    let whole = |from| query(from, HOUR, Granularity::Total, &[UsageDimension::Client]);
    let first = report(&model, &UsageQuery { rows_max: 1, ..whole(0) }).await.unwrap();
    assert_eq!(totals(&first), [(0, 1)]);
    let rest = report(&model, &UsageQuery { after: first.next, ..whole(15) }).await.unwrap();
    assert_eq!(totals(&rest), [(15, 2), (15, 3)]);
}

async fn teams_are_told_apart_and_asked_for(on: Engine) {
    let history = History::default().client(1, &register("Alpha"));
    let (_dir, model) = read_model(on).await;
    project(&model, &history, 100).await;
    model.reset(OWNER).await.unwrap();
    let other = UsageFact { client_id: Some(client(2)), ..fact(0, Outcome::Allowed, 4) };
    apply(&model, Position::START, &[batch(1, vec![fact(0, Outcome::Allowed, 3), other])]).await.unwrap();
    let all = query(0, 15, Granularity::Total, &[UsageDimension::OwnerTeam]);
    let rows = report(&model, &all).await.unwrap().rows;
    let told: Vec<_> = rows.iter().map(|row| (row.owner_team.is_some(), row.calls.total)).collect();
    assert_eq!(told, [(false, 4), (true, 3)]);
    let team = rows[1].owner_team.clone().unwrap();
    let filter = UsageFilter { owner_team: Some(team.parse().unwrap()), ..UsageFilter::default() };
    let of = report(&model, &UsageQuery { filter, ..all }).await.unwrap();
    assert_eq!(of.rows.iter().map(|row| row.calls.total).collect::<Vec<_>>(), [3]);
}
