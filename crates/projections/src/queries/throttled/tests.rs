//! Refusals in, runs of them out.

use domain::usage::ThrottleFact;

use super::*;
use crate::testing::{Engine, at, client, counted, key, on_every_engine, policy};

on_every_engine!(
    runs_of_minutes_are_told_by_who_and_by_which_limit,
    those_refused_most_come_first_and_filters_hold
);

fn refused(of: u64, minute: i64, revision: u32, limit: &str, calls: u64) -> ThrottleFact {
    ThrottleFact {
        minute: at(minute * 60).as_second(),
        client_id: Some(client(of)),
        key_id: Some(key(u64::from(revision))),
        route_id: None,
        environment: "prod".parse().unwrap(),
        policy_id: policy(1),
        policy_revision: revision,
        limit: limit.parse().unwrap(),
        kind: LimitKind::Rate,
        calls,
        first_at: at(minute * 60 + 1),
        last_at: at(minute * 60 + 50),
    }
}

fn query() -> ThrottledQuery {
    let (filter, reach) = (UsageFilter::default(), Reach::Everything);
    ThrottledQuery {
        from: at(0),
        until: at(3_600),
        filter,
        policy_id: None,
        limit: None,
        rows_max: 10,
        reach,
    }
}

async fn told(model: &ReadModel, query: ThrottledQuery) -> Vec<(u32, String, u64, u64)> {
    let rows = report(model, &query).await.unwrap().rows;
    rows.iter()
        .map(|row| (row.policy_revision, row.limit.to_string(), row.calls, row.longest_minutes))
        .collect()
}

async fn runs_of_minutes_are_told_by_who_and_by_which_limit(on: Engine) {
    let facts = vec![
        refused(1, 1, 1, "burst", 2),
        refused(1, 2, 1, "burst", 2),
        refused(1, 3, 1, "burst", 2),
        refused(1, 10, 1, "burst", 1),
        refused(1, 11, 1, "burst", 1),
        refused(1, 70, 1, "burst", 100),
    ];
    let (_dir, model) = counted(on, vec![], |batch| batch.throttled = facts).await;
    let report = report(&model, &query()).await.unwrap();
    let [row] = report.rows.as_slice() else { panic!("{report:?}") };
    assert_eq!((row.client_id, row.calls, row.longest_minutes), (Some(client(1)), 8, 3));
    assert_eq!((row.first_at, row.last_at, row.since), (at(61), at(11 * 60 + 50), at(10 * 60 + 1)));
    assert!(!report.truncated);
}

async fn those_refused_most_come_first_and_filters_hold(on: Engine) {
    let facts =
        vec![refused(1, 1, 1, "burst", 5), refused(1, 1, 2, "burst", 7), refused(2, 1, 2, "daily", 6)];
    let (_dir, model) = counted(on, vec![], |batch| batch.throttled = facts).await;
    let burst = |revision, calls| (revision, "burst".to_owned(), calls, 1);
    assert_eq!(told(&model, query()).await, [burst(2, 7), (2, "daily".to_owned(), 6, 1), burst(1, 5)]);
    let of = ThrottledQuery { limit: Some("daily".parse().unwrap()), ..query() };
    assert_eq!(told(&model, of).await, [(2, "daily".to_owned(), 6, 1)]);
    let filter = UsageFilter { client_id: Some(client(1)), ..UsageFilter::default() };
    let cut = report(&model, &ThrottledQuery { filter, rows_max: 1, ..query() }).await.unwrap();
    assert!(cut.truncated && cut.rows.len() == 1);
    assert_eq!(told(&model, ThrottledQuery { reach: Reach::Within(vec![]), ..query() }).await, []);
}
