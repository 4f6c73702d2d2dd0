//! Moving a log by a file: the same on the other side, whatever happens on the way.

#[path = "transfer/forged.rs"]
mod forged;
#[path = "transfer/refused.rs"]
mod refused;
#[path = "transfer/resumed.rs"]
mod resumed;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use domain::{Position, Recorded};
use futures::future::join_all;
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use test_servers::{Database, Postgres};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tollgate_eventlog::{
    EventLog, Execute, Idempotency, installation,
    postgres::{PostgresSettings, migrate},
    transfer::{Destination, Origin, Summary, TransferFailure, Verified, export},
};

use crate::support::{address, client, clock, email, now, open, register, rename, suspend};

const LONG: Duration = Duration::from_secs(30);

fn origin() -> Origin {
    Origin {
        tollgate: "0.1.0".to_owned(),
        source: "here".to_owned(),
        exported_at: now(),
        secrets: [("signing.key".to_owned(), "ab".repeat(16))].into(),
    }
}

async fn write(log: &EventLog, file: &Path) -> Result<Summary, TransferFailure> {
    export(log, file, origin(), &mut |_, _, _| ()).await
}

fn verify(file: &Path) -> Result<Verified, TransferFailure> {
    Verified::read(file, &mut |_, _, _| ())
}

async fn import(file: &Path, destination: &Destination<'_>) -> Result<(), TransferFailure> {
    verify(file)?.import(destination, &mut |_, _, _| ()).await
}

fn named(
    mut ask: Execute<domain::api_client::ApiClient>,
    key: &str,
) -> Execute<domain::api_client::ApiClient> {
    ask.idempotency = Some(Idempotency { key: format!("bootstrap-admin:{key}"), request_digest: [5; 32] });
    ask
}

const NAME: &str = "Two \"words\" \\ ü\u{1F600}";

/// A log of the embedded engine with `3 * clients` events; all but the last in named commands.
async fn filled(dir: &Path, clients: u128) -> EventLog {
    let log = open(dir).await;
    // One after the other, so that it is the same log on a busy machine.
    let registered = (0..clients).map(|n| log.execute(named(register(client(n)), &format!("Ärger {n}"))));
    assert!(join_all(registered).await.iter().all(Result::is_ok));
    let renamed = (0..clients).map(|n| log.execute(rename(client(n), NAME)));
    assert!(join_all(renamed).await.iter().all(Result::is_ok));
    let suspended = (0..clients).map(|n| log.execute(named(suspend(client(n)), &format!("s{n}"))));
    assert!(join_all(suspended).await.iter().all(Result::is_ok));
    // One that had nothing to say.
    log.execute(named(rename(client(0), NAME), "again")).await.unwrap();
    log
}

/// All that a log answers, in words that mean the same on every engine.
#[derive(Debug, PartialEq)]
struct Answers {
    root: [u8; 32],
    events: Vec<Recorded>,
    altered: Vec<Position>,
    remembered: Vec<(String, [u8; 32], String, u64, Position)>,
}

async fn answers(log: &EventLog) -> Answers {
    let mut remembered = vec![];
    for key in ["Ärger 0", "s0", "Ärger 7", "s7", "again"] {
        let known = log.recall(&format!("bootstrap-admin:{key}")).await.unwrap().unwrap();
        let position = log.position(known.place, LONG).await.unwrap();
        remembered.push((key.to_owned(), known.request_digest, known.aggregate_id, known.version, position));
    }
    Answers {
        root: log.tree(log.head()).await.unwrap().root(),
        events: log.read(Position::START, 10_000).await.unwrap(),
        altered: log.altered(log.head()).await.unwrap().1,
        remembered,
    }
}

fn settings(database: &Database) -> PostgresSettings {
    PostgresSettings::new(database.url.as_str().into())
}

async fn prepared_database() -> Database {
    let database = Postgres::shared().await.unwrap().database().unwrap();
    migrate(&settings(&database), None).await.unwrap();
    database
}

async fn open_database(database: &Database) -> EventLog {
    EventLog::open_postgres(&settings(database), clock()).await.unwrap()
}

fn event_lines(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    text.lines().filter(|line| line.starts_with("{\"event\"")).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_moves_to_the_other_engine_and_back_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    let log = filled(dir.path(), 500).await;
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    let summary = write(&log, &first).await.unwrap();
    assert_eq!((summary.size, summary.commands, summary.personal_values), (1_500, 1_001, 2_000));
    assert_eq!(summary.secrets["signing.key"], "ab".repeat(16));
    assert_eq!(fs::metadata(&first).unwrap().permissions().mode() & 0o777, 0o600);
    let expected = answers(&log).await;
    assert_eq!((summary.root, expected.altered.as_slice()), (expected.root, [].as_slice()));

    let database = prepared_database().await;
    import(&first, &Destination::Postgres(&settings(&database))).await.unwrap();
    let moved = open_database(&database).await;
    assert_eq!(answers(&moved).await, expected);
    write(&moved, &second).await.unwrap();
    assert_eq!(event_lines(&second), event_lines(&first));
    moved.close().await;

    let back = tempfile::tempdir().unwrap();
    import(&second, &Destination::Sqlite(&back.path().join("events.db"))).await.unwrap();
    let returned = open(back.path()).await;
    assert_eq!(answers(&returned).await, expected);
    let third = back.path().join("third");
    write(&returned, &third).await.unwrap();
    assert_eq!(fs::read(&third).unwrap(), fs::read(&first).unwrap(), "of the same log, the same file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_has_moved_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    write(&filled(dir.path(), 8).await, &file).await.unwrap();
    let database = prepared_database().await;
    import(&file, &Destination::Postgres(&settings(&database))).await.unwrap();
    let log = open_database(&database).await;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let (sequenced, stopped) = (log.clone(), stop.clone());
    tasks.spawn(async move { sequenced.run_sequencer(stopped).await });
    let done = log.execute(rename(client(3), "After the move")).await.unwrap();
    assert_eq!((done.version, log.position(done.place, LONG).await.unwrap()), (4, Position::new(25)));
    let again = log.execute(named(register(client(99)), "Ärger 3")).await;
    assert!(matches!(again, Err(tollgate_eventlog::ExecuteError::Repeated(_))), "{again:?}");
    assert_eq!(log.altered(Position::new(25)).await.unwrap(), (25, vec![]));
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    log.close().await;
}

/// As the operator does who is asked to: the rows of a subject, nothing else.
async fn erase(dir: &Path, subject: domain::ClientId) {
    let name = dir.join("events.db");
    let mut owner = SqliteConnection::connect(name.to_str().unwrap()).await.unwrap();
    let statement = format!("delete from personal_data where subject = '{subject}'");
    assert!(owner.execute(statement.as_str()).await.unwrap().rows_affected() > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn erased_personal_values_stay_erased() {
    let dir = tempfile::tempdir().unwrap();
    let (log, file) = (filled(dir.path(), 8).await, dir.path().join("file"));
    erase(dir.path(), client(3)).await;
    write(&log, &file).await.unwrap();
    let database = prepared_database().await;
    import(&file, &Destination::Postgres(&settings(&database))).await.unwrap();
    let moved = open_database(&database).await;
    let events = moved.read(Position::START, 100).await.unwrap();
    let has_email = |number: u128| {
        let of = |event: &&Recorded| event.event.subject() == client(number).to_string();
        events.iter().filter(of).any(|event| event.personal.contains_key(&email().commitment()))
    };
    assert_eq!((has_email(2), has_email(3)), (true, false));
    assert!(
        events.iter().all(|event| event.personal.contains_key(&address().commitment())),
        "the caller's stays"
    );
    assert_eq!(moved.altered(moved.head()).await.unwrap().1, []);
    moved.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_is_of_the_log_as_it_stood_when_it_began_however_much_is_added_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    write(&filled(dir.path(), 500).await, &file).await.unwrap();
    let database = prepared_database().await;
    import(&file, &Destination::Postgres(&settings(&database))).await.unwrap();
    let log = open_database(&database).await;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let (sequenced, stopped) = (log.clone(), stop.clone());
    tasks.spawn(async move { sequenced.run_sequencer(stopped).await });
    let (running, second) = (dir.path().join("running"), dir.path().join("second"));
    let adding = join_all(
        (0..50).map(|number| log.execute(named(rename(client(number), "Later"), &format!("l{number}")))),
    );
    let (summary, added) = tokio::join!(write(&log, &running), adding);
    let (summary, added) = (summary.unwrap(), added.into_iter().filter(Result::is_ok).count());
    assert_eq!(added, 50);
    assert!((1_500..1_550).contains(&summary.size), "{summary:?}");
    let verified = verify(&running).unwrap();
    assert_eq!(log.tree(Position::new(summary.size)).await.unwrap().root(), verified.summary().root);
    let mut head = log.watch_head();
    tokio::time::timeout(LONG, head.wait_for(|head| head.get() == 1_550)).await.unwrap().unwrap();
    assert_eq!(write(&log, &second).await.unwrap().size, 1_550);
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    log.close().await;
}

#[test]
fn a_fingerprint_tells_secret_files_apart() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for dir in [&one, &other] {
        let opened = installation::Installation::open(dir.path()).unwrap();
        opened.peppers().unwrap();
        opened.signing_key().unwrap();
    }
    let (first, second) =
        (installation::fingerprints(one.path()).unwrap(), installation::fingerprints(other.path()).unwrap());
    assert_eq!(first.keys().collect::<Vec<_>>(), ["pepper.1.key", "signing.key"]);
    assert_eq!(first, installation::fingerprints(one.path()).unwrap());
    assert!(first.iter().all(|(name, fingerprint)| second[name] != *fingerprint));
    let secret = fs::read_to_string(one.path().join("pepper.1.key")).unwrap();
    assert!(!secret.contains(&first["pepper.1.key"]), "it is no part of the secret");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_role_that_may_only_add_is_enough_to_import_and_to_export() {
    let dir = tempfile::tempdir().unwrap();
    let (file, again) = (dir.path().join("file"), dir.path().join("again"));
    write(&filled(dir.path(), 8).await, &file).await.unwrap();
    let postgres = Postgres::shared().await.unwrap();
    let database = postgres.database().unwrap();
    let role = format!("mover_{}", database.name);
    postgres.sql(&database.name, &format!("create role {role} login")).unwrap();
    migrate(&settings(&database), Some(&role)).await.unwrap();
    let as_role = Database { url: postgres.url(&role, &database.name), name: database.name };
    import(&file, &Destination::Postgres(&settings(&as_role))).await.unwrap();
    let log = open_database(&as_role).await;
    write(&log, &again).await.unwrap();
    assert_eq!(event_lines(&again), event_lines(&file));
    log.close().await;
}
