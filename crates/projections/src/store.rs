//! Where read models are kept: one writer, many readers, behind an enum of engines.

mod sqlite;

use std::{fmt, path::Path, sync::Arc};

use domain::Position;

use crate::{
    Change, OpenFailure, Projection, ReadFailure, Row, Rows, Stored, Table, Value, WriteFailure,
    queries::Select,
};
use sqlite::SqliteReadModel;

/// The read models of one installation. Cheap to clone.
#[derive(Clone)]
pub struct ReadModel {
    engine: Engine,
}

/// Postgres becomes its second variant.
#[derive(Clone)]
enum Engine {
    Sqlite(Arc<SqliteReadModel>),
}

impl fmt::Debug for ReadModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadModel(sqlite)")
    }
}

/// How far a projection has got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// Of the projection's rules.
    pub(crate) version: u32,
    pub(crate) position: Position,
    /// The leaf hash of the event there, in hexadecimal; empty before the first.
    pub(crate) leaf: String,
}

/// What belongs to a checkpoint: who moves it, and the tables that move with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pub(crate) name: &'static str,
    pub(crate) version: u32,
    pub(crate) tables: &'static [&'static Table],
}

impl Owner {
    pub(crate) fn of(projection: &dyn Projection) -> Self {
        Self { name: projection.name(), version: projection.version(), tables: projection.tables() }
    }
}

/// Rows and the checkpoint that says so, to be written in one transaction or not at all.
#[derive(Debug)]
pub(crate) struct Commit {
    pub(crate) owner: Owner,
    pub(crate) from: Position,
    pub(crate) to: Checkpoint,
    pub(crate) changes: Vec<Change>,
}

/// Whether a batch was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Committed {
    Yes,
    /// The checkpoint is not where it was left: someone else moves it. Nothing was written.
    Fenced,
}

impl ReadModel {
    /// Opens the file of the embedded engine, creating it at first.
    ///
    /// # Errors
    /// When the file cannot be opened, is damaged, or was written by a newer Tollgate.
    pub async fn open_sqlite(file: &Path) -> Result<Self, OpenFailure> {
        Ok(Self { engine: Engine::Sqlite(Arc::new(SqliteReadModel::open(file).await?)) })
    }

    /// Finishes what was begun and closes the file.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(model) => model.close().await,
        }
    }

    /// How far a projection has got; a number of batches for [`USAGE`](crate::USAGE).
    ///
    /// # Errors
    /// When the read model cannot be read.
    pub async fn checkpoint(&self, name: &str) -> Result<Position, ReadFailure> {
        Ok(self.mark(name).await?.unwrap_or_default().position)
    }

    pub(crate) async fn mark(&self, name: &str) -> Result<Option<Checkpoint>, ReadFailure> {
        let file = include_str!("store/select_checkpoint.sql");
        self.fetch_one(Select::new(file, vec![name.into()])).await
    }

    pub(crate) async fn fetch<T: Stored>(&self, select: Select) -> Result<Vec<T>, ReadFailure> {
        match &self.engine {
            Engine::Sqlite(model) => model.fetch(select).await,
        }
    }

    pub(crate) async fn fetch_one<T: Stored>(&self, select: Select) -> Result<Option<T>, ReadFailure> {
        Ok(self.fetch(select).await?.into_iter().next())
    }

    /// Every row of a table in the order of its keys.
    ///
    /// # Errors
    /// When the read model cannot be read.
    pub async fn dump(&self, table: &'static Table) -> Result<Vec<Row>, ReadFailure> {
        match &self.engine {
            Engine::Sqlite(model) => model.dump(table).await,
        }
    }

    /// The rows of these keys, and for each key without one that it has none.
    pub(crate) async fn load(
        &self,
        owner: Owner,
        keys: Vec<(&'static Table, Value)>,
    ) -> Result<Rows, WriteFailure> {
        match &self.engine {
            Engine::Sqlite(model) => model.load(owner, keys).await,
        }
    }

    pub(crate) async fn commit(&self, commit: Commit) -> Result<Committed, WriteFailure> {
        match &self.engine {
            Engine::Sqlite(model) => model.commit(commit).await,
        }
    }

    /// Empties the tables and puts the checkpoint before the first event, in one transaction.
    pub(crate) async fn reset(&self, owner: Owner) -> Result<(), WriteFailure> {
        match &self.engine {
            Engine::Sqlite(model) => model.reset(owner).await,
        }
    }
}

impl Stored for Checkpoint {
    fn read(columns: &impl crate::Columns) -> Result<Self, crate::BadColumn> {
        Ok(Self {
            version: columns.count("version")?,
            position: Position::new(columns.count("position")?),
            leaf: columns.text("leaf")?,
        })
    }
}
