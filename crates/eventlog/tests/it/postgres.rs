//! What only the production engine has: several instances, a sequencer, a schema that refuses.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use domain::{Position, api_client::ApiClient};
use futures::future::join_all;
use sqlx::{Connection as _, Executor as _, PgConnection};
use test_servers::{Database, Postgres, Wire, until};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tollgate_eventlog::{
    EventLog, Execute, ExecuteError, LogFailure, OpenFailure,
    postgres::{PostgresSettings, migrate},
};

use crate::support::{client, clock, metadata, place, register, rename, suspend};

pub(crate) const LONG: Duration = Duration::from_secs(30);

/// One process of an installation, as far as its log goes.
pub(crate) struct Instance {
    pub(crate) log: EventLog,
    pub(crate) database: Database,
    tasks: TaskTracker,
    stop: CancellationToken,
}

fn settings(url: &str) -> PostgresSettings {
    PostgresSettings::new(url.into())
}

impl Instance {
    pub(crate) async fn on_a_new_database() -> Self {
        let database = Postgres::shared().await.unwrap().database().unwrap();
        migrate(&settings(&database.url), None).await.unwrap();
        Self::on(&database).await
    }

    pub(crate) async fn on(database: &Database) -> Self {
        let log = EventLog::open_postgres(&settings(&database.url), clock()).await.unwrap();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        Self { log, database: database.clone(), tasks, stop }
    }

    /// Has it give positions, or stand by to.
    pub(crate) fn sequence(&self) {
        let (log, stop) = (self.log.clone(), self.stop.clone());
        self.tasks.spawn(async move { log.run_sequencer(stop).await });
    }

    pub(crate) fn settings(&self) -> PostgresSettings {
        settings(&self.database.url)
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.log.close().await;
    }

    pub(crate) async fn connection(&self) -> PgConnection {
        let mut connection = PgConnection::connect(&self.database.url).await.unwrap();
        connection.execute("set search_path = tollgate").await.unwrap();
        connection
    }
}

pub(crate) async fn number(connection: &mut PgConnection, statement: &str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(connection).await.unwrap()
}

/// A follower of the naive kind: it takes the highest number it has seen for its checkpoint.
async fn follow_naively(connection: &mut PgConnection, seen: &mut BTreeSet<i64>) {
    let after = seen.last().copied().unwrap_or_default();
    let news: Vec<i64> =
        sqlx::query_scalar("select event_no from events where event_no > $1 order by event_no limit 20")
            .bind(after)
            .fetch_all(connection)
            .await
            .unwrap();
    seen.extend(news);
}

/// An append as another program would make it: one event, committed late.
pub(crate) async fn append_slowly(mut connection: PgConnection, writer: u32, held: CancellationToken) {
    let mut transaction = connection.begin().await.unwrap();
    sqlx::query(
        "with appended as (
             insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, event_id)
             values ('slow', $1, 1, 'slow.happened', '1', '{}', '{}', $1) returning event_no)
         insert into events_pending select event_no, decode(repeat('00', 32), 'hex') from appended",
    )
    .bind(format!("slow-{writer}"))
    .execute(&mut *transaction)
    .await
    .unwrap();
    held.cancelled().await;
    transaction.commit().await.unwrap();
}

/// Every event has a position, positions are contiguous, and every aggregate's events keep their order.
pub(crate) async fn check_order(here: &Instance, events: i64) {
    let mut look = here.connection().await;
    assert_eq!(number(&mut look, "select count(*) from log").await, events);
    assert_eq!(
        number(
            &mut look,
            "select count(*) from events left join log using (event_no) where position is null"
        )
        .await,
        0
    );
    assert_eq!(number(&mut look, "select count(*) from events_pending").await, 0);
    assert_eq!(
        number(&mut look, "select count(*) from (select sequence, lag(sequence) over (partition by aggregate_id order by position) as before
                           from log join events using (event_no)) as ordered where sequence <> coalesce(before, 0) + 1").await,
        0,
        "every aggregate's events keep their order"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_skipped_however_late_it_commits_and_a_naive_reader_does_skip() {
    let here = Instance::on_a_new_database().await;
    here.sequence();
    let (mut naive, mut seen) = (here.connection().await, BTreeSet::new());
    // Sixteen transactions that have their numbers and do not commit, one of them until the end.
    let (release, held) = (CancellationToken::new(), TaskTracker::new());
    for writer in 0..16 {
        held.spawn(append_slowly(here.connection().await, writer, release.clone()));
    }
    let mut watching = here.connection().await;
    until("the slow ones to have their numbers", LONG, async || {
        // A transaction is idle before its statement as well as after it.
        let idle = "select count(*) from pg_stat_activity where state = 'idle in transaction'
                       and query like 'with appended%' and datname = current_database()";
        Ok((number(&mut watching, idle).await == 16).then_some(()))
    })
    .await
    .unwrap();

    let writers = (0..32_u128).map(|writer| {
        let log = here.log.clone();
        async move {
            let mut places = vec![];
            let done = log.execute(register(client(writer))).await.unwrap();
            places.push(place(&log, &done).await);
            for round in 0..8 {
                let done = log.execute(rename(client(writer), &format!("round {round}"))).await.unwrap();
                places.push(place(&log, &done).await);
            }
            places
        }
    });
    let (places, ()) = tokio::join!(join_all(writers), async {
        // What it sees first has a higher number than the slow ones have taken.
        while seen.is_empty() {
            follow_naively(&mut naive, &mut seen).await;
        }
        release.cancel();
    });
    held.close();
    held.wait().await;
    for places in &places {
        assert!(places.is_sorted(), "a client's own commands keep their order: {places:?}");
    }
    let mut head = here.log.watch_head();
    let all = 32 * 9 + 16;
    tokio::time::timeout(LONG, head.wait_for(|head| head.get() == all)).await.unwrap().unwrap();
    check_order(&here, 304).await;
    for _ in 0..40 {
        follow_naively(&mut naive, &mut seen).await;
    }
    // All sixteen at least; on a busy machine an ordinary writer may be late as well.
    assert!(seen.len() <= 304 - 16, "the naive reader skips what committed late, and saw {}", seen.len());
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_transaction_in_another_database_holds_up_nobody() {
    let here = Instance::on_a_new_database().await;
    here.sequence();
    let elsewhere = Postgres::shared().await.unwrap().database().unwrap();
    let mut other = PgConnection::connect(&elsewhere.url).await.unwrap();
    other.execute("create table t (n bigint); begin; insert into t values (1)").await.unwrap();
    let done = here.log.execute(register(client(1))).await.unwrap();
    assert_eq!(place(&here.log, &done).await, Position::new(1));
    other.execute("rollback").await.unwrap();
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_instance_takes_over_within_three_seconds_when_the_one_that_leads_is_cut_off() {
    let one = Instance::on_a_new_database().await;
    let other = Instance::on(&one.database).await;
    one.sequence();
    let done = one.log.execute(register(client(1))).await.unwrap();
    place(&one.log, &done).await;
    other.sequence();
    let mut look = one.connection().await;
    let leader = "select count(pg_terminate_backend(pid)) from pg_locks
                   where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())";
    let ended = number(&mut look, leader).await;
    assert_eq!(ended, 1, "one leads");
    let begun = Instant::now();
    let done = other.log.execute(suspend(client(1))).await.unwrap();
    assert_eq!(place(&other.log, &done).await, Position::new(2));
    assert!(begun.elapsed() < Duration::from_secs(3), "it took {:?}", begun.elapsed());
    other.end().await;
    one.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_session_is_regained_and_nothing_is_lost_meanwhile() {
    let here = Instance::on_a_new_database().await;
    here.sequence();
    let mut look = here.connection().await;
    for round in 0..5_u64 {
        // A connection that has just been ended is found out by using it; nothing was appended then.
        let done = until("a command to get through", LONG, async || {
            match here.log.execute(register(client(round.into()))).await {
                Err(ExecuteError::Failed(LogFailure::Unreachable { .. })) => Ok(None),
                answer => Ok(Some(answer?)),
            }
        });
        let done = done.await.unwrap();
        assert_eq!(place(&here.log, &done).await, Position::new(round + 1));
        let everyone_else = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                              where datname = current_database() and pid <> pg_backend_pid()";
        assert!(number(&mut look, everyone_else).await > 0);
    }
    here.end().await;
}

/// Over a wire: the address with another port.
fn over(wire: &Wire, database: &Database, server: u16) -> PostgresSettings {
    let url = database.url.replace(&format!(":{server}/"), &format!(":{}/", wire.port()));
    PostgresSettings { statement_timeout: Duration::from_secs(1), ..settings(&url) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wire_on_which_nothing_arrives_holds_up_no_command_for_ever() {
    let here = Instance::on_a_new_database().await;
    here.sequence();
    let server = Postgres::shared().await.unwrap().port();
    let wire = Wire::to(server).unwrap();
    let log = EventLog::open_postgres(&over(&wire, &here.database, server), clock()).await.unwrap();
    log.execute(register(client(1))).await.unwrap();
    wire.silence();
    let begun = Instant::now();
    // One is decided on what is warm and has to be appended; the other has to be loaded first.
    let (warm, cold) =
        tokio::join!(log.execute(rename(client(1), "Other")), log.execute(register(client(2))));
    for refused in [warm, cold] {
        let refused = refused.unwrap_err();
        assert!(matches!(refused, ExecuteError::Failed(LogFailure::Unreachable { .. })), "{refused:?}");
    }
    assert!(begun.elapsed() < LONG, "it took {:?}", begun.elapsed());
    wire.heal();
    let asks: [fn() -> Execute<ApiClient>; 2] = [|| rename(client(1), "Other"), || register(client(2))];
    for again in asks {
        let done = until("the wire to be used again", LONG, async || {
            match log.execute(again()).await {
                // What got no answer may have been taken; then there is nothing left to do.
                Ok(_) | Err(ExecuteError::Refused(_)) => Ok(Some(())),
                Err(failure) => Err(failure.into()),
            }
        });
        done.await.unwrap();
    }
    assert_eq!(number(&mut here.connection().await, "select count(*) from events").await, 3, "each once");
    log.close().await;
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wire_that_is_cut_is_a_server_that_is_not_there() {
    let here = Instance::on_a_new_database().await;
    let server = Postgres::shared().await.unwrap().port();
    let wire = Wire::to(server).unwrap();
    let log = EventLog::open_postgres(&over(&wire, &here.database, server), clock()).await.unwrap();
    log.execute(register(client(1))).await.unwrap();
    wire.cut();
    // By what is open still, and by what has to be opened and is closed before the first byte.
    for _ in 0..3 {
        let warm = log.execute(rename(client(1), "Other")).await.unwrap_err();
        let recalled = log.recall("nobody").await.unwrap_err();
        assert!(matches!(warm, ExecuteError::Failed(LogFailure::Unreachable { .. })), "{warm:?}");
        assert!(matches!(recalled, LogFailure::Unreachable { .. }), "{recalled:?}");
    }
    wire.heal();
    log.execute(rename(client(1), "Other")).await.unwrap();
    log.close().await;
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_see_each_others_commands_and_keep_each_others_versions() {
    let one = Instance::on_a_new_database().await;
    let other = Instance::on(&one.database).await;
    one.sequence();
    one.log.execute(register(client(1))).await.unwrap();
    other.log.execute(suspend(client(1))).await.unwrap();
    // What the first has warm is behind by now; it finds out by the conflict.
    let renamed = one.log.execute(rename(client(1), "Other")).await.unwrap();
    assert_eq!(renamed.version, 3);
    let mut stale = suspend(client(1));
    stale.expected_version = Some(1);
    assert!(one.log.execute(stale).await.is_err());
    assert_eq!(place(&one.log, &renamed).await, Position::new(3));
    let mut head = other.log.watch_head();
    tokio::time::timeout(LONG, head.wait_for(|head| head.get() == 3)).await.unwrap().unwrap();
    other.end().await;
    one.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_refuses_to_change_what_was_written() {
    let here = Instance::on_a_new_database().await;
    here.sequence();
    let done = here.log.execute(register(client(1))).await.unwrap();
    place(&here.log, &done).await;
    let mut owner = here.connection().await;
    for statement in [
        "update events set payload = '{}'",
        "delete from events",
        "truncate events cascade",
        "update log set leaf_hash = leaf_hash",
        "delete from log",
        "truncate log",
        "insert into log values (1, 1, decode(repeat('00', 32), 'hex'))",
    ] {
        assert!(owner.execute(statement).await.is_err(), "{statement}");
    }
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_applications_role_may_add_and_not_change() {
    let database = Postgres::shared().await.unwrap().database().unwrap();
    let mut owner = PgConnection::connect(&database.url).await.unwrap();
    let role = format!("app_{}", database.name);
    owner.execute(format!("create role {role} login").as_str()).await.unwrap();
    migrate(&settings(&database.url), Some(&role)).await.unwrap();
    let url = Postgres::shared().await.unwrap().url(&role, &database.name);
    let log = EventLog::open_postgres(&settings(&url), clock()).await.unwrap();
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let (sequenced, stopped) = (log.clone(), stop.clone());
    tasks.spawn(async move { sequenced.run_sequencer(stopped).await });
    let done = log.execute(register(client(1))).await.unwrap();
    assert_eq!(place(&log, &done).await, Position::new(1));
    let mut application = PgConnection::connect(&url).await.unwrap();
    application.execute("set search_path = tollgate").await.unwrap();
    for statement in [
        "alter table events disable trigger all",
        "update events set event_id = event_id",
        "delete from log",
        "truncate events cascade",
        "update events_pending set event_no = 1",
        "drop table commands",
    ] {
        let refused = application.execute(statement).await.unwrap_err();
        let code = refused.as_database_error().and_then(|error| error.code()).unwrap().into_owned();
        assert_eq!(code, "42501", "{statement}: {refused}");
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    log.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_is_not_ours_is_told_apart_at_start() {
    let database = Postgres::shared().await.unwrap().database().unwrap();
    let open = async || EventLog::open_postgres(&settings(&database.url), clock()).await;
    assert!(matches!(open().await, Err(OpenFailure::NotMigrated { .. })), "an empty database");
    migrate(&settings(&database.url), None).await.unwrap();
    migrate(&settings(&database.url), None).await.unwrap();
    open().await.unwrap().close().await;
    let mut owner = PgConnection::connect(&database.url).await.unwrap();
    let newer =
        "insert into tollgate._sqlx_migrations (version, description, success, checksum, execution_time)
                 values (9999, 'of the future', true, '', 0)";
    owner.execute(newer).await.unwrap();
    assert!(matches!(open().await, Err(OpenFailure::Newer { .. })), "a newer one");
    owner.execute("delete from tollgate._sqlx_migrations").await.unwrap();
    assert!(matches!(open().await, Err(OpenFailure::NotMigrated { .. })), "an older one");
    let nowhere = settings("postgres://nobody@127.0.0.1:1/none");
    let failure = EventLog::open_postgres(&nowhere, clock()).await.unwrap_err();
    assert!(matches!(failure, OpenFailure::Server { .. }), "{failure}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_breach_of_another_constraint_is_a_failure_and_no_conflict() {
    let here = Instance::on_a_new_database().await;
    let mut owner = here.connection().await;
    owner.execute("create unique index by_actor on events ((metadata ->> 'actor'))").await.unwrap();
    here.log.execute(register(client(1))).await.unwrap();
    let answer = here.log.execute(register(client(2))).await;
    assert!(
        matches!(
            answer,
            Err(tollgate_eventlog::ExecuteError::Failed(tollgate_eventlog::LogFailure::Append { .. }))
        ),
        "{answer:?} of {}",
        metadata().actor
    );
    here.end().await;
}
