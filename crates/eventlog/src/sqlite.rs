//! The embedded engine: one writer thread that groups appends, and a pool that reads.

mod checkpoints;
mod erasure;
mod import;
mod open;
mod read;
mod writer;

pub(crate) use import::ImportFile;
pub use open::{migrate, open_failure, open_memory, open_reader, open_writer};

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use domain::{Position, SharedClock};
use sqlite_es::SqliteEventRepository;
use sqlx::SqlitePool;
use tokio::sync::watch;

use crate::{
    LogFailure, LogRepository, OpenFailure, Remembered, StoredEvent,
    append::{Append, AppendRefused, Appended},
    stored::{StoredCommand, StoredPersonal},
    warm::WarmAggregates,
};
use writer::Writer;

/// The log in one SQLite file: WAL, `synchronous=FULL`.
pub(crate) struct SqliteLog {
    file: PathBuf,
    pool: SqlitePool,
    repository: Arc<SqliteEventRepository>,
    writer: Writer,
}

impl SqliteLog {
    pub(crate) async fn open(
        file: &Path,
        clock: SharedClock,
        warm: Arc<WarmAggregates>,
    ) -> Result<Self, OpenFailure> {
        prepare(file).await?;
        let pool = open_reader(file).await?;
        if read::is_importing(&pool).await.map_err(|source| open::sqlx_failure(file, source))? {
            return Err(OpenFailure::Importing { place: file.display().to_string() });
        }
        let writer = Writer::start(file, clock, warm)?;
        let repository = Arc::new(SqliteEventRepository::new(pool.clone()));
        Ok(Self { file: file.to_owned(), pool, repository, writer })
    }

    pub(crate) async fn append(&self, append: Append) -> Result<Result<Appended, AppendRefused>, LogFailure> {
        self.writer.append(append).await
    }

    pub(crate) async fn personal(
        &self,
        after: Position,
        until: Position,
    ) -> Result<Vec<(i64, String, String)>, LogFailure> {
        read::personal(&self.pool, after, until).await
    }

    pub(crate) async fn read_stored(
        &self,
        after: Position,
        events_max: usize,
    ) -> Result<Vec<StoredEvent>, LogFailure> {
        read::stored(&self.pool, after, events_max).await
    }

    pub(crate) async fn recall(&self, command_key: &str) -> Result<Option<Remembered>, LogFailure> {
        read::recall(&self.pool, command_key).await
    }

    pub(crate) async fn stored_personal(
        &self,
        first_event_no: i64,
        last_event_no: i64,
    ) -> Result<Vec<StoredPersonal>, LogFailure> {
        read::stored_personal(&self.pool, first_event_no, last_event_no).await
    }

    pub(crate) async fn stored_commands(
        &self,
        after_key: &str,
        until: Position,
        commands_max: usize,
    ) -> Result<Vec<StoredCommand>, LogFailure> {
        read::stored_commands(&self.pool, after_key, until, commands_max).await
    }

    pub(crate) async fn leaves(&self, after: Position, until: Position) -> Result<Vec<Vec<u8>>, LogFailure> {
        read::leaves(&self.pool, after, until).await
    }

    pub(crate) async fn pepper_versions(&self) -> Result<Vec<u16>, LogFailure> {
        read::pepper_versions(&self.pool).await
    }

    pub(crate) fn watch_head(&self) -> watch::Receiver<Position> {
        self.writer.watch_head()
    }

    pub(crate) fn repository(&self) -> LogRepository {
        LogRepository::Sqlite(Arc::clone(&self.repository))
    }

    pub(crate) async fn close(&self) {
        self.writer.stop().await;
        self.pool.close().await;
    }
}

/// Creates the file of a log if there is none and brings its schema up to date.
async fn prepare(file: &Path) -> Result<(), OpenFailure> {
    migrate(file, &sqlx::migrate!("migrations/events")).await
}
