//! The publisher while nothing breaks: every event under its position, by one or by two.

use std::time::Duration;

use async_nats::jetstream::stream::{Config, StorageType};
use domain::Position;
use test_servers::Nats;
use tollgate_eventlog::bus::{
    Bus, BusSettings, EVENTS_STREAM, EVENTS_SUBJECTS,
    publish::{PublishFailure, PublisherState, PublisherStatus},
};

use crate::bus::{AT_MOST, Running, append, connect, is_the_log_from, log_with, put, settings};
use crate::support::{client, register, suspend};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_is_published_under_its_position() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 3_000).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(3_000).await;
    // One by one now, and a few at once: the other ways of sending.
    for number in 0..20 {
        log.execute(suspend(client(number))).await.unwrap();
    }
    append(&log, 10).await;
    publisher.reaches(3_030).await;
    is_the_log_from(&bus, &log, 1).await;
    let stream = bus.jetstream().get_stream(EVENTS_STREAM).await.unwrap();
    for (sequence, in_a_batch) in [(1, true), (3_000, true), (3_001, false)] {
        let headers = stream.get_raw_message(sequence).await.unwrap().headers;
        assert_eq!(headers.get("Nats-Batch-Id").is_some(), in_a_batch, "{sequence}: {headers:?}");
    }
    assert_eq!(publisher.status.borrow().lag_events, 0);
    assert_eq!(publisher.status.borrow().state, PublisherState::Publishing);
    publisher.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_appended_event_is_on_the_bus_soon() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 1).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(1).await;
    let mut took = vec![];
    for number in 2..102 {
        let begun = tokio::time::Instant::now();
        log.execute(register(client(number))).await.unwrap();
        publisher.reaches(u64::try_from(number).unwrap()).await;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    // A bound on what is surely wrong, such as a poll; benchmarks measure the rest.
    assert!(took[50] < Duration::from_millis(50), "half of them took {:?} and more", took[50]);
    publisher.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_publishers_neither_double_nor_reorder() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let log = log_with(dir.path(), 2_000).await;
    let (one, two) = (connect(&nats).await, connect(&nats).await);
    let mut first = Running::start(&log, &one);
    let mut second = Running::start(&log, &two);
    append(&log, 2_000).await;
    for number in 0..50 {
        log.execute(suspend(client(number))).await.unwrap();
    }
    first.reaches(4_050).await;
    second.reaches(4_050).await;
    is_the_log_from(&one, &log, 1).await;
    // The one that is left goes on alone.
    first.stop().await;
    append(&log, 100).await;
    second.reaches(4_150).await;
    is_the_log_from(&two, &log, 1).await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_waits_for_a_bus_that_starts_later() {
    let (mut nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    nats.stop().await.unwrap();
    let (log, bus) = (log_with(dir.path(), 10).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    let held = |status: &PublisherStatus| matches!(status.state, PublisherState::Held { .. });
    tokio::time::timeout(AT_MOST, publisher.status.wait_for(held)).await.unwrap().unwrap();
    nats.start_again().await.unwrap();
    publisher.reaches(10).await;
    is_the_log_from(&bus, &log, 1).await;
    publisher.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_the_newest_events_begins_where_it_is_told() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let log = log_with(dir.path(), 500).await;
    let few = BusSettings { history_events_max: Some(100), ..settings(&nats) };
    let bus = Bus::connect(few).await.unwrap();
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(500).await;
    is_the_log_from(&bus, &log, 401).await;
    append(&log, 50).await;
    publisher.reaches(550).await;
    is_the_log_from(&bus, &log, 451).await;
    publisher.stop().await;
}

#[tokio::test]
async fn a_stream_under_another_configuration_is_brought_up_to_date() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 3).await, connect(&nats).await);
    let plain = Config {
        name: EVENTS_STREAM.to_owned(),
        subjects: vec!["tollgate.events.v1.api_client.>".to_owned()],
        max_bytes: 1_000_000_000,
        ..Config::default()
    };
    bus.jetstream().create_stream(plain).await.unwrap();
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(3).await;
    let config = bus.jetstream().get_stream(EVENTS_STREAM).await.unwrap().cached_info().config.clone();
    assert_eq!(config.subjects, [EVENTS_SUBJECTS]);
    assert!(config.deny_delete && config.allow_direct && config.allow_atomic_publish, "{config:?}");
    assert_eq!(config.max_bytes, 1_000_000_000, "what we want nothing of stays as the operator set it");
    let leaf = log.read_stored(Position::START, 1).await.unwrap()[0].leaf_hash;
    assert_eq!(config.metadata["tollgate_log"], hex::encode(leaf));
    publisher.stop().await;
}

#[tokio::test]
async fn a_stream_of_another_kind_is_refused_in_words() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 3).await, connect(&nats).await);
    let in_memory = Config {
        name: EVENTS_STREAM.to_owned(),
        subjects: vec![EVENTS_SUBJECTS.to_owned()],
        storage: StorageType::Memory,
        ..Config::default()
    };
    bus.jetstream().create_stream(in_memory).await.unwrap();
    let mut publisher = Running::start(&log, &bus);
    let failure = publisher.end().await.unwrap_err();
    assert!(failure.to_string().contains("kept in memory"), "{failure}");
    assert!(matches!(publisher.status.borrow().state, PublisherState::Stopped { .. }));
}

#[tokio::test]
async fn a_foreign_message_is_noticed_while_nothing_else_happens() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 3).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(3).await;
    assert_eq!(put(&bus, "tollgate.events.v1.api_client.x.registered", b"{}".to_vec()).await, 4);
    let failure = publisher.end().await.unwrap_err();
    assert!(matches!(failure, PublishFailure::Ahead { .. }), "{failure}");
    assert!(matches!(publisher.status.borrow().state, PublisherState::Stopped { .. }));
}

#[tokio::test]
async fn a_foreign_message_in_the_place_of_an_event_is_not_built_upon() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 3).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(3).await;
    publisher.stop().await;
    put(&bus, "tollgate.events.v1.api_client.x.registered", b"{}".to_vec()).await;
    append(&log, 5).await;
    let failure = Running::start(&log, &bus).end().await.unwrap_err();
    assert!(matches!(failure, PublishFailure::Differs { at, .. } if at == Position::new(4)), "{failure}");

    // What the sentence advises helps.
    bus.jetstream().delete_stream(EVENTS_STREAM).await.unwrap();
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(8).await;
    is_the_log_from(&bus, &log, 1).await;
    publisher.stop().await;
}

#[tokio::test]
async fn another_installation_on_the_same_stream_is_told_apart() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 3).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(3).await;
    publisher.stop().await;
    let dir = tempfile::tempdir().unwrap();
    let other = log_with(dir.path(), 10).await;
    let failure = Running::start(&other, &bus).end().await.unwrap_err();
    assert!(matches!(failure, PublishFailure::AnotherLog), "{failure}");
}

#[tokio::test]
async fn a_log_that_was_restored_from_an_older_copy_is_not_published() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 5).await, connect(&nats).await);
    log.close().await;
    let older = tempfile::tempdir().unwrap();
    std::fs::copy(dir.path().join("events.db"), older.path().join("events.db")).unwrap();
    let log = log_with(dir.path(), 5).await;
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(10).await;
    publisher.stop().await;
    let older = log_with(older.path(), 0).await;
    let failure = Running::start(&older, &bus).end().await.unwrap_err();
    let told = PublishFailure::Ahead { last: Position::new(10), head: Position::new(5) };
    assert_eq!(failure.to_string(), told.to_string());
    // Even when it has grown to the same length: what it says there is something else.
    older.execute(suspend(client(0))).await.unwrap();
    append(&older, 5).await;
    let failure = Running::start(&older, &bus).end().await.unwrap_err();
    assert!(matches!(failure, PublishFailure::Differs { at, .. } if at == Position::new(10)), "{failure}");
}

#[tokio::test]
async fn settings_that_cannot_be_meant_are_refused_in_words() {
    let refused = async |settings: BusSettings| Bus::connect(settings).await.unwrap_err().to_string();
    let nowhere = BusSettings { urls: vec![], ..BusSettings::default() };
    assert!(refused(nowhere).await.contains("--nats-url"));
    let two = BusSettings { replicas: 2, ..BusSettings::default() };
    assert_eq!(refused(two).await, "2 replicas are not 1 or 3");
    let missing = BusSettings { credentials_file: Some("/nowhere/x.creds".into()), ..BusSettings::default() };
    assert!(refused(missing).await.starts_with("cannot read the bus credentials /nowhere/x.creds"));
}

#[tokio::test]
async fn a_closed_bus_is_told_and_does_not_hang() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 3).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(3).await;
    bus.close().await.unwrap();
    append(&log, 1).await;
    let held = |status: &PublisherStatus| matches!(status.state, PublisherState::Held { .. });
    tokio::time::timeout(AT_MOST, publisher.status.wait_for(held)).await.unwrap().unwrap();
    publisher.stop().await;
}
