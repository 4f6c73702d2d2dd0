//! Where a log is moved to, whatever the engine.

use std::path::Path;

use domain::Position;

use super::{TransferFailure, line::Moved};
use crate::{
    LogFailure, StoredEvent,
    postgres::{ImportDatabase, PostgresSettings},
    sqlite::ImportFile,
    stored::StoredCommand,
};

/// Where a log is moved to.
#[derive(Clone, Copy, Debug)]
pub enum Destination<'a> {
    /// The embedded engine's file, made when it is not there. Nobody else may have it open: hold the installation's lock.
    Sqlite(&'a Path),
    /// A database that [`crate::postgres::migrate`] has prepared. The application's role can do it.
    Postgres(&'a PostgresSettings),
}

/// What a log has in it; commands without the mark of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) events: u64,
    /// Events that have a position.
    pub(crate) placed: u64,
    pub(crate) personal_values: u64,
    pub(crate) commands: u64,
}

/// A log that nobody else works on.
pub(super) enum Target {
    Sqlite(ImportFile),
    Postgres(Box<ImportDatabase>),
}

impl Target {
    pub(super) async fn open(destination: &Destination<'_>) -> Result<Self, TransferFailure> {
        Ok(match destination {
            Destination::Sqlite(file) => Self::Sqlite(ImportFile::open(file).await?),
            Destination::Postgres(settings) => {
                Self::Postgres(Box::new(ImportDatabase::open(settings).await?))
            }
        })
    }

    /// For messages.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Sqlite(target) => target.place(),
            Self::Postgres(target) => target.place(),
        }
    }

    /// The digest of the file that an import was begun from and not finished.
    pub(super) async fn mark(&mut self) -> Result<Option<Vec<u8>>, TransferFailure> {
        match self {
            Self::Sqlite(target) => target.mark(),
            Self::Postgres(target) => target.mark().await,
        }
    }

    /// From here on nobody opens the log but an import.
    pub(super) async fn begin(&mut self, digest: &[u8; 32], now: &str) -> Result<(), TransferFailure> {
        match self {
            Self::Sqlite(target) => target.begin(digest, now),
            Self::Postgres(target) => target.begin(digest, now).await,
        }
    }

    pub(super) async fn rows(&mut self) -> Result<Rows, TransferFailure> {
        match self {
            Self::Sqlite(target) => target.rows(),
            Self::Postgres(target) => target.rows().await,
        }
    }

    pub(super) async fn write_events(&mut self, events: &[Moved]) -> Result<(), TransferFailure> {
        match self {
            Self::Sqlite(target) => target.write_events(events),
            Self::Postgres(target) => target.write_events(events).await,
        }
    }

    pub(super) async fn write_commands(&mut self, commands: &[StoredCommand]) -> Result<(), TransferFailure> {
        match self {
            Self::Sqlite(target) => target.write_commands(commands),
            Self::Postgres(target) => target.write_commands(commands).await,
        }
    }

    pub(super) async fn read_stored(
        &self,
        after: Position,
        events_max: usize,
    ) -> Result<Vec<StoredEvent>, LogFailure> {
        match self {
            Self::Sqlite(target) => target.read_stored(after, events_max).await,
            Self::Postgres(target) => target.read_stored(after, events_max).await,
        }
    }

    /// Takes the mark away: the log is one like any other.
    pub(super) async fn finish(&mut self) -> Result<(), TransferFailure> {
        match self {
            Self::Sqlite(target) => target.finish(),
            Self::Postgres(target) => target.finish().await,
        }
    }

    pub(super) async fn close(self) {
        match self {
            Self::Sqlite(target) => target.close().await,
            Self::Postgres(target) => target.close().await,
        }
    }
}
