//! What is refused: files that are not whole, logs that are not empty.

use std::fs;

use domain::Position;
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};
use test_servers::until;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tollgate_eventlog::{
    EventLog, OpenFailure,
    transfer::{Destination, TransferFailure},
};

use super::{
    LONG, erase, filled, import, open_database, prepared_database, resumed::import_and_drop, settings,
    verify, write,
};
use crate::support::{client, clock, open, register, rename};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_with_events_of_its_own_is_refused_and_left_as_it_is() {
    let (dir, mine) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
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
    // The batch that was under way when the import was dropped may still be written: nothing is counted before that.
    until("the lock to be free", LONG, async || {
        let held: i64 = sqlx::query_scalar(LOCKS_HELD).fetch_one(&mut owner).await?;
        Ok((held == 0).then_some(()))
    })
    .await
    .unwrap();
    let begun = placed(&mut owner).await;
    let refused = import(&file, &Destination::Postgres(&server)).await;
    assert!(
        matches!(refused, Err(TransferFailure::Differs { position, .. }) if position == Position::new(500)),
        "{refused:?}"
    );
    assert_eq!(placed(&mut owner).await, begun, "nothing more was written");
}

/// Advisory locks of the database: the sequencer's, or an import's.
const LOCKS_HELD: &str = "select count(*) from pg_locks where locktype = 'advisory' and granted
    and database = (select oid from pg_database where datname = current_database())";

async fn locks_held(look: &mut PgConnection, expected: i64) {
    until("the locks to be taken or given back", LONG, async || {
        let held: i64 = sqlx::query_scalar(LOCKS_HELD).fetch_one(&mut *look).await?;
        Ok((held == expected).then_some(()))
    })
    .await
    .unwrap();
}

async fn placed(owner: &mut PgConnection) -> i64 {
    sqlx::query_scalar("select count(*) from tollgate.log").fetch_one(owner).await.unwrap()
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
    locks_held(&mut look, 1).await;
    let refused = import(&file, &Destination::Postgres(&settings(&database))).await;
    assert!(matches!(refused, Err(TransferFailure::Busy { .. })), "{refused:?}");
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    log.close().await;
    // The server ends the session a moment after we have closed it.
    locks_held(&mut look, 0).await;
    import(&file, &Destination::Postgres(&settings(&database))).await.unwrap();
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
