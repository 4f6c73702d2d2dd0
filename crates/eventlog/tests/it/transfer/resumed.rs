//! Exports and imports that are cut off, and go on.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use test_servers::{Postgres, until};
use tokio::sync::Notify;
use tollgate_eventlog::{
    EventLog, OpenFailure,
    postgres::migrate,
    transfer::{Destination, Stage, TransferFailure},
};

use super::{
    LONG, answers, filled, import, named, open_database, prepared_database, settings, verify, write,
};
use crate::support::{client, clock, open, rename};

/// The import, abandoned after its first batch.
pub(super) async fn import_and_drop(file: &Path, destination: &Destination<'_>) {
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
