//! Moving a log by a file: the same on the other side, whatever happens on the way.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use domain::{Position, Recorded};
use futures::future::join_all;
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};
use test_servers::{Database, Postgres, until};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tollgate_eventlog::{
    EventLog, Execute, Idempotency, OpenFailure, installation,
    postgres::{PostgresSettings, migrate},
    transfer::{Destination, Origin, Stage, Summary, TransferFailure, Verified, export},
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

/// The import, abandoned after its first batch.
async fn import_and_drop(file: &Path, destination: &Destination<'_>) {
    let (verified, begun) = (verify(file).unwrap(), Notify::new());
    let mut progress = |stage, done, total| {
        if stage == Stage::Importing {
            assert!(done < total, "it is cut off in the middle");
            begun.notify_one();
        }
    };
    tokio::select! {
        done = verified.import(destination, &mut progress) => panic!("it came to its end: {done:?}"),
        () = begun.notified() => {}
    }
}

fn named(
    mut ask: Execute<domain::api_client::ApiClient>,
    key: &str,
) -> Execute<domain::api_client::ApiClient> {
    ask.idempotency = Some(Idempotency { key: format!("bootstrap-admin:{key}"), request_digest: [5; 32] });
    ask
}

/// A log of the embedded engine with `3 * clients` events; all but the last in named commands.
async fn filled(dir: &Path, clients: u128) -> EventLog {
    let log = open(dir).await;
    let all = join_all((0..clients).map(|number| {
        let log = &log;
        async move {
            log.execute(named(register(client(number)), &format!("Ärger {number}"))).await.unwrap();
            log.execute(rename(client(number), "Two \"words\" \\ ü\u{1F600}")).await.unwrap();
            log.execute(named(suspend(client(number)), &format!("s{number}"))).await.unwrap();
        }
    }));
    all.await;
    // One that had nothing to say.
    log.execute(named(suspend(client(0)), "again")).await.unwrap();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_was_cut_off_goes_on_and_nobody_else_opens_the_log_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let log = filled(dir.path(), 700).await;
    let (file, other) = (dir.path().join("file"), dir.path().join("other"));
    write(&log, &file).await.unwrap();
    log.execute(rename(client(1), "Later")).await.unwrap();
    write(&log, &other).await.unwrap();
    fs::create_dir(dir.path().join("new")).unwrap();
    let new = dir.path().join("new/events.db");
    let database = prepared_database().await;
    let on_server = settings(&database);

    for destination in [Destination::Sqlite(&new), Destination::Postgres(&on_server)] {
        import_and_drop(&file, &destination).await;
        let opened = match destination {
            Destination::Sqlite(file) => EventLog::open_sqlite(file, clock()).await,
            Destination::Postgres(settings) => EventLog::open_postgres(settings, clock()).await,
        };
        assert!(matches!(opened, Err(OpenFailure::Importing { .. })), "{opened:?}");
        // The session that was dropped gives its lock back in a moment.
        let refused = until("the lock to be free", LONG, async || match import(&other, &destination).await {
            Err(TransferFailure::Busy { .. }) => Ok(None),
            answer => Ok(Some(answer)),
        });
        let refused = refused.await.unwrap();
        assert!(matches!(refused, Err(TransferFailure::AnotherImport { .. })), "{refused:?}");
        import_and_drop(&file, &destination).await;
        let done = until("the lock to be free", LONG, async || match import(&file, &destination).await {
            Err(TransferFailure::Busy { .. }) => Ok(None),
            answer => Ok(Some(answer)),
        });
        done.await.unwrap().unwrap();
        import(&file, &destination).await.unwrap();
    }
    let (embedded, served) = (open(&dir.path().join("new")).await, open_database(&database).await);
    let expected = answers(&embedded).await;
    assert_eq!((expected.events.len(), expected.root), (2_100, verify(&file).unwrap().summary().root));
    assert_eq!(answers(&served).await, expected);
    served.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_crashes_in_mid_import_has_whole_batches_and_the_import_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let log = filled(dir.path(), 1_000).await;
    let file = dir.path().join("file");
    write(&log, &file).await.unwrap();
    let mut postgres = Postgres::durable().await.unwrap();
    let database = postgres.database().unwrap();
    migrate(&settings(&database), None).await.unwrap();
    let (verified, server) = (verify(&file).unwrap(), settings(&database));
    let mut progress = |stage, done, _| {
        if stage == Stage::Importing && done == 1_000 {
            postgres.kill_9().unwrap();
        }
    };
    let failed = verified.import(&Destination::Postgres(&server), &mut progress).await;
    assert!(matches!(failed, Err(TransferFailure::Write { .. })), "{failed:?}");
    postgres.start_again().await.unwrap();
    let placed = postgres.sql(&database.name, "select count(*), max(position) from tollgate.log").unwrap();
    assert_eq!(placed, "1000|1000", "what was acknowledged is there, and nothing else");
    import(&file, &Destination::Postgres(&server)).await.unwrap();
    let moved = open_database(&database).await;
    assert_eq!(answers(&moved).await, answers(&log).await);
    moved.close().await;
}

/// The lines of a good file, changed.
fn changed(lines: &[String], change: impl FnOnce(&mut Vec<String>)) -> String {
    let mut lines = lines.to_vec();
    change(&mut lines);
    lines.concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_not_whole_is_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    write(&filled(dir.path(), 8).await, &file).await.unwrap();
    let good = fs::read_to_string(&file).unwrap();
    let lines: Vec<String> = good.split_inclusive('\n').map(str::to_owned).collect();
    assert_eq!(lines.len(), 1 + 24 + 17 + 1);
    let replace = |at: usize, from: &'static str, to: &'static str| {
        changed(&lines, |lines| {
            assert!(lines[at].contains(from), "{}", lines[at]);
            lines[at] = lines[at].replacen(from, to, 1);
        })
    };
    let bad = [
        ("a byte of an event", replace(5, "bootstrap-admin", "bootstrap-admiN")),
        ("the salt of a value", replace(1, "\"salt\":\"07", "\"salt\":\"17")),
        ("a personal value", replace(1, "owner@example.com", "other@example.com")),
        ("whose value it is", replace(1, "\"subject\":\"cli_", "\"subject\":\"cla_")),
        ("a command's key", replace(30, "bootstrap-admin", "bootstrap-admiN")),
        ("the root in the first line", replace(0, "\"root\":\"", "\"root\":\"00")),
        ("the size in the first line", replace(0, "\"size\":24", "\"size\":23")),
        ("a missing event", changed(&lines, |lines| drop(lines.remove(7)))),
        ("a missing command", changed(&lines, |lines| drop(lines.remove(30)))),
        ("the last event missing", changed(&lines, |lines| drop(lines.remove(24)))),
        ("two events swapped", changed(&lines, |lines| lines.swap(7, 8))),
        ("an event twice", changed(&lines, |lines| lines.insert(7, lines[7].clone()))),
        ("a command before an event", changed(&lines, |lines| lines.swap(24, 25))),
        ("the end missing", changed(&lines, |lines| drop(lines.pop()))),
        ("half of the last line", good[..good.len() - 20].to_owned()),
        ("without the last line's end", good[..good.len() - 1].to_owned()),
        ("something after the end", format!("{good}\n")),
        ("a second first line", changed(&lines, |lines| lines.insert(1, lines[0].clone()))),
        ("nothing", String::new()),
        ("another file", "{\"some\":\"json\"}\n".to_owned()),
        ("a newer format", replace(0, "\"format\":1", "\"format\":2,\"more\":3")),
    ];
    fs::create_dir(dir.path().join("new")).unwrap();
    let new = dir.path().join("new/events.db");
    for (what, text) in bad {
        assert_ne!(text, good);
        fs::write(&file, text).unwrap();
        let refused = import(&file, &Destination::Sqlite(&new)).await;
        assert!(
            matches!(
                refused,
                Err(TransferFailure::Damaged { .. }
                    | TransferFailure::Cut { .. }
                    | TransferFailure::NotAnExport { .. }
                    | TransferFailure::Newer { .. })
            ),
            "{what}: {refused:?}"
        );
        assert!(!new.exists(), "{what}: nothing is written");
    }
    fs::write(&file, good).unwrap();
    import(&file, &Destination::Sqlite(&new)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_changes_after_it_was_verified_is_never_called_imported() {
    let dir = tempfile::tempdir().unwrap();
    let log = filled(dir.path(), 8).await;
    let (file, with_less, longer) =
        (dir.path().join("file"), dir.path().join("less"), dir.path().join("longer"));
    write(&log, &file).await.unwrap();
    let good = fs::read(&file).unwrap();
    let verified = verify(&file).unwrap();
    erase(dir.path(), client(3)).await;
    write(&log, &with_less).await.unwrap();
    log.execute(rename(client(1), "Later")).await.unwrap();
    write(&log, &longer).await.unwrap();
    fs::create_dir(dir.path().join("new")).unwrap();
    let new = dir.path().join("new/events.db");

    fs::copy(&longer, &file).unwrap();
    let refused = verified.import(&Destination::Sqlite(&new), &mut |_, _, _| ()).await;
    assert!(matches!(refused, Err(TransferFailure::Changed { .. })), "{refused:?}");
    let mut look = SqliteConnection::connect(new.to_str().unwrap()).await.unwrap();
    let written: i64 = sqlx::query_scalar("select count(*) from events").fetch_one(&mut look).await.unwrap();
    assert_eq!(written, 0, "its first line tells");

    // The same first line, and less behind it: that is known at the end, and what was written is of no use.
    fs::copy(&with_less, &file).unwrap();
    let refused = verified.import(&Destination::Sqlite(&new), &mut |_, _, _| ()).await;
    assert!(matches!(refused, Err(TransferFailure::Changed { .. })), "{refused:?}");
    fs::write(&file, good).unwrap();
    let refused = import(&file, &Destination::Sqlite(&new)).await;
    assert!(matches!(refused, Err(TransferFailure::NotTheSame { .. })), "{refused:?}");
    let opened = EventLog::open_sqlite(&new, clock()).await;
    assert!(matches!(opened, Err(OpenFailure::Importing { .. })), "{opened:?}");
}

/// As the operator does who is asked to: the rows of a subject, nothing else.
async fn erase(dir: &Path, subject: domain::ClientId) {
    let name = dir.join("events.db");
    let mut owner = SqliteConnection::connect(name.to_str().unwrap()).await.unwrap();
    let statement = format!("delete from personal_data where subject = '{subject}'");
    assert!(owner.execute(statement.as_str()).await.unwrap().rows_affected() > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_with_events_of_its_own_is_refused_and_left_as_it_is() {
    let (dir, mine, part) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = dir.path().join("file");
    let source = filled(dir.path(), 8).await;
    write(&source, &file).await.unwrap();

    let other = open(mine.path()).await;
    other.execute(register(client(77))).await.unwrap();
    let before = other.read(Position::START, 10).await.unwrap();
    other.close().await;
    let refused = import(&file, &Destination::Sqlite(&mine.path().join("events.db"))).await;
    assert!(matches!(refused, Err(TransferFailure::NotEmpty { events: 1, .. })), "{refused:?}");
    assert_eq!(open(mine.path()).await.read(Position::START, 10).await.unwrap(), before);

    // Longer than the file, though all of the file is in it.
    source.execute(rename(client(1), "Later")).await.unwrap();
    source.close().await;
    let refused = import(&file, &Destination::Sqlite(&dir.path().join("events.db"))).await;
    assert!(matches!(refused, Err(TransferFailure::NotEmpty { events: 25, .. })), "{refused:?}");

    let database = prepared_database().await;
    let log = open_database(&database).await;
    log.execute(register(client(77))).await.unwrap();
    log.close().await;
    let refused = import(&file, &Destination::Postgres(&settings(&database))).await;
    assert!(matches!(refused, Err(TransferFailure::Busy { .. })), "it waits for its position: {refused:?}");
    drop(part);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_interrupted_import_has_begun_must_be_what_the_file_has() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    write(&filled(dir.path(), 700).await, &file).await.unwrap();
    let database = prepared_database().await;
    let server = settings(&database);
    import_and_drop(&file, &Destination::Postgres(&server)).await;
    let mut owner = PgConnection::connect(&database.url).await.unwrap();
    owner
        .execute(
            "set session_replication_role = replica;
             update tollgate.events set metadata = replace(metadata::text, 'curl', 'wget')::json where event_no = 500",
        )
        .await
        .unwrap();
    let refused = until("the lock to be free", LONG, async || {
        match import(&file, &Destination::Postgres(&server)).await {
            Err(TransferFailure::Busy { .. }) => Ok(None),
            answer => Ok(Some(answer)),
        }
    });
    let refused = refused.await.unwrap();
    assert!(
        matches!(refused, Err(TransferFailure::Differs { position, .. }) if position == Position::new(500)),
        "{refused:?}"
    );
    let placed: i64 =
        sqlx::query_scalar("select count(*) from tollgate.log").fetch_one(&mut owner).await.unwrap();
    assert_eq!(placed, 1_000, "nothing more was written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_may_be_at_work_on_a_log_that_is_imported_into() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    write(&filled(dir.path(), 8).await, &file).await.unwrap();
    let database = prepared_database().await;
    let log = open_database(&database).await;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let (sequenced, stopped) = (log.clone(), stop.clone());
    tasks.spawn(async move { sequenced.run_sequencer(stopped).await });
    let mut look = PgConnection::connect(&database.url).await.unwrap();
    until("the sequencer to lead", LONG, async || {
        let held = "select count(*) from pg_locks where locktype = 'advisory' and granted
                       and database = (select oid from pg_database where datname = current_database())";
        let held: i64 = sqlx::query_scalar(held).fetch_one(&mut look).await?;
        Ok((held == 1).then_some(()))
    })
    .await
    .unwrap();
    let refused = import(&file, &Destination::Postgres(&settings(&database))).await;
    assert!(matches!(refused, Err(TransferFailure::Busy { .. })), "{refused:?}");
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    log.close().await;
    import(&file, &Destination::Postgres(&settings(&database))).await.unwrap();
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

fn part(file: &Path) -> PathBuf {
    file.with_extension("part")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_was_cut_off_goes_on_and_ends_in_the_same_file() {
    let dir = tempfile::tempdir().unwrap();
    let (log, whole, file) = (filled(dir.path(), 8).await, dir.path().join("whole"), dir.path().join("log"));
    write(&log, &whole).await.unwrap();
    let good = fs::read(&whole).unwrap();
    // The log goes on meanwhile; the file is of the size it was begun with.
    log.execute(named(rename(client(1), "Later"), "later")).await.unwrap();
    let ends: Vec<usize> =
        good.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).collect();
    let cuts =
        [1, ends[0] - 1, ends[0] + 1, ends[3] + 1, ends[3] + 40, ends[24] + 1, ends[30] + 5, ends[41] + 9];
    for cut in cuts.into_iter().chain([good.len() - 1, good.len()]) {
        fs::write(part(&file), &good[..cut]).unwrap();
        let summary = write(&log, &file).await.unwrap();
        let begun_anew = cut <= ends[0];
        assert_eq!(summary.size, if begun_anew { 25 } else { 24 }, "cut at {cut}");
        assert!(begun_anew || fs::read(&file).unwrap() == good, "cut at {cut}");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!part(&file).exists());
        verify(&file).unwrap();
        let again = write(&log, &file).await;
        assert!(matches!(again, Err(TransferFailure::FileExists { .. })), "{again:?}");
        fs::remove_file(&file).unwrap();
    }
    let mut damaged = good.clone();
    damaged[ends[3] + 60] ^= 1;
    fs::write(part(&file), damaged).unwrap();
    assert!(matches!(write(&log, &file).await, Err(TransferFailure::Damaged { .. })));

    let elsewhere = tempfile::tempdir().unwrap();
    let other = open(elsewhere.path()).await;
    fs::write(part(&file), &good[..ends[3] + 1]).unwrap();
    assert!(matches!(write(&other, &file).await, Err(TransferFailure::FileOfAnotherLog { .. })));
    assert_eq!(fs::read(part(&file)).unwrap(), good[..ends[3] + 1], "it is left as it was");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_altered_event_is_not_exported() {
    let dir = tempfile::tempdir().unwrap();
    let (log, file) = (filled(dir.path(), 8).await, dir.path().join("file"));
    let name = dir.path().join("events.db");
    let mut intruder = SqliteConnection::connect(name.to_str().unwrap()).await.unwrap();
    let alter = "drop trigger events_are_not_updated; update events set metadata = replace(metadata, 'curl', 'wget') where event_no = 5";
    intruder.execute(alter).await.unwrap();
    let refused = write(&log, &file).await;
    assert!(
        matches!(refused, Err(TransferFailure::Altered { position, .. }) if position == Position::new(5)),
        "{refused:?}"
    );
    assert!(!file.exists());
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
