//! Calls and answers in, the top of them out.

use domain::{
    decision::Outcome,
    usage::{ResponseFact, StatusClass, UsageFact},
};

use super::*;
use crate::testing::{Engine, at, client, counted, fact, on_every_engine, route};

on_every_engine!(
    endpoints_are_told_with_what_became_of_their_calls,
    the_top_is_of_what_was_asked_for,
    only_what_is_in_reach_is_counted
);

fn query(by: TopBy) -> EndpointsQuery {
    let filter = UsageFilter::default();
    EndpointsQuery { from: at(0), until: at(3_600), filter, by, rows_max: 10, reach: Reach::Everything }
}

fn call(of: u64, route_no: u64, outcome: Outcome, calls: u64) -> UsageFact {
    UsageFact { client_id: Some(client(of)), route_id: Some(route(route_no)), ..fact(1, outcome, calls) }
}

fn answer(route_no: u64, status: StatusClass, bucket: usize, calls: u64) -> ResponseFact {
    let durations = (0..BUCKETS).map(|at| if at == bucket { calls } else { 0 });
    ResponseFact {
        minute: at(60).as_second(),
        client_id: Some(client(1)),
        key_id: None,
        secret_version: None,
        route_id: Some(route(route_no)),
        environment: "prod".parse().unwrap(),
        outcome: Outcome::Allowed,
        status,
        calls,
        upstream_errors: u64::from(status == StatusClass::ServerError),
        request_bytes: 1,
        response_bytes: 2,
        duration_us: 3,
        durations: Durations::of(durations),
    }
}

async fn given(on: Engine) -> (tempfile::TempDir, ReadModel) {
    let facts = vec![
        call(1, 1, Outcome::Allowed, 100),
        call(2, 1, Outcome::Allowed, 10),
        call(1, 2, Outcome::Allowed, 20),
        call(1, 2, Outcome::RateLimited, 7),
        call(1, 2, Outcome::QuotaExceeded, 2),
        UsageFact { client_id: None, route_id: None, ..fact(1, Outcome::Unauthenticated, 5) },
    ];
    let answers = vec![
        answer(1, StatusClass::Success, 4, 110),
        answer(2, StatusClass::Success, 20, 19),
        answer(2, StatusClass::ServerError, 20, 1),
    ];
    counted(on, facts, |batch| batch.responses = answers).await
}

async fn endpoints_are_told_with_what_became_of_their_calls(on: Engine) {
    let (_dir, model) = given(on).await;
    let report = report(&model, &query(TopBy::Calls)).await.unwrap();
    assert_eq!((report.batch_no, report.endpoints), (1, 3));
    let told: Vec<_> = report.rows.iter().map(|row| (row.route_id, row.calls.total, row.clients)).collect();
    assert_eq!(told, [(Some(route(1)), 110, 2), (Some(route(2)), 29, 1), (None, 5, 0)]);
    let Answers { calls, success, server_error, upstream_errors, response_bytes, durations, .. } =
        &report.rows[1].answers;
    assert_eq!((*calls, *success, *server_error, *upstream_errors, *response_bytes), (20, 19, 1, 1, 4));
    assert_eq!(durations.buckets().collect::<Vec<_>>(), [(20, 20)]);
    assert_eq!(report.rows[2].answers, Answers::default());
}

async fn the_top_is_of_what_was_asked_for(on: Engine) {
    let (_dir, model) = given(on).await;
    let first = async |by| {
        report(&model, &EndpointsQuery { rows_max: 1, ..query(by) }).await.unwrap().rows[0].route_id
    };
    assert_eq!(first(TopBy::Calls).await, Some(route(1)));
    assert_eq!(first(TopBy::Clients).await, Some(route(1)));
    for by in [TopBy::Errors, TopBy::Latency, TopBy::Throttling] {
        assert_eq!(first(by).await, Some(route(2)), "{by:?}");
    }
}

async fn only_what_is_in_reach_is_counted(on: Engine) {
    let (_dir, model) = given(on).await;
    let nothing = EndpointsQuery { reach: Reach::Within(vec![]), ..query(TopBy::Calls) };
    assert_eq!(report(&model, &nothing).await.unwrap().rows, []);
    let filter = UsageFilter { client_id: Some(client(2)), ..UsageFilter::default() };
    let of_one = report(&model, &EndpointsQuery { filter, ..query(TopBy::Calls) }).await.unwrap();
    assert_eq!((of_one.rows.len(), of_one.rows[0].calls.total, of_one.rows[0].answers.calls), (1, 10, 0));
}
