//! Sketches in by batches, addresses out by windows.

use domain::{
    Position,
    access::Limits,
    secret::Peppers,
    usage::{AddressFact, UsageBatch},
};
use eventlog::usage::ArrivedBatch;
use jiff::SignedDuration;
use zeroize::Zeroizing;

use super::*;
use crate::{
    UsageRetention,
    store::Committed,
    testing::{Engine, client, on_every_engine, read_model, usage_batch},
    usage::{OWNER, apply},
};

on_every_engine!(
    days_come_to_windows_and_an_address_is_one_in_each,
    a_batch_that_comes_again_changes_nothing,
    whose_addresses_is_asked_for_and_seen,
    a_day_is_forgotten_in_its_time,
    more_rows_than_are_answered_are_told,
);

const DAY: i64 = 86_400;

/// A Monday.
const FIRST: i64 = 20_521 * DAY;

/// Addresses by number, of a client on a day counted from the first.
fn fact(day: i64, number: u64, environment: &str, addresses: std::ops::Range<u32>) -> AddressFact {
    let peppers = Peppers::new([(1, Zeroizing::new([7; 32]))]).unwrap();
    let mut sketch = AddressSketch::default();
    addresses.for_each(|address| sketch.add(std::net::Ipv4Addr::from(address).into(), &peppers));
    AddressFact {
        day: FIRST + day * DAY,
        client_id: client(number),
        environment: environment.parse().unwrap(),
        sketch,
    }
}

fn arrived(batch_no: u64, node: &str, addresses: Vec<AddressFact>) -> ArrivedBatch {
    let node = node.to_owned();
    let flushed_at = instant(FIRST + 9 * DAY);
    let batch = UsageBatch { node, flushed_at, addresses, facts: vec![], ..usage_batch(batch_no, 0) };
    ArrivedBatch { batch_no, batch }
}

async fn counted(on: Engine, batches: &[ArrivedBatch]) -> (tempfile::TempDir, ReadModel) {
    let (dir, model) = read_model(on).await;
    model.reset(OWNER).await.unwrap();
    let (_, committed) = apply(&model, Position::START, batches).await.unwrap();
    assert_eq!(committed, Committed::Yes);
    (dir, model)
}

fn query(granularity: Granularity, group_by: &[AddressDimension]) -> AddressesQuery {
    AddressesQuery {
        from: instant(FIRST),
        until: instant(FIRST + 10 * DAY),
        granularity,
        group_by: group_by.iter().copied().collect(),
        owner_team: None,
        client_id: None,
        environment: None,
        rows_max: 100,
        reach: Reach::Everything,
    }
}

/// The day that a window begins on, and its addresses.
async fn told(model: &ReadModel, query: &AddressesQuery) -> Vec<(i64, Option<ClientId>, u64)> {
    let report = report(model, query).await.unwrap();
    let day = |at: Timestamp| (at.as_second() - FIRST) / DAY;
    report.rows.iter().map(|row| (day(row.window_start), row.client_id, row.addresses)).collect()
}

fn of_two_days() -> [ArrivedBatch; 2] {
    [
        arrived(1, "a", vec![fact(0, 1, "prod", 0..3), fact(0, 2, "prod", 0..1), fact(8, 1, "test", 2..4)]),
        arrived(2, "b", vec![fact(0, 1, "prod", 2..5), fact(0, 1, "test", 4..9)]),
    ]
}

async fn days_come_to_windows_and_an_address_is_one_in_each(on: Engine) {
    let (_dir, model) = counted(on, &of_two_days()).await;
    let by_client = [AddressDimension::Client];
    let [one, two] = [Some(client(1)), Some(client(2))];
    let days = told(&model, &query(Granularity::Day, &by_client)).await;
    assert_eq!(days, [(0, one, 9), (0, two, 1), (8, one, 2)]);
    assert_eq!(told(&model, &query(Granularity::Hour, &by_client)).await, days, "nothing is finer");
    assert_eq!(told(&model, &query(Granularity::Week, &[])).await, [(0, None, 9), (7, None, 2)]);
    assert_eq!(told(&model, &query(Granularity::Total, &by_client)).await, [(0, one, 9), (0, two, 1)]);
    let both = [AddressDimension::Client, AddressDimension::Environment];
    let rows = report(&model, &query(Granularity::Total, &both)).await.unwrap().rows;
    let environments = rows.iter().map(|row| (row.environment.as_ref().unwrap().as_str(), row.addresses));
    assert_eq!(environments.collect::<Vec<_>>(), [("prod", 5), ("test", 7), ("prod", 1)]);
    let until = at_noon(0) + SignedDuration::from_nanos(1);
    let within = AddressesQuery { from: at_noon(0), until, ..query(Granularity::Total, &[]) };
    let within = report(&model, &within).await.unwrap();
    assert_eq!((within.from, within.until), (instant(FIRST), instant(FIRST + DAY)));
    assert_eq!((within.rows[0].addresses, within.batch_no), (9, 2));
}

fn at_noon(day: i64) -> Timestamp {
    instant(FIRST + day * DAY + DAY / 2)
}

async fn a_batch_that_comes_again_changes_nothing(on: Engine) {
    let [first, second] = of_two_days();
    let again = ArrivedBatch { batch_no: 3, batch: first.batch.clone() };
    let (_dir, model) = counted(on, &[first, second, again]).await;
    assert_eq!(told(&model, &query(Granularity::Total, &[])).await, [(0, None, 9)]);
}

async fn whose_addresses_is_asked_for_and_seen(on: Engine) {
    let (_dir, model) = counted(on, &of_two_days()).await;
    let all = query(Granularity::Total, &[]);
    let of_two = AddressesQuery { client_id: Some(client(2)), ..all.clone() };
    assert_eq!(told(&model, &of_two).await, [(0, None, 1)]);
    let of_test = AddressesQuery { environment: Some("test".parse().unwrap()), ..all.clone() };
    assert_eq!(told(&model, &of_test).await, [(0, None, 7)]);
    let limits = Limits { team: None, environments: Some(["prod".parse().unwrap()].into()) };
    let seen = AddressesQuery { reach: Reach::Within(vec![limits]), ..all.clone() };
    assert_eq!(told(&model, &seen).await, [(0, None, 5)]);
    let of_a_team = AddressesQuery { owner_team: Some("Nobody".parse().unwrap()), ..all };
    assert_eq!(told(&model, &of_a_team).await, []);
}

async fn a_day_is_forgotten_in_its_time(on: Engine) {
    let (_dir, model) = counted(on, &of_two_days()).await;
    let days = SignedDuration::from_hours(24 * 5);
    let retention = UsageRetention { days, ..UsageRetention::default() };
    while model.forget_usage(instant(FIRST + 20 * DAY), retention).await.unwrap() {}
    assert_eq!(told(&model, &query(Granularity::Total, &[])).await, [(0, None, 2)]);
}

async fn more_rows_than_are_answered_are_told(on: Engine) {
    let (_dir, model) = counted(on, &of_two_days()).await;
    let short = AddressesQuery { rows_max: 2, ..query(Granularity::Day, &[AddressDimension::Client]) };
    let answer = report(&model, &short).await.unwrap();
    assert_eq!((answer.rows.len(), answer.truncated), (2, true));
}
