//! Reports by the clocks of a zone, beside the period before, and beyond what is kept in detail.

use super::*;
use crate::queries::usage::{Compared, report_compared};
use crate::testing::{History, register};

on_every_engine!(
    days_weeks_and_months_are_those_of_the_zone,
    a_day_of_a_zone_is_the_sum_of_its_quarters,
    the_period_before_stands_beside_each_row,
    what_is_no_longer_kept_in_detail_is_counted_by_whole_days,
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
    assert_eq!(before.iter().map(|calls| calls.total).collect::<Vec<_>>(), [5, 0, 7]);
    assert_eq!((before_from, before_until, before_is_cut), (at(0), at(2 * DAY * 60), false));
    assert!(report_compared(&model, &query, 1).await.unwrap().before_is_cut);
}

async fn what_is_no_longer_kept_in_detail_is_counted_by_whole_days(on: Engine) {
    let facts = [12 * HOUR, DAY + HOUR, 500 * DAY].map(|minute| fact(minute, Outcome::Allowed, 1));
    let mut arrived = batch(1, facts.to_vec());
    arrived.batch.flushed_at = at(500 * DAY * 60);
    let (_dir, model) = counted(on, &[arrived]).await;
    while model.forget_usage(at(500 * DAY * 60), UsageRetention::default()).await.unwrap() {}
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
