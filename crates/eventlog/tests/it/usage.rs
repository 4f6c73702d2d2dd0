//! Usage batches: each counts once, with the counters that agree with it.

use domain::{
    KeyId, Timestamp,
    decision::Outcome,
    usage::{DecisionsLeftOut, Seen, Sighting, UsageBatch, UsageFact},
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
        seconds: vec![],
    };
    let (node, boot) = ("n".to_owned(), "b".to_owned());
    let (facts, shadow, sightings) = (vec![fact], vec![], vec![]);
    let (quota_levels, decisions, left_out) = (vec![], vec![], DecisionsLeftOut::default());
    UsageBatch {
        node,
        boot,
        sequence,
        flushed_at: now(),
        facts,
        throttled: vec![],
        responses: vec![],
        shadow,
        quota_levels,
        sightings,
        addresses: vec![],
        decisions,
        left_out,
    }
}

#[tokio::test]
async fn who_presented_a_secret_is_forgotten_in_time_and_what_was_counted_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("usage.db");
    let usage = UsageLog::open_sqlite(&file).await.unwrap();
    let seen = |value: &str| vec![Seen { value: value.to_owned(), calls: 3, last_at: now() }];
    let sighting = Sighting {
        key_id: KeyId::from_parts(1, 1),
        secret_version: 1,
        calls: 3,
        addresses: seen("198.51.100.77"),
        user_agents: seen("curl/8"),
    };
    let seen = UsageBatch { sightings: vec![sighting], ..batch(1) };
    usage.append(Some(seen.clone()), vec![]).await.unwrap();
    usage.append(Some(seen.clone()), vec![]).await.unwrap();
    usage.append(Some(batch(2)), vec![]).await.unwrap();
    let read = async || {
        usage.read(0, 10).await.unwrap().into_iter().map(|arrived| arrived.batch).collect::<Vec<_>>()
    };
    assert_eq!(read().await, [seen, batch(2)]);
    usage.forget_sightings(now()).await.unwrap();
    assert_eq!(read().await[0].sightings.len(), 1, "its time begins with its flush");
    usage.forget_sightings(now() + std::time::Duration::from_micros(1)).await.unwrap();
    assert_eq!(read().await, [batch(1), batch(2)]);
    let body = rusqlite_bodies(&file);
    assert!(!body.contains("198.51.100.77"), "{body}");
}

/// All that the file says in its tables.
fn rusqlite_bodies(file: &std::path::Path) -> String {
    let connection = rusqlite::Connection::open(file).unwrap();
    let all = "select coalesce(group_concat(body), '') from (select body from usage_batches union all select body from usage_sightings)";
    connection.query_row(all, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn batches_are_forgotten_from_the_oldest_on_and_the_rest_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let usage = UsageLog::open_sqlite(&dir.path().join("usage.db")).await.unwrap();
    for sequence in 1..=4 {
        usage.append(Some(batch(sequence)), vec![]).await.unwrap();
    }
    let later = now() + std::time::Duration::from_secs(1);
    assert!(usage.is_whole());
    assert_eq!(usage.forget_batches(now(), 4, 10).await.unwrap(), 0, "its time is not over");
    assert_eq!(usage.forget_batches(later, 1, 10).await.unwrap(), 1, "only what is counted");
    assert_eq!(usage.forget_batches(later, 4, 1).await.unwrap(), 1);
    assert!(!usage.is_whole());
    assert_eq!(usage.forget_batches(later, 4, 10).await.unwrap(), 1, "the last stays");
    let left = usage.read(0, 10).await.unwrap();
    assert_eq!(left.iter().map(|arrived| arrived.batch_no).collect::<Vec<_>>(), [4]);
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

#[tokio::test]
async fn batches_are_found_by_when_they_were_flushed() {
    let dir = tempfile::tempdir().unwrap();
    let usage = UsageLog::open_sqlite(&dir.path().join("usage.db")).await.unwrap();
    let at = |second: u64| now() + std::time::Duration::from_secs(second);
    assert_eq!(usage.before(at(0)).await.unwrap(), 0);
    assert_eq!(usage.whole_since().await.unwrap(), Some(Timestamp::MIN));
    for sequence in 1..=9 {
        let flushed = UsageBatch { flushed_at: at(sequence), ..batch(sequence) };
        usage.append(Some(flushed), vec![]).await.unwrap();
    }
    for second in 0..12 {
        assert_eq!(usage.before(at(second)).await.unwrap(), second.saturating_sub(1).min(9), "{second}");
    }
    assert_eq!(usage.whole_since().await.unwrap(), Some(Timestamp::MIN));
    usage.forget_batches(at(4), 9, 10).await.unwrap();
    assert_eq!(usage.whole_since().await.unwrap(), Some(at(4)));
    assert_eq!((usage.before(at(2)).await.unwrap(), usage.before(at(6)).await.unwrap()), (0, 5));
}
