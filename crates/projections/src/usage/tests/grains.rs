//! What is kept at which grain, for how long, and what came late.

use domain::{
    decision::LimitKind,
    usage::{Durations, ResponseFact, StatusClass, ThrottleFact},
};
use jiff::SignedDuration;

use super::*;
use crate::Value;
use crate::testing::{dump, rows_of};

on_every_engine!(
    seconds_throttling_and_answers_are_added_up,
    what_comes_after_its_quarter_was_closed_is_told_as_a_correction,
    what_is_forgotten_leaves_the_sums_of_its_days,
    a_clock_that_jumps_ahead_forgets_nothing,
);

async fn sums(model: &ReadModel, table: &str, column: usize) -> Vec<(i64, i64)> {
    let number =
        |value: &Value| if let Value::Integer(number) = value { *number } else { panic!("{value:?}") };
    let dump = dump(model).await;
    rows_of(&dump, table).iter().map(|row| (number(&row.0[0]), number(&row.0[column]))).collect()
}

fn throttled(minute: i64, calls: u64, first: i64, last: i64) -> ThrottleFact {
    ThrottleFact {
        minute: at(minute * 60).as_second(),
        client_id: Some(client(1)),
        key_id: Some(key(1)),
        route_id: None,
        environment: "prod".parse().unwrap(),
        policy_id: policy(1),
        policy_revision: 2,
        limit: "burst".parse().unwrap(),
        kind: LimitKind::Rate,
        calls,
        first_at: at(first),
        last_at: at(last),
    }
}

fn answered(minute: i64, calls: u64) -> ResponseFact {
    let mut durations = [0; 32];
    (durations[0], durations[31]) = (calls - 1, 1);
    ResponseFact {
        minute: at(minute * 60).as_second(),
        client_id: Some(client(1)),
        key_id: Some(key(1)),
        secret_version: Some(1),
        route_id: Some(route(1)),
        environment: "prod".parse().unwrap(),
        outcome: Outcome::Allowed,
        status: StatusClass::ServerError,
        calls,
        upstream_errors: 1,
        request_bytes: 10,
        response_bytes: 20,
        duration_us: 30,
        durations: Durations::of(durations),
    }
}

async fn seconds_throttling_and_answers_are_added_up(on: Engine) {
    let mut first =
        batch(1, vec![UsageFact { seconds: vec![(3, 2), (59, 1)], ..fact(1, Outcome::Allowed, 3) }]);
    first.batch.throttled = vec![throttled(1, 3, 70, 80)];
    first.batch.responses = vec![answered(1, 4)];
    let again = UsageFact { seconds: vec![(3, 5)], ..fact(1, Outcome::RateLimited, 5) };
    let mut second =
        batch(2, vec![again, UsageFact { seconds: vec![(0, 1)], ..fact(2, Outcome::Allowed, 1) }]);
    second.batch.throttled = vec![throttled(1, 1, 65, 75)];
    second.batch.responses = vec![answered(1, 2), answered(16, 2)];
    let (_dir, model) = counted(on, &[first, second]).await;
    let start = at(0).as_second();
    assert_eq!(sums(&model, "usage_second", 5).await, [(start + 63, 7), (start + 119, 1), (start + 120, 1)]);
    assert_eq!(sums(&model, "usage_throttled", 9).await, [(start + 60, 4)]);
    let micros = |seconds| at(seconds).as_microsecond();
    assert_eq!(sums(&model, "usage_throttled", 10).await, [(start + 60, micros(65))]);
    assert_eq!(sums(&model, "usage_throttled", 11).await, [(start + 60, micros(80))]);
    assert_eq!(sums(&model, "answers_minute", 8).await, [(start + 60, 6), (start + 960, 2)]);
    assert_eq!(sums(&model, "answers_quarter", 8).await, [(start, 6), (start + 900, 2)]);
    assert_eq!(sums(&model, "answers_day", 8).await, [(start, 8)]);
    assert_eq!(sums(&model, "answers_day", 9).await, [(start, 3)], "upstream errors");
    assert_eq!(
        (sums(&model, "answers_day", 13).await, sums(&model, "answers_day", 44).await),
        (vec![(start, 5)], vec![(start, 3)])
    );
}

fn flushed(batch_no: u64, minute: i64, facts: Vec<UsageFact>) -> ArrivedBatch {
    let mut arrived = batch(batch_no, facts);
    arrived.batch.flushed_at = at(minute * 60);
    arrived
}

async fn what_comes_after_its_quarter_was_closed_is_told_as_a_correction(on: Engine) {
    let batches = [
        flushed(1, 19, vec![fact(14, Outcome::Allowed, 5)]),
        // Nineteen minutes are counted: the first quarter is open for one more.
        flushed(2, 20, vec![fact(14, Outcome::Allowed, 7)]),
        flushed(3, 20, vec![fact(14, Outcome::Allowed, 11), fact(20, Outcome::Allowed, 1)]),
    ];
    let (_dir, model) = counted(on, &batches[..2]).await;
    assert_eq!(sums(&model, "usage_corrections", 6).await, []);
    apply(&model, Position::new(2), &batches[2..]).await.unwrap();
    let start = at(0).as_second();
    assert_eq!(sums(&model, "usage_corrections", 6).await, [(start, 11)]);
    assert_eq!(sums(&model, "usage_corrections", 1).await, [(start, 3)], "by the batch that told it");
    assert_eq!(sums(&model, "usage_quarter", 7).await, [(start, 23), (start + 900, 1)], "in their own time");
}

const DAY: i64 = 24 * 60;

async fn what_is_forgotten_leaves_the_sums_of_its_days(on: Engine) {
    let retention = UsageRetention {
        minutes: SignedDuration::from_hours(48),
        quarters: SignedDuration::from_hours(24 * 90),
        days: SignedDuration::from_hours(24 * 365),
    };
    let day = |day: i64| UsageFact { seconds: vec![(1, 1)], ..fact(day * DAY + 7, Outcome::Allowed, 1) };
    let (_dir, model) = counted(on, &[]).await;
    assert!(!model.forget_usage(at(0), retention).await.unwrap(), "nothing is counted");
    for (batch_no, days) in [(1, 0), (2, 200), (3, 398), (4, 399), (5, 400), (6, 403)] {
        let arrived = flushed(batch_no, days * DAY + 8, vec![day(days)]);
        apply(&model, Position::new(batch_no - 1), &[arrived]).await.unwrap();
        let now = at(days * DAY * 60 + 500);
        while model.forget_usage(now, retention).await.unwrap() {}
    }
    let days = async |table: &str, column| {
        let all = sums(&model, table, column).await;
        all.into_iter()
            .map(|(start, calls)| ((start - at(0).as_second()) / 86_400, calls))
            .collect::<Vec<_>>()
    };
    assert_eq!(days("usage_day", 7).await, [(200, 1), (398, 1), (399, 1), (400, 1), (403, 1)]);
    let quarters = days("usage_quarter", 7).await;
    assert_eq!(quarters, [(398, 1), (399, 1), (400, 1), (403, 1)]);
    for (table, column) in [("usage_minute", 7), ("usage_second", 5)] {
        // Two days lay in partitions of their own on Postgres, which are gone.
        assert_eq!(days(table, column).await, [(403, 1)], "{table}");
    }
}

async fn a_clock_that_jumps_ahead_forgets_nothing(on: Engine) {
    let (_dir, model) = counted(on, &[flushed(1, 8, vec![fact(7, Outcome::Allowed, 1)])]).await;
    let years = at(10 * 366 * DAY * 60);
    while model.forget_usage(years, UsageRetention::default()).await.unwrap() {}
    assert_eq!(sums(&model, "usage_minute", 7).await, [(at(7 * 60).as_second(), 1)]);
}
