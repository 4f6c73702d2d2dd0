//! What is forgotten goes by what was counted, and not by the clock alone.

use std::sync::Arc;

use domain::{
    Clock, Position,
    decision::Outcome,
    ids::DecisionId,
    usage::{DecisionRecord, DecisionsLeftOut, UsageBatch},
};
use eventlog::EventLog;
use projections::{Projections, Visibility, queries::decisions};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::*;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        day(0)
    }
}

/// Usage in a file, counted by projections that run.
struct World {
    read: ReadModel,
    usage: UsageLog,
    visibility: Visibility,
    _following: JoinSet<()>,
    _dir: TempDir,
}

#[tokio::test]
async fn a_clock_that_is_ahead_forgets_nothing() {
    let world = World::new().await;
    world.counts(1, 0).await;
    world.counts(2, 1).await;
    for ahead in [8, 500, 5_000] {
        world.forget(ahead).await;
        assert_eq!(world.left().await, (2, 2, 2), "{ahead} days ahead");
    }
}

#[tokio::test]
async fn what_is_old_beside_the_latest_flush_is_forgotten() {
    let world = World::new().await;
    world.counts(1, 0).await;
    world.counts(2, 8).await;
    world.forget(8).await;
    assert_eq!(
        world.left().await,
        (1, 1, 2),
        "the decision of the first day, and its batch is kept for longer"
    );
    world.counts(3, 402).await;
    // A gateway's clock is ahead: then it goes by this one.
    world.forget(8).await;
    assert_eq!(world.left().await, (2, 2, 3));
    world.forget(402).await;
    assert_eq!(world.left().await, (1, 1, 2));
}

#[tokio::test]
async fn where_nobody_calls_any_more_time_passes_all_the_same() {
    let world = World::new().await;
    world.counts(1, 0).await;
    let (mut passed, begun) = (CountedTime::default(), Instant::now());
    world.look(0, &mut passed, begun).await;
    // The clock says more than has passed.
    world.look(20, &mut passed, begun + Duration::from_secs(6 * 86_400)).await;
    assert_eq!(world.left().await, (1, 1, 1));
    world.look(20, &mut passed, begun + Duration::from_secs(8 * 86_400)).await;
    assert_eq!(world.left().await, (0, 0, 1));
}

#[tokio::test]
async fn before_anything_is_counted_nothing_is_forgotten() {
    let world = World::new().await;
    world.forget(500).await;
    assert_eq!(world.left().await, (0, 0, 0));
}

impl World {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = EventLog::open_sqlite(&dir.path().join("events.db"), Arc::new(Still)).await.unwrap();
        let usage = UsageLog::open_sqlite(&dir.path().join("usage.db")).await.unwrap();
        let read = ReadModel::open_sqlite(&dir.path().join("read.db")).await.unwrap();
        let followers = Projections::open(read.clone(), log, usage.clone()).await.unwrap();
        let visibility = followers.visibility();
        let mut following = JoinSet::new();
        following.spawn(async move { drop(followers.run(CancellationToken::new()).await) });
        Self { read, usage, visibility, _following: following, _dir: dir }
    }

    /// Has a batch counted that tells of one decision, both of that day.
    async fn counts(&self, sequence: u64, of_day: i64) {
        self.usage.append(Some(batch(sequence, day(of_day))), vec![]).await.unwrap();
        assert!(self.visibility.wait_for_usage(sequence, Duration::from_secs(20)).await);
    }

    async fn forget(&self, now: i64) {
        self.look(now, &mut CountedTime::default(), Instant::now()).await;
    }

    async fn look(&self, now: i64, passed: &mut CountedTime, monotonic: Instant) {
        let keep = Keep { decisions: SignedDuration::from_hours(7 * 24), usage: UsageRetention::default() };
        forget(&self.read, Some(&self.usage), (day(now), monotonic), passed, keep).await.unwrap();
    }

    /// How many decisions there are in the read models, how many in batches, and how many batches.
    async fn left(&self) -> (usize, usize, usize) {
        let (filter, page) = (decisions::DecisionFilter::default(), projections::queries::Page::first(10));
        let rows = decisions::list(&self.read, &filter, &page).await.unwrap();
        let batches = self.usage.read(0, 10).await.unwrap();
        let told = batches.iter().map(|arrived| arrived.batch.decisions.len()).sum();
        (rows.len(), told, batches.len())
    }
}

fn day(day: i64) -> Timestamp {
    "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * day)
}

fn batch(sequence: u64, at: Timestamp) -> UsageBatch {
    let (node, boot) = ("node".to_owned(), "boot".to_owned());
    UsageBatch {
        node,
        boot,
        sequence,
        flushed_at: at,
        facts: vec![],
        throttled: vec![],
        responses: vec![],
        shadow: vec![],
        quota_levels: vec![],
        sightings: vec![],
        addresses: vec![],
        decisions: vec![decision(at)],
        left_out: DecisionsLeftOut::default(),
    }
}

fn decision(at: Timestamp) -> DecisionRecord {
    DecisionRecord {
        id: DecisionId::from_parts(u64::try_from(at.as_millisecond()).unwrap(), 1),
        at,
        environment: "prod".parse().unwrap(),
        outcome: Outcome::Allowed,
        reason: None,
        client_id: None,
        key_id: None,
        secret_version: None,
        route_id: None,
        method: "GET".to_owned(),
        network: None,
        limits: vec![],
        retry_after_seconds: None,
        position: Position::new(1),
        stale: false,
    }
}
