//! Levels in, the fullest first.

use domain::{Position, rate_limit_policy::Counting, usage::QuotaLevel};

use super::*;
use crate::testing::{Engine, at, client, counted, on_every_engine, policy};

on_every_engine!(the_windows_of_a_moment_are_told_those_used_most_first);

fn level(of: u64, window: i64, epoch: u64, used: u64) -> QuotaLevel {
    QuotaLevel {
        policy_id: policy(1),
        policy_revision: 1,
        limit: "daily".parse().unwrap(),
        environment: "prod".parse().unwrap(),
        counting: Counting::Client,
        client_id: Some(client(of)),
        key_id: None,
        route_id: None,
        window_start: at(window * 86_400),
        window_end: at((window + 1) * 86_400),
        epoch: Position::new(epoch),
        used,
        allowed: 100,
    }
}

async fn the_windows_of_a_moment_are_told_those_used_most_first(on: Engine) {
    let levels = vec![
        level(1, 0, 0, 10),
        level(2, 0, 0, 90),
        level(1, 1, 0, 50),
        level(3, 0, 0, 99),
        level(3, 0, 7, 1),
    ];
    let (_dir, model) = counted(on, vec![], |batch| batch.quota_levels = levels).await;
    let asked = |seconds| QuotasQuery {
        at: at(seconds),
        client_id: None,
        policy_id: None,
        environment: None,
        rows_max: 10,
        reach: Reach::Everything,
    };
    let told = async |query: QuotasQuery| {
        let report = report(&model, &query).await.unwrap();
        report.rows.iter().map(|row| (row.client_id, row.used)).collect::<Vec<_>>()
    };
    let of = |n| Some(client(n));
    // The third's was reset: what it had used before is over.
    assert_eq!(told(asked(100)).await, [(of(2), 90), (of(1), 10), (of(3), 1)]);
    assert_eq!(told(asked(86_400)).await, [(of(1), 50)]);
    assert_eq!(told(QuotasQuery { client_id: of(1), ..asked(0) }).await, [(of(1), 10)]);
    assert_eq!(told(QuotasQuery { reach: Reach::Within(vec![]), ..asked(0) }).await, []);
    assert!(report(&model, &QuotasQuery { rows_max: 1, ..asked(0) }).await.unwrap().truncated);
}
