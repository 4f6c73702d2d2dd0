//! A process that runs no projections still knows where they stand.

use std::sync::Arc;

use domain::{Aggregate as _, Clock, Timestamp, api_client::ApiClient};
use test_servers::until;
use tokio::task::JoinSet;

use super::*;
use crate::{
    Projections,
    queries::clients,
    testing::{
        Engine, at, client, event_log, execute, migrated, migrated_in, on_every_engine, pool, read_model,
        register, usage_batch, usage_log, write_log,
    },
};

on_every_engine!(lags_are_told_in_events_and_in_seconds,);

const LONG: Duration = Duration::from_secs(30);

struct Standing(Timestamp);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// One who watches and does nothing else.
struct Watcher {
    visibility: Visibility,
    stop: CancellationToken,
    running: JoinSet<Result<(), FollowFailure>>,
}

impl Watcher {
    fn start(observer: Observer) -> Self {
        let (visibility, stop) = (observer.visibility(), CancellationToken::new());
        let mut running = JoinSet::new();
        running.spawn(observer.run(stop.clone()));
        Self { visibility, stop, running }
    }

    async fn stop(mut self) {
        self.stop.cancel();
        self.running.join_next().await.unwrap().unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_process_without_projections_waits_for_its_writes() {
    let (database, admin) = migrated().await;
    let dir = tempfile::tempdir().unwrap();
    let (log, usage) = (event_log(dir.path()).await, usage_log(dir.path()).await);
    let here = ReadModel::open_postgres(admin).await.unwrap();
    let there = ReadModel::open_postgres(pool(&database).await).await.unwrap();
    let watcher = Watcher::start(Observer::open(here.clone(), log.clone(), usage.clone()).await.unwrap());
    let bound = Duration::from_millis(50);
    let position = execute::<ApiClient>(&log, client(1), register("Acme")).await;
    assert!(!watcher.visibility.wait_for(position, bound).await, "nobody applies it");

    let projections = Projections::open(there, log.clone(), usage.clone()).await.unwrap();
    let (stop, mut running) = (CancellationToken::new(), JoinSet::new());
    running.spawn(projections.run(stop.clone()));
    assert!(watcher.visibility.wait_for(position, LONG).await);
    for n in 2..=30 {
        let position = execute::<ApiClient>(&log, client(n), register("Acme")).await;
        assert!(watcher.visibility.wait_for_effect(position, ApiClient::TYPE, LONG).await);
        assert!(clients::get(&here, client(n)).await.unwrap().is_some(), "client {n}");
    }
    usage.append(Some(usage_batch(1, 5)), vec![]).await.unwrap();
    assert!(watcher.visibility.wait_for_usage(1, LONG).await);
    // Without anybody waiting it is seen as well, only later.
    let position = execute::<ApiClient>(&log, client(40), register("Acme")).await;
    let seen = async || {
        let status = watcher.visibility.status();
        Ok(status.iter().rev().skip(1).all(|status| status.position == position).then_some(()))
    };
    until("the write to be seen", LONG, seen).await.unwrap();
    assert!(watcher.visibility.status().iter().all(|status| !status.active));
    stop.cancel();
    running.join_next().await.unwrap().unwrap().unwrap();
    watcher.stop().await;
}

#[tokio::test]
async fn rows_of_another_log_count_for_nothing() {
    let (database, admin) = migrated().await;
    let (one, another) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let follow = async |log: EventLog, usage| {
        let model = ReadModel::open_postgres(pool(&database).await).await.unwrap();
        let projections = Projections::open(model, log.clone(), usage).await.unwrap();
        let (visibility, stop) = (projections.visibility(), CancellationToken::new());
        let mut running = JoinSet::new();
        running.spawn(projections.run(stop.clone()));
        assert!(visibility.wait_for(log.head(), LONG).await);
        (stop, running)
    };
    let log = event_log(one.path()).await;
    write_log(&log, "Acme").await;
    let (stop, mut running) = follow(log, usage_log(one.path()).await).await;
    stop.cancel();
    running.join_next().await.unwrap().unwrap().unwrap();

    // A backup of the log was restored: as long, but another.
    let (log, usage) = (event_log(another.path()).await, usage_log(another.path()).await);
    let head = write_log(&log, "Another").await;
    let model = ReadModel::open_postgres(admin).await.unwrap();
    let watcher = Watcher::start(Observer::open(model, log.clone(), usage.clone()).await.unwrap());
    assert!(!watcher.visibility.wait_for(Position::new(1), Duration::from_millis(50)).await);
    let (stop, mut running) = follow(log, usage).await;
    assert!(watcher.visibility.wait_for(head, LONG).await, "{:?}", watcher.visibility);
    stop.cancel();
    running.join_next().await.unwrap().unwrap().unwrap();
    watcher.stop().await;
}

async fn lags_are_told_in_events_and_in_seconds(on: Engine) {
    let (dir, model) = read_model(on).await;
    let (log, usage) = (event_log(dir.path()).await, usage_log(dir.path()).await);
    let head = write_log(&log, "Acme").await;
    usage.append(Some(usage_batch(1, 5)), vec![]).await.unwrap();
    let observer = Observer::open(model.clone(), log.clone(), usage.clone()).await.unwrap();
    let watcher = Watcher::start(observer.with_clock(Arc::new(Standing(at(160)))));
    let measured = async || {
        let status = watcher.visibility.status();
        Ok(status.iter().all(|status| status.lag_seconds > 0).then_some(status))
    };
    for status in until("the lags to be measured", LONG, measured).await.unwrap() {
        // Events were recorded at 0, the batch was flushed at 60.
        let expected = if status.name == USAGE { (1, 100) } else { (head.get(), 160) };
        assert_eq!((status.lag_events, status.lag_seconds), expected, "{}", status.name);
    }
    watcher.stop().await;
    let projections = Projections::open(model, log.clone(), usage).await.unwrap();
    let projections = projections.with_clock(Arc::new(Standing(at(160))));
    let (visibility, stop) = (projections.visibility(), CancellationToken::new());
    let watching = async {
        assert!(visibility.wait_for(head, LONG).await && visibility.wait_for_usage(1, LONG).await);
        assert!(visibility.status().iter().all(|status| (status.lag_events, status.lag_seconds) == (0, 0)));
        stop.cancel();
    };
    let (ran, ()) = tokio::join!(projections.run(stop.clone()), watching);
    ran.unwrap();
}

/// `cargo test --release -p tollgate-projections -- --ignored --nocapture visible_within`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: 600 writes, some seconds"]
async fn visible_within() {
    let postgres = test_servers::Postgres::durable().await.unwrap();
    let (database, admin) = migrated_in(&postgres).await;
    let dir = tempfile::tempdir().unwrap();
    let (log, usage) = (event_log(dir.path()).await, usage_log(dir.path()).await);
    let here = ReadModel::open_postgres(admin).await.unwrap();
    let there = ReadModel::open_postgres(pool(&database).await).await.unwrap();
    let watcher = Watcher::start(Observer::open(here, log.clone(), usage.clone()).await.unwrap());
    let projections = Projections::open(there, log.clone(), usage).await.unwrap();
    let (beside, stop, mut running) = (projections.visibility(), CancellationToken::new(), JoinSet::new());
    running.spawn(projections.run(stop.clone()));
    let mut n = 0;
    for (place, visibility) in [("in the process", &beside), ("in another process", &watcher.visibility)] {
        let mut took = vec![];
        let mut pace = interval(Duration::from_millis(5));
        for _ in 0..300 {
            pace.tick().await;
            n += 1;
            let position = execute::<ApiClient>(&log, client(n), register("Acme")).await;
            let begun = std::time::Instant::now();
            assert!(visibility.wait_for(position, LONG).await);
            took.push(begun.elapsed());
        }
        took.sort();
        println!("{place}: p50 {:?}, p99 {:?}, max {:?}", took[150], took[297], took[299]);
    }
    stop.cancel();
    running.join_next().await.unwrap().unwrap().unwrap();
    watcher.stop().await;
}
