//! Two processes on one read model: one moves each projection, the other takes over.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use domain::{Position, api_client::ApiClient};
use eventlog::{EventLog, usage::UsageLog};
use sqlx::PgPool;
use tempfile::TempDir;
use test_servers::{Database, Postgres, until};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    ALL, FollowFailure, Projections, ReadModel, RebuildFailure, USAGE, Visibility,
    follow::tests::CHOKING,
    rebuild,
    testing::{
        client, dump, event_log, execute, migrated, migrated_in, pool, register, usage_batch, usage_log,
        write_log,
    },
};

const LONG: Duration = Duration::from_secs(30);
/// How long a projection may stand still when its process is gone.
const TAKE_OVER: Duration = Duration::from_secs(3);

/// Projections in one process, usage among them: each has a session of its own.
fn each() -> usize {
    ALL.len() + 1
}

/// The log that all processes of a test follow, and their database.
struct World {
    _dir: TempDir,
    database: Database,
    admin: PgPool,
    log: EventLog,
    usage: UsageLog,
}

/// One process: a pool of its own, and projections under way.
struct Instance {
    model: ReadModel,
    visibility: Visibility,
    stop: CancellationToken,
    running: JoinSet<Result<(), FollowFailure>>,
}

impl World {
    async fn new() -> Self {
        let (database, admin) = migrated().await;
        Self::on(database, admin).await
    }

    async fn on(database: Database, admin: PgPool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (log, usage) = (event_log(dir.path()).await, usage_log(dir.path()).await);
        Self { _dir: dir, database, admin, log, usage }
    }

    async fn instance(&self, name: &str) -> Instance {
        let model = ReadModel::open_postgres(pool(&self.database).await).await.unwrap();
        let projections =
            Projections::open(model.clone(), self.log.clone(), self.usage.clone()).await.unwrap();
        let projections = projections.named(name);
        let (visibility, stop) = (projections.visibility(), CancellationToken::new());
        let mut running = JoinSet::new();
        running.spawn(projections.run(stop.clone()));
        Instance { model, visibility, stop, running }
    }

    async fn register(&self, n: u64) -> Position {
        execute::<ApiClient>(&self.log, client(n), register("Acme")).await
    }

    /// Who moves each projection, in the order of their names.
    async fn owners(&self) -> Vec<Option<String>> {
        let owners = sqlx::query_scalar("select owner from checkpoints order by name");
        owners.fetch_all(&self.admin).await.unwrap()
    }

    async fn all_moved_by(&self, name: &str) {
        let moved = async || {
            let owners = self.owners().await;
            let all =
                owners.len() == ALL.len() + 1 && owners.iter().all(|owner| owner.as_deref() == Some(name));
            Ok(all.then_some(()))
        };
        until("every projection to be moved by one process", LONG, moved).await.unwrap();
    }

    /// What all processes together have written is what one would write.
    async fn agrees_with_a_rebuild(&self) {
        let model = ReadModel::open_postgres(pool(&self.database).await).await.unwrap();
        let followed = dump(&model).await;
        rebuild(&model, &self.log, &self.usage, None, |_, _| {}).await.unwrap();
        assert_eq!(dump(&model).await, followed);
    }
}

impl Instance {
    async fn stop(mut self) {
        self.stop.cancel();
        self.running.join_next().await.unwrap().unwrap().unwrap();
    }

    /// Ends as a process does that is killed: nothing is finished, its connections are closed.
    async fn kill(mut self) {
        self.running.shutdown().await;
    }

    fn active(&self) -> usize {
        self.visibility.status().iter().filter(|status| status.active).count()
    }
}

#[tokio::test]
async fn each_projection_is_moved_by_one_and_seen_by_all() {
    let world = World::new().await;
    let one = world.instance("one").await;
    world.all_moved_by("one").await;
    let two = world.instance("two").await;
    for n in 1..=20 {
        let position = world.register(n).await;
        assert!(
            two.visibility.wait_for(position, LONG).await && one.visibility.wait_for(position, LONG).await
        );
    }
    world.usage.append(Some(usage_batch(1, 5)), vec![]).await.unwrap();
    assert!(two.visibility.wait_for_usage(1, LONG).await);
    assert_eq!((one.active(), two.active()), (ALL.len() + 1, 0));
    // Let go of in order, nobody waits for a time-out.
    one.stop().await;
    world.all_moved_by("two").await;
    two.stop().await;
    world.agrees_with_a_rebuild().await;
}

#[tokio::test]
async fn a_process_that_is_killed_is_followed_by_another() {
    let world = World::new().await;
    let one = world.instance("one").await;
    world.all_moved_by("one").await;
    let two = world.instance("two").await;
    let written = write_log(&world.log, "Acme").await;
    assert!(two.visibility.wait_for(written, LONG).await);
    one.kill().await;
    let gone = Instant::now();
    let position = world.register(20).await;
    assert!(two.visibility.wait_for(position, TAKE_OVER).await, "{:?}", two.visibility);
    world.all_moved_by("two").await;
    println!("taken over in {:?}", gone.elapsed());
    assert!(gone.elapsed() < TAKE_OVER);
    two.stop().await;
    world.agrees_with_a_rebuild().await;
}

#[tokio::test]
async fn a_process_whose_sessions_are_cut_makes_room_for_another() {
    let world = World::new().await;
    let one = world.instance("one").await;
    world.all_moved_by("one").await;
    let two = world.instance("two").await;
    let written = write_log(&world.log, "Acme").await;
    assert!(two.visibility.wait_for(written, LONG).await);
    let cut = sqlx::query_scalar::<_, bool>(
        "select pg_terminate_backend(pid) from pg_locks
          where locktype = 'advisory' and granted
            and database = (select oid from pg_database where datname = current_database())",
    );
    let cut = cut.fetch_all(&world.admin).await.unwrap();
    assert_eq!(cut, vec![true; each()], "one session for each projection");
    let gone = Instant::now();
    let position = world.register(20).await;
    let (first, second) =
        tokio::join!(one.visibility.wait_for(position, LONG), two.visibility.wait_for(position, LONG));
    assert!(first && second);
    // The one that was cut may go on until it notices; then it stands back, and the other has its turn.
    world.all_moved_by("two").await;
    println!("taken over in {:?}", gone.elapsed());
    assert!(gone.elapsed() < TAKE_OVER);
    let settled = async || Ok((one.active() == 0 && two.active() == each()).then_some(()));
    until("the first to stand by", LONG, settled).await.unwrap();
    let position = world.register(21).await;
    assert!(one.visibility.wait_for(position, LONG).await, "it sees what the other writes");
    one.stop().await;
    two.stop().await;
    world.agrees_with_a_rebuild().await;
}

#[tokio::test]
async fn turns_that_change_under_load_lose_and_repeat_nothing() {
    let world = World::new().await;
    let (mut standing, mut sequence) = (world.instance("0").await, 0);
    for round in 1..=3_u64 {
        let next = world.instance(&round.to_string()).await;
        let mut last = Position::START;
        for n in 0..60 {
            last = world.register(round * 1_000 + n).await;
            sequence += 1;
            world.usage.append(Some(usage_batch(sequence, 5)), vec![]).await.unwrap();
            if n == 30 {
                standing.kill().await;
                standing = world.instance("between").await;
            }
        }
        standing.kill().await;
        standing = next;
        assert!(standing.visibility.wait_for(last, LONG).await, "{:?}", standing.visibility);
        assert!(standing.visibility.wait_for_usage(sequence, LONG).await);
    }
    standing.stop().await;
    world.agrees_with_a_rebuild().await;
}

#[tokio::test]
async fn a_server_that_crashes_is_caught_up_with() {
    let mut postgres = Postgres::durable().await.unwrap();
    let (database, admin) = migrated_in(&postgres).await;
    let world = World::on(database, admin).await;
    let one = world.instance("one").await;
    for n in 1..=50 {
        world.register(n).await;
        world.usage.append(Some(usage_batch(n, 5)), vec![]).await.unwrap();
    }
    let seen = one.visibility.wait_for(Position::new(25), LONG).await;
    assert!(seen);
    postgres.kill_9().unwrap();
    for n in 51..=60 {
        world.register(n).await;
    }
    postgres.start_again().await.context("after the crash").unwrap();
    assert!(one.visibility.wait_for(world.log.head(), LONG).await, "{:?}", one.visibility);
    assert!(one.visibility.wait_for_usage(50, LONG).await);
    one.stop().await;
    world.agrees_with_a_rebuild().await;
}

#[tokio::test]
async fn a_rebuild_does_not_come_between_a_running_process_and_its_rows() {
    let world = World::new().await;
    let one = world.instance("one").await;
    world.all_moved_by("one").await;
    for name in [None, Some("audit_log"), Some(USAGE)] {
        let refused = rebuild(&one.model, &world.log, &world.usage, name, |_, _| {}).await;
        assert!(matches!(refused, Err(RebuildFailure::Busy { .. })), "{name:?}: {refused:?}");
    }
    one.stop().await;
    world.agrees_with_a_rebuild().await;
}

#[tokio::test]
async fn the_one_that_stands_by_says_why_the_other_halted() {
    let world = World::new().await;
    let head = write_log(&world.log, "Acme").await;
    let model = ReadModel::open_postgres(pool(&world.database).await).await.unwrap();
    let choking =
        Projections::open_these(&[&CHOKING], model, world.log.clone(), world.usage.clone()).await.unwrap();
    let (visibility, stop) = (choking.visibility(), CancellationToken::new());
    let mut running = JoinSet::new();
    running.spawn(choking.run(stop.clone()));
    assert!(!visibility.wait_for(head, LONG).await);
    let two = world.instance("two").await;
    let said = async || Ok(two.visibility.status()[0].halted.clone());
    let why = until("the reason to be seen", LONG, said).await.unwrap();
    assert!(why.contains("position 4"), "{why}");
    assert!(!two.visibility.wait_for(head, LONG).await, "known at once, not after the bound");
    // The next to have the turn tries again; this one can take the event.
    stop.cancel();
    running.join_next().await.unwrap().unwrap().unwrap();
    let goes_on = async || Ok(two.visibility.wait_for(head, LONG).await.then_some(()));
    until("the projection to go on", LONG, goes_on).await.unwrap();
    assert!(two.visibility.status().iter().all(|status| status.halted.is_none()));
    two.stop().await;
}
