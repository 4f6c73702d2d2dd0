//! Opens SQLite files the one way that all of them are opened, and says in one sentence what is wrong.

use std::{
    fs::OpenOptions,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    str::FromStr,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};
use sqlx::{
    ConnectOptions, SqlitePool,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};

use crate::OpenFailure;

/// How long a reader waits for the file when a checkpoint holds it.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const READERS_MAX: u32 = 4;
/// SQLite's own numbers: the file is damaged, or is none of its files.
const SQLITE_CORRUPT: &str = "11";
const SQLITE_NOTADB: &str = "26";

/// Creates the file if there is none and brings its schema up to date.
///
/// # Errors
/// When the file is damaged, newer than this program, or cannot be opened.
pub async fn migrate(file: &Path, migrator: &Migrator) -> Result<(), OpenFailure> {
    make_private(file)
        .map_err(|source| OpenFailure::Database { file: file.to_owned(), source: Box::new(source) })?;
    let options = SqliteConnectOptions::from_str("sqlite:")
        .map_err(|source| sqlx_failure(file, source))?
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    let mut connection = options.connect().await.map_err(|source| sqlx_failure(file, source))?;
    migrator.run(&mut connection).await.map_err(|source| match source {
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => {
            OpenFailure::TooNew { file: file.to_owned() }
        }
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
            sqlx_failure(file, source)
        }
        other => OpenFailure::Database { file: file.to_owned(), source: Box::new(other) },
    })?;
    sqlx::Connection::close(connection).await.map_err(|source| sqlx_failure(file, source))
}

/// There are names and addresses of people in these files. SQLite gives its `-wal` and `-shm` the same mode.
fn make_private(file: &Path) -> std::io::Result<()> {
    let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
    let mut permissions = opened.metadata()?.permissions();
    if permissions.mode() & 0o077 != 0 {
        permissions.set_mode(0o600);
        opened.set_permissions(permissions)?;
    }
    Ok(())
}

/// A connection for the one writer of a file: WAL, every commit on disk before it is acknowledged.
///
/// # Errors
/// When the file cannot be opened.
pub fn open_writer(file: &Path) -> Result<Connection, OpenFailure> {
    let open = || {
        let connection = Connection::open_with_flags(
            file,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", "on")?;
        // An erased value is overwritten, not left in a free page.
        connection.pragma_update(None, "secure_delete", "on")?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    };
    open().map_err(|source| open_failure(file, source))
}

/// A pool that can only read.
///
/// # Errors
/// When the file cannot be opened.
pub async fn open_reader(file: &Path) -> Result<SqlitePool, OpenFailure> {
    let options = SqliteConnectOptions::from_str("sqlite:")
        .map_err(|source| sqlx_failure(file, source))?
        .filename(file)
        .pragma("query_only", "on")
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    // No ping before each use: the file does not go away as a server would.
    let pool =
        SqlitePoolOptions::new().max_connections(READERS_MAX).min_connections(1).test_before_acquire(false);
    pool.connect_with(options).await.map_err(|source| sqlx_failure(file, source))
}

/// A database in memory, migrated: one connection, with which it goes.
///
/// # Errors
/// When there is no memory for it, or a migration fails.
pub async fn open_memory(migrator: &Migrator) -> Result<SqlitePool, OpenFailure> {
    let file = Path::new(":memory:");
    let options = SqliteConnectOptions::from_str("sqlite::memory:")
        .map_err(|source| sqlx_failure(file, source))?
        .disable_statement_logging();
    let one = SqlitePoolOptions::new().max_connections(1).min_connections(1).test_before_acquire(false);
    let pool = one.idle_timeout(None).max_lifetime(None).connect_with(options).await;
    let pool = pool.map_err(|source| sqlx_failure(file, source))?;
    let migrated = migrator.run(&pool).await;
    migrated.map_err(|source| OpenFailure::Database { file: file.to_owned(), source: Box::new(source) })?;
    Ok(pool)
}

/// What to tell the operator of a file that rusqlite could not use.
pub fn open_failure(file: &Path, source: rusqlite::Error) -> OpenFailure {
    match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
            OpenFailure::Damaged { file: file.to_owned(), source: Box::new(source) }
        }
        Some(_) | None => OpenFailure::Database { file: file.to_owned(), source: Box::new(source) },
    }
}

pub(super) fn sqlx_failure(file: &Path, source: sqlx::Error) -> OpenFailure {
    let code = source.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned));
    match code.as_deref() {
        Some(SQLITE_CORRUPT | SQLITE_NOTADB) => {
            OpenFailure::Damaged { file: file.to_owned(), source: Box::new(source) }
        }
        Some(_) | None => OpenFailure::Database { file: file.to_owned(), source: Box::new(source) },
    }
}
