//! The embedded engine: a file of its own, one connection that writes, and a pool that reads. WAL, `synchronous=FULL`: what is to
//! be told is on disk before anybody is told it.

use std::{path::Path, time::Duration};

use sqlx::{
    Database, Sqlite, SqlitePool, TransactionManager as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::OpenFailure;

type Manager = <Sqlite as Database>::TransactionManager;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) async fn open(file: &Path) -> Result<(SqlitePool, SqlitePool), OpenFailure> {
    eventlog::sqlite::migrate(file, &sqlx::migrate!("migrations/sqlite")).await?;
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // An erased value is overwritten, not left in a free page.
        .pragma("secure_delete", "on")
        .busy_timeout(BUSY_TIMEOUT);
    let options = sqlx::ConnectOptions::disable_statement_logging(options);
    // One connection for ever: it has its statements prepared, and the file does not go away as a server would.
    let one = SqlitePoolOptions::new().max_connections(1).min_connections(1).test_before_acquire(false);
    let one = one.idle_timeout(None).max_lifetime(None).before_acquire(|connection, _| {
        Box::pin(async move {
            // sqlx 0.8.6 leaves a transaction open whose `begin_with` was dropped between its two steps.
            if Manager::get_transaction_depth(connection) > 0 {
                Manager::rollback(connection).await?;
            }
            Ok(true)
        })
    });
    let writer = one.connect_with(options).await;
    let writer =
        writer.map_err(|source| OpenFailure::File { file: file.to_owned(), source: Box::new(source) })?;
    Ok((writer, eventlog::sqlite::open_reader(file).await?))
}
