//! Usage batches: each counts once, with the counters that agree with it.

use domain::{
    decision::Outcome,
    usage::{UsageBatch, UsageFact},
};
use tollgate_eventlog::usage::UsageLog;

use crate::support::now;

fn batch(sequence: u64) -> UsageBatch {
    let fact = UsageFact {
        minute: 1_772_366_400,
        client_id: None,
        key_id: None,
        secret_version: None,
        route_id: None,
        environment: "prod".parse().unwrap(),
        outcome: Outcome::Unauthenticated,
        calls: 3,
        last_at: now(),
    };
    UsageBatch { node: "n".to_owned(), boot: "b".to_owned(), sequence, flushed_at: now(), facts: vec![fact], shadow: vec![] }
}

#[tokio::test]
async fn a_batch_delivered_twice_is_kept_once() {
    let dir = tempfile::tempdir().unwrap();
    let usage = UsageLog::open_sqlite(&dir.path().join("usage.db")).await.unwrap();
    let head = usage.watch();
    usage.append(Some(batch(1)), vec![]).await.unwrap();
    usage.append(Some(batch(1)), vec![]).await.unwrap();
    usage.append(Some(batch(2)), vec![]).await.unwrap();
    let arrived = usage.read(0, 10).await.unwrap();
    assert_eq!(arrived.iter().map(|b| b.batch.sequence).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(*head.borrow(), arrived[1].batch_no);
    assert_eq!(usage.read(arrived[0].batch_no, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn counters_are_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("usage.db");
    let usage = UsageLog::open_sqlite(&file).await.unwrap();
    usage
        .append(Some(batch(1)), vec![("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())])
        .await
        .unwrap();
    usage
        .append(None, vec![("a".to_owned(), "3".to_owned()), ("c".to_owned(), "4".to_owned())])
        .await
        .unwrap();
    usage.append(None, vec![("c".to_owned(), String::new())]).await.unwrap();
    drop(usage);
    let usage = UsageLog::open_sqlite(&file).await.unwrap();
    let mut counters = usage.counters().await.unwrap();
    counters.sort();
    assert_eq!(counters, [("a".to_owned(), "3".to_owned()), ("b".to_owned(), "2".to_owned())]);
}
