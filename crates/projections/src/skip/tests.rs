//! An event that a projection cannot take stops it alone, and an operator's word in the log lets it past: now, after a
//! restart, in a rebuild.

use std::{sync::Arc, time::Duration};

use domain::{
    EventId,
    api_client::ApiClient,
    projection::{ProjectionCommand, SkipEvent},
};
use eventlog::{
    canonical,
    postgres::{self, PostgresSettings},
    usage::UsageLog,
};
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use test_servers::{Database, Postgres, until};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    ALL, ProjectionStatus, Projections, RebuildFailure, Row, Rows, Visibility, migrate_postgres, rebuild,
    testing::{
        Engine, Standing, at, client, dump, event_log, eventful, execute, metadata, on_every_engine, pool,
        register, rows_of, usage_log, write_log,
    },
};

on_every_engine!(
    an_event_that_does_not_fit_is_left_out_when_an_operator_says_so,
    an_event_of_an_unknown_version_is_left_out_when_an_operator_says_so,
    a_rebuild_stops_at_what_nobody_has_said_to_leave_out,
);

const LONG: Duration = Duration::from_secs(30);
/// Behind the 11 events of [`write_log`].
const POISON: u64 = 12;
/// The suspension of a client that was never registered: the directory of clients has no row for it.
const UNFITTING: &str = "1";
/// What a later program may have written.
const UNKNOWN: &str = "99";

/// A log and read models on one engine.
struct World {
    dir: TempDir,
    model: ReadModel,
    log: EventLog,
    usage: UsageLog,
    /// With what gives positions there.
    postgres: Option<(Database, JoinSet<()>)>,
}

impl World {
    /// Eleven events, one that was written by hand in this version, and one more.
    async fn with_poison(on: Engine, version: &str) -> Self {
        let mut here = match on {
            Engine::Sqlite => Self::on_sqlite().await,
            Engine::Postgres => Self::on_postgres().await,
        };
        write_log(&here.log, "Acme").await;
        here.write_by_hand(version).await;
        let behind = execute::<ApiClient>(&here.log, client(20), register("Late")).await;
        assert_eq!(behind.get(), POISON + 1);
        here
    }

    async fn on_sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let model = ReadModel::open_sqlite(&dir.path().join("read.db")).await.unwrap();
        let (log, usage) = (event_log(dir.path()).await, usage_log(dir.path()).await);
        Self { dir, model, log, usage, postgres: None }
    }

    async fn on_postgres() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = Postgres::shared().await.unwrap().database().unwrap();
        let settings = PostgresSettings::new(database.url.as_str().into());
        postgres::migrate(&settings, None).await.unwrap();
        let log = EventLog::open_postgres(&settings, Arc::new(Standing(at(0)))).await.unwrap();
        let pool = pool(&database).await;
        migrate_postgres(&pool, None).await.unwrap();
        let model = ReadModel::open_postgres(pool).await.unwrap();
        let (sequencing, mut tasks) = (log.clone(), JoinSet::new());
        tasks.spawn(async move { sequencing.run_sequencer(CancellationToken::new()).await });
        let usage = usage_log(dir.path()).await;
        Self { dir, model, log, usage, postgres: Some((database, tasks)) }
    }

    /// Straight into the store, past all rules.
    async fn write_by_hand(&mut self, version: &str) {
        let event = by_hand(version);
        match &self.postgres {
            Some((database, _)) => {
                write_to_postgres(database, &event).await;
                let mut head = self.log.watch_head();
                let there = head.wait_for(|head| head.get() == POISON);
                drop(tokio::time::timeout(LONG, there).await.unwrap().unwrap());
            }
            None => {
                self.log.close().await;
                write_to_sqlite(self.dir.path(), &event);
                self.log = event_log(self.dir.path()).await;
            }
        }
    }

    /// Puts an operator's word into the log, whether the projection has stopped there or not.
    async fn say(&self, name: &str, position: u64) -> Position {
        let position = Position::new(position);
        let reason = "written by a broken release".parse().unwrap();
        let skip = ProjectionCommand::Skip(SkipEvent { position, halted_at: Some(position), reason });
        execute::<Operated>(&self.log, name.parse().unwrap(), skip).await
    }

    async fn while_following(&self, happens: impl AsyncFnOnce(Visibility)) {
        let (model, log, usage) = (self.model.clone(), self.log.clone(), self.usage.clone());
        let projections = Projections::open(model, log, usage).await.unwrap();
        let (visibility, stop) = (projections.visibility(), CancellationToken::new());
        let running = projections.run(stop.clone());
        let happening = async {
            happens(visibility).await;
            stop.cancel();
        };
        let (ran, ()) = tokio::join!(running, happening);
        ran.unwrap();
    }

    /// Waits until these have stopped before the poison, and all others have everything.
    async fn stands(&self, visibility: &Visibility, stopped: &[&str]) {
        let head = self.log.head();
        let stands = |status: &ProjectionStatus| match stopped.contains(&status.name) {
            true => status.halted.is_some() && status.position.get() == POISON - 1,
            false => status.halted.is_none() && status.position == head,
        };
        let all = async || {
            let status = visibility.status();
            let events = status.iter().filter(|status| status.name != crate::USAGE);
            anyhow::ensure!(events.clone().all(stands), "{stopped:?} of {status:?}");
            Ok(Some(()))
        };
        until("the projections to stand", LONG, all).await.unwrap();
    }

    async fn rebuild(&self, name: Option<&str>) -> Result<(), RebuildFailure> {
        rebuild(&self.model, &self.log, &self.usage, name, |_, _| {}).await
    }

    async fn dump(&self) -> Vec<(&'static str, Vec<Row>)> {
        dump(&self.model).await
    }

    async fn halted(&self, name: &str) -> Option<String> {
        let standings = self.model.standings().await.unwrap();
        standings.into_iter().find(|standing| standing.name == name).unwrap().halted
    }
}

fn by_hand(version: &str) -> StoredEvent {
    let event = StoredEvent {
        position: Position::new(POISON),
        event_no: 0,
        leaf_hash: [0; 32],
        aggregate_type: "api_client".to_owned(),
        aggregate_id: client(9).to_string(),
        sequence: 1,
        event_type: "api_client.suspended".to_owned(),
        event_version: version.to_owned(),
        payload: r#"{"event":"suspended","reason":"Unpaid invoice"}"#.to_owned(),
        metadata: canonical::to_text(&metadata(at(0))).unwrap(),
        event_id: EventId::from_parts(1_767_225_600_000, 9).to_string(),
        recorded_at: at(0).to_string(),
    };
    StoredEvent { leaf_hash: event.audited_leaf(), ..event }
}

fn write_to_sqlite(dir: &std::path::Path, event: &StoredEvent) {
    let file = rusqlite::Connection::open(dir.join("events.db")).unwrap();
    let sql = "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, \
               metadata, event_id, recorded_at) values (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8)";
    let StoredEvent { aggregate_type, aggregate_id, event_type, event_version, payload, .. } = event;
    let StoredEvent { metadata, event_id, recorded_at, leaf_hash, .. } = event;
    let values = [aggregate_type, aggregate_id, event_type, event_version, payload, metadata, event_id];
    file.execute(sql, rusqlite::params_from_iter(values.into_iter().chain([recorded_at]))).unwrap();
    let place = "insert into log (position, event_no, leaf_hash) values (?1, ?2, ?3)";
    file.execute(place, (12, file.last_insert_rowid(), leaf_hash)).unwrap();
}

async fn write_to_postgres(database: &Database, event: &StoredEvent) {
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let sql = "with written as (insert into tollgate.events (aggregate_type, aggregate_id, sequence, event_type, \
               event_version, payload, metadata, event_id, recorded_at) \
               values ($1, $2, 1, $3, $4, $5::json, $6::json, $7, $8::timestamptz) returning event_no) \
               insert into tollgate.events_pending (event_no, leaf_hash) select event_no, $9 from written";
    let StoredEvent { aggregate_type, aggregate_id, event_type, event_version, payload, .. } = event;
    let StoredEvent { metadata, event_id, recorded_at, leaf_hash, .. } = event;
    let texts = [aggregate_type, aggregate_id, event_type, event_version, payload, metadata, event_id];
    let query = texts.into_iter().chain([recorded_at]).fold(sqlx::query(sql), |query, text| query.bind(text));
    query.bind(leaf_hash.as_slice()).execute(&mut connection).await.unwrap();
}

async fn an_event_that_does_not_fit_is_left_out_when_an_operator_says_so(on: Engine) {
    left_out(on, UNFITTING, &["client_directory"], "api_client.suspended at position 12").await;
}

async fn an_event_of_an_unknown_version_is_left_out_when_an_operator_says_so(on: Engine) {
    // Of the others it is none: they need not be able to decode it.
    left_out(on, UNKNOWN, &["client_directory", "audit_log"], "version 99").await;
}

async fn left_out(on: Engine, version: &str, stops: &[&str], why: &str) {
    let here = World::with_poison(on, version).await;
    here.while_following(async |visibility| here.stands(&visibility, stops).await).await;
    for name in stops {
        let halted = here.halted(name).await.unwrap();
        assert!(halted.contains(why), "{name}: {halted}");
    }
    // Words about another event and another projection are of no use.
    here.say("client_directory", POISON - 1).await;
    here.say("key_directory", POISON).await;
    here.while_following(async |visibility| {
        here.stands(&visibility, stops).await;
        for (told, name) in (1..).zip(stops) {
            let said = here.say(name, POISON).await;
            let of = |status: &ProjectionStatus| status.name == *name && status.position >= said;
            let on = async || Ok(visibility.status().iter().any(of).then_some(()));
            until("it to go on", LONG, on).await.unwrap();
            here.stands(&visibility, &stops[told..]).await;
        }
    })
    .await;
    let followed = here.dump().await;
    let head = usize::try_from(here.log.head().get()).unwrap();
    // Everything but the poison is there, the operators' words among it.
    assert_eq!(rows_of(&followed, "client_directory").len(), 4);
    let entries = rows_of(&followed, "audit_log");
    assert_eq!(entries.len(), head - usize::from(stops.contains(&"audit_log")));
    assert!(format!("{entries:?}").contains("projection.event_skipped"));

    here.while_following(async |visibility| here.stands(&visibility, &[]).await).await;
    assert_eq!(here.dump().await, followed, "started again");
    here.rebuild(None).await.unwrap();
    assert_eq!(here.dump().await, followed, "all made again");
    here.rebuild(Some("client_directory")).await.unwrap();
    assert_eq!(here.dump().await, followed, "one made again");
    here.while_following(async |visibility| here.stands(&visibility, &[]).await).await;
}

async fn a_rebuild_stops_at_what_nobody_has_said_to_leave_out(on: Engine) {
    for version in [UNFITTING, UNKNOWN] {
        let here = World::with_poison(on, version).await;
        here.say("client_directory", POISON - 1).await;
        here.say("key_directory", POISON).await;
        let failure = here.rebuild(None).await.unwrap_err();
        assert!(matches!(failure, RebuildFailure::Halted { projection: "client_directory", .. }));
        let checkpoint = here.model.checkpoint("client_directory").await.unwrap();
        assert_eq!(checkpoint.get(), POISON - 1);
        // Beside the checkpoint, where the command that leaves it out looks.
        let halted = here.halted("client_directory").await.unwrap();
        assert!(failure.to_string().contains(&halted), "{failure}: {halted}");
        here.say("client_directory", POISON).await;
        here.rebuild(Some("client_directory")).await.unwrap();
        assert_eq!(here.model.checkpoint("client_directory").await.unwrap(), here.log.head());
        assert_eq!(here.halted("client_directory").await, None);
    }
}

#[tokio::test]
async fn a_word_finds_whoever_has_taken_over_from_a_process_that_died() {
    let here = World::with_poison(Engine::Postgres, UNFITTING).await;
    let (database, _) = here.postgres.as_ref().unwrap();
    let mut processes = vec![];
    for _ in 0..2 {
        let model = ReadModel::open_postgres(pool(database).await).await.unwrap();
        let projections = Projections::open(model, here.log.clone(), here.usage.clone()).await.unwrap();
        let (visibility, mut running) = (projections.visibility(), JoinSet::new());
        running.spawn(projections.run(CancellationToken::new()));
        here.stands(&visibility, &["client_directory"]).await;
        processes.push((visibility, running));
    }
    // Dropped wherever it is, its sessions with it.
    let (visibility, running) = processes.remove(0);
    assert!(visibility.status().iter().all(|status| status.active), "the first one had every turn");
    drop(running);
    here.say("client_directory", POISON).await;
    let (visibility, _running) = processes.remove(0);
    here.stands(&visibility, &[]).await;
    let active = visibility.status().into_iter().find(|status| status.name == "client_directory").unwrap();
    assert!(active.active, "it was let past by the second one");
}

#[tokio::test]
async fn a_word_is_about_one_event_and_one_projection() {
    let here = World::with_poison(Engine::Sqlite, UNKNOWN).await;
    let mut skips = Skips::default();
    here.say("client_directory", 7).await;
    for (name, position, expected) in
        [("client_directory", 8, false), ("key_directory", 7, false), ("client_directory", 7, true)]
    {
        let said = skips.has(&here.log, name, Position::new(position)).await.unwrap();
        assert_eq!(said, expected, "{name} at {position}");
    }
    assert!(!skips.has(&here.log, "key_directory", Position::new(9)).await.unwrap());
    here.say("key_directory", 9).await;
    assert!(skips.has(&here.log, "key_directory", Position::new(9)).await.unwrap(), "said since");
}

#[test]
fn what_a_projection_does_not_take_changes_nothing_of_it() {
    for recorded in eventful().events {
        let (aggregate_type, _) = recorded.event.event_type().split_once('.').unwrap();
        let passing = ALL.iter().filter(|projection| !projection.takes(aggregate_type));
        for projection in passing {
            assert_eq!(projection.keys(&recorded), [], "{}", projection.name());
            assert_eq!(projection.fold(&Rows::default(), &recorded), Ok(vec![]), "{}", projection.name());
        }
        assert!(ALL.iter().filter(|projection| projection.takes(aggregate_type)).count() >= 2);
    }
}
