//! Levels in, the fullest first.

use domain::{
    Position,
    rate_limit_policy::Counting,
    usage::{QuotaLevel, UsageBatch},
};
use eventlog::usage::ArrivedBatch;

use super::*;
use crate::{
    testing::{Engine, at, client, counted, on_every_engine, policy, read_model, usage_batch},
    usage::{OWNER, apply},
};

on_every_engine!(
    the_windows_of_a_moment_are_told_those_used_most_first,
    what_is_used_most_is_found_among_all_and_over_all_nodes,
);

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

fn asked(seconds: i64) -> QuotasQuery {
    QuotasQuery {
        at: at(seconds),
        client_id: None,
        policy_id: None,
        environment: None,
        rows_max: 10,
        reach: Reach::Everything,
    }
}

fn used(report: &QuotasReport) -> Vec<(Option<ClientId>, u64)> {
    report.rows.iter().map(|row| (row.client_id, row.used)).collect()
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
    let told = async |query: QuotasQuery| used(&report(&model, &query).await.unwrap());
    let of = |n| Some(client(n));
    // The third's was reset: what it had used before is over.
    assert_eq!(told(asked(100)).await, [(of(2), 90), (of(1), 10), (of(3), 1)]);
    assert_eq!(told(asked(86_400)).await, [(of(1), 50)]);
    assert_eq!(told(QuotasQuery { client_id: of(1), ..asked(0) }).await, [(of(1), 10)]);
    assert_eq!(told(QuotasQuery { reach: Reach::Within(vec![]), ..asked(0) }).await, []);
    assert!(report(&model, &QuotasQuery { rows_max: 1, ..asked(0) }).await.unwrap().truncated);
}

async fn what_is_used_most_is_found_among_all_and_over_all_nodes(on: Engine) {
    let arrived = |node: u64, quota_levels| {
        let batch =
            UsageBatch { node: format!("node-{node}"), quota_levels, facts: vec![], ..usage_batch(1, 0) };
        ArrivedBatch { batch_no: node, batch }
    };
    // Each client has used a little, and the last one as much again on each of many nodes.
    let everybody = (1..=200).map(|n| level(n, 0, 0, 1)).collect();
    let others = (2..=90).map(|node| arrived(node, vec![level(200, 0, 0, 1)]));
    let batches: Vec<_> = std::iter::once(arrived(1, everybody)).chain(others).collect();
    let (_dir, model) = read_model(on).await;
    model.reset(OWNER).await.unwrap();
    apply(&model, Position::START, &batches).await.unwrap();
    let report = report(&model, &QuotasQuery { rows_max: 2, ..asked(0) }).await.unwrap();
    assert_eq!(used(&report), [(Some(client(200)), 90), (Some(client(1)), 1)]);
    assert!(report.truncated);
}
