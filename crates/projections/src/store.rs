//! Where read models are kept: one writer, many readers, behind an enum of engines.

mod lead;
mod postgres;
mod sqlite;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt, path::Path, sync::Arc};

use domain::Position;
use sqlx::PgPool;

use crate::{
    Change, OpenFailure, Projection, ReadFailure, Row, Rows, Stored, Table, Value, WriteFailure,
    queries::Select, rows::Writing,
};
pub use lead::Leadership;
pub(crate) use lead::{Lead, STAND_BACK};
use postgres::PostgresReadModel;
pub use postgres::{grant_auditor, migrate_postgres};
use sqlite::SqliteReadModel;

/// The read models of one installation. Cheap to clone.
#[derive(Clone)]
pub struct ReadModel {
    engine: Engine,
}

#[derive(Clone)]
enum Engine {
    Sqlite(Arc<SqliteReadModel>),
    Postgres(Arc<PostgresReadModel>),
}

impl fmt::Debug for ReadModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.engine {
            Engine::Sqlite(_) => "ReadModel(sqlite)",
            Engine::Postgres(_) => "ReadModel(postgres)",
        })
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

/// A checkpoint as every process sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub name: String,
    pub(crate) checkpoint: Checkpoint,
    /// Why it goes no further.
    pub halted: Option<String>,
}

impl Standing {
    /// Of the last event that it has; the number of the last batch, for [`USAGE`](crate::USAGE).
    #[must_use]
    pub fn position(&self) -> Position {
        self.checkpoint.position
    }

    /// Of the event that it has stopped at, if it has.
    #[must_use]
    pub fn halted_at(&self) -> Option<Position> {
        self.halted.as_ref().map(|_| self.checkpoint.position.next())
    }
}

/// What belongs to a checkpoint: who moves it, and the tables that move with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pub(crate) name: &'static str,
    pub(crate) version: u32,
    pub(crate) tables: &'static [&'static Table],
    /// Whether a commit waits for the disk: its source may be gone when it is lost.
    pub(crate) durable: bool,
}

impl Owner {
    pub(crate) fn of(projection: &dyn Projection) -> Self {
        let (name, version, tables) = (projection.name(), projection.version(), projection.tables());
        Self { name, version, tables, durable: false }
    }
}

/// A statement on one checkpoint.
#[derive(Debug)]
struct Write {
    doing: &'static str,
    sql: Cow<'static, str>,
    values: Vec<Value>,
}

impl Write {
    fn advance(owner: Owner, from: Position, to: &Checkpoint) -> Self {
        let Checkpoint { version: _, position, leaf } = to;
        let values = vec![
            (*position).into(),
            leaf.as_str().into(),
            owner.name.into(),
            owner.version.into(),
            from.into(),
        ];
        let sql = include_str!("store/advance_checkpoint.sql").into();
        Self { doing: "moving the checkpoint", sql, values }
    }

    fn reset(owner: Owner) -> Self {
        let values = vec![owner.name.into(), owner.version.into()];
        let sql = include_str!("store/reset_checkpoint.sql").into();
        Self { doing: "resetting the checkpoint", sql, values }
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

/// The same of a rebuild, which knows what is there.
#[derive(Debug)]
pub(crate) struct Remaking {
    pub(crate) owner: Owner,
    pub(crate) from: Position,
    pub(crate) to: Checkpoint,
    pub(crate) tables: Vec<Writing>,
}

/// For the embedded engine, whose rows are not encoded.
impl From<Remaking> for Commit {
    fn from(Remaking { owner, from, to, tables }: Remaking) -> Self {
        let changes = tables.into_iter().flat_map(|Writing { table, new, encoded: _, changed, gone }| {
            let gone = gone.into_iter().map(move |key| Change::Delete { table, key });
            let puts = new.into_iter().chain(changed).map(move |row| Change::Put { table, row });
            let in_order: Vec<_> =
                if table.appended { puts.chain(gone).collect() } else { gone.chain(puts).collect() };
            in_order
        });
        Self { owner, from, to, changes: changes.collect() }
    }
}

/// Whether a batch was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Committed {
    Yes,
    /// The checkpoint is not where it was left: someone else moves it. Nothing was written.
    Fenced,
}

/// For failures that are of no one projection.
static FILE: Owner = Owner { name: "the read models", version: 1, tables: &[], durable: false };

impl ReadModel {
    /// Opens the file of the embedded engine, creating it at first.
    ///
    /// # Errors
    /// When the file cannot be opened, is damaged, or was written by a newer Tollgate.
    pub async fn open_sqlite(file: &Path) -> Result<Self, OpenFailure> {
        Ok(Self { engine: Engine::Sqlite(Arc::new(SqliteReadModel::open(file).await?)) })
    }

    /// Takes a pool whose search path is the read models' schema, which [`migrate_postgres`] has brought up to date.
    /// Beside the pool, each projection that runs holds one connection of its own.
    ///
    /// # Errors
    /// When the database cannot be read, or its schema is older, newer or other than this program's.
    pub async fn open_postgres(pool: PgPool) -> Result<Self, OpenFailure> {
        Ok(Self { engine: Engine::Postgres(Arc::new(PostgresReadModel::open(pool).await?)) })
    }

    /// In memory, with these rows and no more to come.
    pub(crate) async fn of_rows(rows: Vec<Change>) -> Result<Self, OpenFailure> {
        Ok(Self { engine: Engine::Sqlite(Arc::new(SqliteReadModel::of_rows(rows).await?)) })
    }

    /// Has the embedded engine's file keep nothing of what was in it before: what was deleted or written over was overwritten, and
    /// lay in the write-ahead log still. A server does so by its own vacuum.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn forget_the_past(&self) -> Result<(), WriteFailure> {
        match &self.engine {
            Engine::Sqlite(model) => model.empty_wal(FILE).await,
            Engine::Postgres(_) => Ok(()),
        }
    }

    /// Finishes what was begun and closes the file, or the pool.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(model) => model.close().await,
            Engine::Postgres(model) => model.close().await,
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

    /// Every checkpoint, in one question. Projections that have never run have none.
    ///
    /// # Errors
    /// When the read model cannot be read.
    pub async fn standings(&self) -> Result<Vec<Standing>, ReadFailure> {
        self.fetch(Select::new(include_str!("store/select_standings.sql"), vec![])).await
    }

    /// The turn of this process to move a projection.
    pub(crate) fn lead(&self, name: &'static str) -> Lead {
        match &self.engine {
            Engine::Sqlite(_) => Lead::Alone,
            Engine::Postgres(model) => Lead::Locked(Box::new(model.lock(name))),
        }
    }

    /// The turn of this process to do what one process does at a time. No projection has that name.
    #[must_use]
    pub fn leadership(&self, name: &'static str) -> Leadership {
        Leadership::new(name, self.lead(name))
    }

    /// Whether other processes may move the same checkpoints.
    pub(crate) fn is_shared(&self) -> bool {
        match &self.engine {
            Engine::Sqlite(_) => false,
            Engine::Postgres(_) => true,
        }
    }

    /// Says that this process moves the projection from now on.
    pub(crate) async fn claim(&self, owner: Owner, by: &str) -> Result<(), WriteFailure> {
        let (sql, values) = (include_str!("store/claim_checkpoint.sql"), vec![by.into(), owner.name.into()]);
        self.write(owner, Write { doing: "claiming the checkpoint", sql: sql.into(), values }).await
    }

    /// Says why the projection stays where it is.
    pub(crate) async fn halt(&self, owner: Owner, at: Position, why: &str) -> Result<(), WriteFailure> {
        let sql = include_str!("store/halt_checkpoint.sql");
        let values = vec![why.into(), owner.name.into(), at.into()];
        self.write(owner, Write { doing: "keeping the reason of the halt", sql: sql.into(), values }).await
    }

    /// Puts the checkpoint before the first batch and leaves the rows.
    pub(crate) async fn rewind(&self, owner: Owner) -> Result<(), WriteFailure> {
        let sql = include_str!("store/rewind_checkpoint.sql");
        let values = vec![owner.name.into(), owner.version.into()];
        self.write(owner, Write { doing: "rewinding the checkpoint", sql: sql.into(), values }).await
    }

    /// Whether tables that are kept for a time lie in partitions.
    pub(crate) fn has_partitions(&self) -> bool {
        match &self.engine {
            Engine::Sqlite(_) => false,
            Engine::Postgres(_) => true,
        }
    }

    /// Changes rows that no checkpoint speaks of. How many it was.
    pub(crate) async fn change(
        &self,
        owner: Owner,
        doing: &'static str,
        sql: impl Into<Cow<'static, str>>,
        values: Vec<Value>,
    ) -> Result<u64, WriteFailure> {
        let write = Write { doing, sql: sql.into(), values };
        match &self.engine {
            Engine::Sqlite(model) => model.write(owner, write).await,
            Engine::Postgres(model) => model.write(owner, write).await,
        }
    }

    async fn write(&self, owner: Owner, write: Write) -> Result<(), WriteFailure> {
        match &self.engine {
            Engine::Sqlite(model) => model.write(owner, write).await,
            Engine::Postgres(model) => model.write(owner, write).await,
        }
        .map(drop)
    }

    pub(crate) async fn fetch<T: Stored>(&self, select: Select) -> Result<Vec<T>, ReadFailure> {
        match &self.engine {
            Engine::Sqlite(model) => model.fetch(select).await,
            Engine::Postgres(model) => model.fetch(select).await,
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
            Engine::Postgres(model) => model.dump(table).await,
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
            Engine::Postgres(model) => model.load(owner, keys).await,
        }
    }

    pub(crate) async fn commit(&self, commit: Commit) -> Result<Committed, WriteFailure> {
        match &self.engine {
            Engine::Sqlite(model) => model.commit(commit).await,
            Engine::Postgres(model) => model.commit(commit).await,
        }
    }

    /// The same for a rebuild, which is the only one to write.
    pub(crate) async fn remake(&self, remaking: Remaking) -> Result<Committed, WriteFailure> {
        match &self.engine {
            Engine::Sqlite(model) => model.commit(remaking.into()).await,
            Engine::Postgres(model) => model.remake(remaking).await,
        }
    }

    /// Empties the tables and puts the checkpoint before the first event, in one transaction.
    pub(crate) async fn reset(&self, owner: Owner) -> Result<(), WriteFailure> {
        match &self.engine {
            Engine::Sqlite(model) => model.reset(owner).await,
            Engine::Postgres(model) => model.reset(owner).await,
        }
    }

    /// The same before a rebuild, which calls [`Self::complete`] at its end.
    pub(crate) async fn strip(&self, owner: Owner) -> Result<(), WriteFailure> {
        match &self.engine {
            Engine::Sqlite(model) => model.reset(owner).await,
            Engine::Postgres(model) => model.strip(owner).await,
        }
    }

    /// Makes what a rebuild has done without, also one that was cut off.
    pub(crate) async fn complete(&self, owner: Owner) -> Result<(), WriteFailure> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(()),
            Engine::Postgres(model) => model.complete(owner).await,
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

impl Stored for Standing {
    fn read(columns: &impl crate::Columns) -> Result<Self, crate::BadColumn> {
        Ok(Self {
            name: columns.text("name")?,
            checkpoint: Checkpoint::read(columns)?,
            halted: columns.text_or_none("halted")?,
        })
    }
}
