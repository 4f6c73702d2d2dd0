//! The publisher while things break: the server is killed, the publisher is cut off, the stream is lost, emptied or old.

use std::{path::Path, time::Duration};

use async_nats::{
    header::{NATS_BATCH_ID, NATS_BATCH_SEQUENCE},
    jetstream::message::PublishMessage,
};
use domain::Position;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use test_servers::Nats;
use tollgate_eventlog::bus::EVENTS_STREAM;

use crate::bus::{AT_MOST, Running, append, connect, is_the_log_from, log_with, on_the_stream};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_again_and_again_ends_with_every_event_once() {
    let (mut nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 1_000).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(1).await;
    for _ in 0..4 {
        // Killed while it is being filled, not before and not after.
        let first = log.head().get();
        let killing = async {
            publisher.reaches(first + 300).await;
            nats.kill_9().unwrap();
        };
        tokio::join!(append(&log, 1_500), killing);
        nats.start_again().await.unwrap();
    }
    let head = log.head().get();
    publisher.reaches(head).await;
    is_the_log_from(&bus, &log, 1).await;
    publisher.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_that_is_cut_off_anywhere_is_taken_up_by_the_next() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 6_000).await, connect(&nats).await);
    let mut reached = Position::START;
    let mut rounds = 0;
    while reached < log.head() {
        let publisher = Running::start(&log, &bus);
        // Often within its first batch: more of those are left behind than the server takes at once.
        let cut_after_us = if rounds % 4 == 0 { 200_000 } else { 30_000 };
        tokio::time::sleep(Duration::from_micros(random.random_range(0..cut_after_us))).await;
        reached = reached.max(publisher.status.borrow().position);
        publisher.abort().await;
        rounds += 1;
        assert!(rounds < 2_000, "at {reached} after {rounds} rounds");
    }
    println!("{rounds} rounds");
    is_the_log_from(&bus, &log, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_that_others_began_and_left_do_not_stop_the_publisher() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 10).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(10).await;
    let mut refused = vec![];
    for number in 0..60 {
        let begun = PublishMessage::build()
            .header(NATS_BATCH_ID, format!("left-{number}"))
            .header(NATS_BATCH_SEQUENCE, "1")
            .outbound_message("tollgate.events.v1.api_client.x.registered");
        let request = async_nats::Request::new().headers(begun.headers.unwrap());
        let answer = bus.client().send_request(begun.subject, request).await.unwrap();
        refused.extend(serde_json::from_slice::<serde_json::Value>(&answer.payload).ok());
    }
    assert!(!refused.is_empty(), "the server takes so many");
    assert!(refused.iter().all(|answer| answer["error"]["err_code"] == 10_210), "{refused:?}");
    append(&log, 256).await;
    publisher.reaches(266).await;
    let stream = bus.jetstream().get_stream(EVENTS_STREAM).await.unwrap();
    let headers = stream.get_raw_message(11).await.unwrap().headers;
    assert!(headers.get(NATS_BATCH_ID).is_none(), "it waited for a place: {headers:?}");
    is_the_log_from(&bus, &log, 1).await;
    publisher.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lost_its_disk_is_filled_again() {
    let (mut nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 2_000).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(2_000).await;
    nats.kill_9().unwrap();
    std::fs::remove_dir_all(nats.store()).unwrap();
    nats.start_again().await.unwrap();
    append(&log, 100).await;
    publisher.reaches(2_100).await;
    is_the_log_from(&bus, &log, 1).await;
    publisher.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_deleted_is_filled_again_though_nothing_is_appended() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 700).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(700).await;
    bus.jetstream().delete_stream(EVENTS_STREAM).await.unwrap();
    test_servers::until("the stream to be full again", AT_MOST, async || {
        let stream = bus.jetstream().get_stream(EVENTS_STREAM).await?;
        Ok((stream.cached_info().state.messages == 700).then_some(()))
    })
    .await
    .unwrap();
    is_the_log_from(&bus, &log, 1).await;
    publisher.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_purged_goes_on_under_the_right_numbers() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 300).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(300).await;
    let stream = bus.jetstream().get_stream(EVENTS_STREAM).await.unwrap();
    stream.purge().await.unwrap();
    assert!(on_the_stream(&bus).await.is_empty());
    append(&log, 200).await;
    publisher.reaches(500).await;
    is_the_log_from(&bus, &log, 301).await;
    publisher.stop().await;
    // And empty under a publisher that knows nothing of what was there.
    stream.purge().await.unwrap();
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(500).await;
    append(&log, 1).await;
    publisher.reaches(501).await;
    is_the_log_from(&bus, &log, 501).await;
    publisher.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_restored_from_an_older_copy_gets_what_it_lacks() {
    let (mut nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 1_000).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(1_000).await;
    nats.stop().await.unwrap();
    let copy = tempfile::tempdir().unwrap();
    copy_dir(&nats.store(), copy.path());
    nats.start_again().await.unwrap();
    append(&log, 1_500).await;
    publisher.reaches(2_500).await;

    nats.stop().await.unwrap();
    std::fs::remove_dir_all(nats.store()).unwrap();
    copy_dir(copy.path(), &nats.store());
    nats.start_again().await.unwrap();
    append(&log, 10).await;
    publisher.reaches(2_510).await;
    is_the_log_from(&bus, &log, 1).await;
    publisher.stop().await;
}

fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
