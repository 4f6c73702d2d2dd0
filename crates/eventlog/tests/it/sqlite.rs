//! What the embedded engine adds: one file, its triggers, its damage.

use domain::Position;
use rusqlite::Connection;
use tollgate_eventlog::{EventLog, OpenFailure};

use crate::support::{client, clock, email, open, register, suspend};

#[tokio::test]
async fn a_reopened_log_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).await;
    log.execute(register(client(1))).await.unwrap();
    let before = log.read(Position::START, 10).await.unwrap();
    log.close().await;

    let log = open(dir.path()).await;
    assert_eq!(log.head(), Position::new(1));
    assert_eq!(log.read(Position::START, 10).await.unwrap(), before);
    assert_eq!(log.execute(suspend(client(1))).await.unwrap().version, 2);
}

#[tokio::test]
async fn a_closed_log_refuses_commands() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).await;
    log.close().await;
    assert!(log.execute(register(client(1))).await.is_err());
}

#[tokio::test]
async fn the_database_refuses_to_change_the_past() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).await;
    log.execute(register(client(1))).await.unwrap();
    let file = Connection::open(dir.path().join("events.db")).unwrap();
    for statement in [
        "insert or replace into events select * from events",
        "insert or replace into log select * from log",
        "update events set payload = '{}'",
        "delete from events",
        "update log set position = 9",
        "delete from log",
    ] {
        let refused = file.execute(statement, []).unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{statement}: {refused}");
    }
}

#[tokio::test]
async fn an_edit_behind_our_back_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).await;
    for number in 0..3 {
        log.execute(register(client(number))).await.unwrap();
    }
    let file = Connection::open(dir.path().join("events.db")).unwrap();
    file.execute_batch(
        "drop trigger events_are_not_updated;
         update events set payload = replace(payload, 'Acme', 'Evil') where event_no = 2",
    )
    .unwrap();
    assert_eq!(log.altered(Position::new(3)).await.unwrap(), (3, vec![Position::new(2)]));
}

#[tokio::test]
async fn personal_data_can_be_erased_and_the_proof_still_holds() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).await;
    log.execute(register(client(1))).await.unwrap();
    let before = log.read(Position::START, 1).await.unwrap();
    let file = Connection::open(dir.path().join("events.db")).unwrap();
    let stored: String =
        file.query_row("select payload || metadata from events", [], |row| row.get(0)).unwrap();
    assert!(!stored.contains("owner@example.com") && !stored.contains("192.0.2.7"), "{stored}");

    file.execute("delete from personal_data where subject = ?1", [client(1).to_string()]).unwrap();
    let after = log.read(Position::START, 1).await.unwrap();
    assert_eq!(after[0].leaf_hash, before[0].leaf_hash);
    assert!(!after[0].personal.contains_key(&email().commitment()));
    assert_eq!(log.altered(Position::new(1)).await.unwrap(), (1, vec![]));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_in_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("events.db");
    std::fs::write(&file, "this is not a database, it is a text of some length").unwrap();
    let failure = EventLog::open_sqlite(&file, clock()).await.err().unwrap();
    assert!(matches!(failure, OpenFailure::Damaged { .. }), "{failure:?}");
    assert!(failure.to_string().contains("restore it from a backup"));
}

#[tokio::test]
async fn a_schema_from_the_future_is_told() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).await.close().await;
    let file = Connection::open(dir.path().join("events.db")).unwrap();
    file.execute(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (9999, 'later', true, x'00', 0)",
        [],
    )
    .unwrap();
    drop(file);
    let failure = EventLog::open_sqlite(&dir.path().join("events.db"), clock()).await.err().unwrap();
    assert!(matches!(failure, OpenFailure::TooNew { .. }), "{failure:?}");
}
