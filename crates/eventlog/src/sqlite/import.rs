//! Writes a log that is moved here into the embedded engine's file.

use std::path::{Path, PathBuf};

use domain::Position;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior::Immediate, params};
use sqlx::SqlitePool;

use super::{open, read};
use crate::{
    LogFailure, OpenFailure, StoredEvent,
    stored::StoredCommand,
    transfer::{Moved, Rows, TransferFailure, UNDER_WAY},
};

/// The file, with its one writer; whoever has made this holds the installation's lock.
pub(crate) struct ImportFile {
    file: PathBuf,
    connection: Connection,
    pool: SqlitePool,
}

impl ImportFile {
    pub(crate) async fn open(file: &Path) -> Result<Self, OpenFailure> {
        super::prepare(file).await?;
        let pool = open::open_reader(file).await?;
        let connection = open::open_writer(file)?;
        Ok(Self { file: file.to_owned(), connection, pool })
    }

    pub(crate) fn place(&self) -> String {
        self.file.display().to_string()
    }

    pub(crate) fn mark(&self) -> Result<Option<Vec<u8>>, TransferFailure> {
        let find = || {
            let mut mark = self.connection.prepare_cached(include_str!("../sql/recall_command.sql"))?;
            mark.query_row(params![UNDER_WAY], |row| row.get(0)).optional()
        };
        find().map_err(|source| self.failed(source))
    }

    pub(crate) fn begin(&mut self, digest: &[u8; 32], now: &str) -> Result<(), TransferFailure> {
        self.transaction(|transaction| {
            let mut mark = transaction.prepare_cached(include_str!("../sql/insert_command.sql"))?;
            mark.execute(params![UNDER_WAY, digest.as_slice(), "", "", 0, 0, now]).map(drop)
        })
    }

    pub(crate) fn rows(&self) -> Result<Rows, TransferFailure> {
        let count = || {
            let mut rows = self.connection.prepare_cached(include_str!("../sql/count_rows.sql"))?;
            rows.query_row(params![UNDER_WAY], |row| {
                let number = |at| row.get::<_, i64>(at).map(|count| u64::try_from(count).unwrap_or_default());
                Ok(Rows {
                    events: number(0)?,
                    placed: number(1)?,
                    personal_values: number(2)?,
                    commands: number(3)?,
                })
            })
        };
        count().map_err(|source| self.failed(source))
    }

    pub(crate) fn write_events(&mut self, events: &[Moved]) -> Result<(), TransferFailure> {
        self.transaction(|transaction| events.iter().try_for_each(|moved| write_event(transaction, moved)))
    }

    pub(crate) fn write_commands(&mut self, commands: &[StoredCommand]) -> Result<(), TransferFailure> {
        self.transaction(|transaction| {
            let mut write = transaction.prepare_cached(include_str!("../sql/import_command.sql"))?;
            commands.iter().try_for_each(|command| {
                let values = params![
                    command.command_key,
                    command.request_digest.as_slice(),
                    command.aggregate_type,
                    command.aggregate_id,
                    column(command.version),
                    column(command.position.get()),
                    command.recorded_at,
                ];
                write.execute(values).map(drop)
            })
        })
    }

    pub(crate) async fn read_stored(
        &self,
        after: Position,
        events_max: usize,
    ) -> Result<Vec<StoredEvent>, LogFailure> {
        read::stored(&self.pool, after, events_max).await
    }

    pub(crate) fn finish(&mut self) -> Result<(), TransferFailure> {
        self.transaction(|transaction| {
            transaction.execute(include_str!("../sql/forget_import.sql"), params![UNDER_WAY]).map(drop)
        })
    }

    pub(crate) async fn close(self) {
        // The last to close a file folds its -wal into it.
        self.pool.close().await;
        drop(self.connection);
    }

    fn transaction(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), TransferFailure> {
        let transaction = self.connection.transaction_with_behavior(Immediate);
        let done = transaction.and_then(|transaction| {
            work(&transaction)?;
            transaction.commit()
        });
        done.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: rusqlite::Error) -> TransferFailure {
        TransferFailure::Write { place: self.place(), source: Box::new(source) }
    }
}

fn write_event(transaction: &Transaction<'_>, Moved { event, personal }: &Moved) -> rusqlite::Result<()> {
    transaction.prepare_cached(include_str!("../sql/insert_event.sql"))?.execute(params![
        event.aggregate_type,
        event.aggregate_id,
        column(event.sequence),
        event.event_type,
        event.event_version,
        event.payload,
        event.metadata,
        event.event_id,
        event.recorded_at,
    ])?;
    let event_no = transaction.last_insert_rowid();
    transaction.prepare_cached(include_str!("../sql/insert_log.sql"))?.execute(params![
        column(event.position.get()),
        event_no,
        event.leaf_hash.as_slice()
    ])?;
    let mut write = transaction.prepare_cached(include_str!("../sql/insert_personal_data.sql"))?;
    personal.iter().try_for_each(|row| {
        let values = params![event_no, row.commitment, row.subject, row.salt.as_slice(), row.value];
        write.execute(values).map(drop)
    })
}

fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
