//! The embedded engine: a file of its own, because readers of the events' file starve its writer. WAL,
//! `synchronous=NORMAL`: a power cut may take the last commits, and the log gives them back.

use std::{path::Path, sync::Arc};

use parking_lot::Mutex;
use rusqlite::{
    CachedStatement, Connection, OptionalExtension, ToSql, TransactionBehavior, params_from_iter,
    types::{ToSqlOutput, ValueRef},
};
use sqlx::{Row as _, SqlitePool, TypeInfo as _, ValueRef as _, sqlite::SqliteRow};

use super::{Commit, Committed, Owner, Write};
use crate::{
    BadColumn, Change, Columns, OpenFailure, ReadFailure, Row, Rows, Stored, Table, Value, WriteFailure,
    queries::Select,
};

/// Holds the inner pages of the audit log's indexes for some millions of entries.
const CACHE_KIB: i64 = 32 * 1024;
/// How much a rebuild writes between two syncs.
const WAL_PAGES: i64 = 8_000;

pub(super) struct SqliteReadModel {
    writer: Arc<Mutex<Connection>>,
    readers: SqlitePool,
}

impl SqliteReadModel {
    pub(super) async fn open(file: &Path) -> Result<Self, OpenFailure> {
        eventlog::sqlite::migrate(file, &sqlx::migrate!("migrations/sqlite")).await?;
        let writer = eventlog::sqlite::open_writer(file)?;
        for (pragma, value) in
            [("synchronous", 1), ("cache_size", -CACHE_KIB), ("wal_autocheckpoint", WAL_PAGES)]
        {
            writer
                .pragma_update(None, pragma, value)
                .map_err(|source| eventlog::sqlite::open_failure(file, source))?;
        }
        let readers = eventlog::sqlite::open_reader(file).await?;
        Ok(Self { writer: Arc::new(Mutex::new(writer)), readers })
    }

    /// In memory: what was in the log for a moment of the past is on no disk. Nothing is written behind it.
    pub(super) async fn of_rows(rows: Vec<Change>) -> Result<Self, OpenFailure> {
        let file = Path::new(":memory:");
        let readers = eventlog::sqlite::open_memory(&sqlx::migrate!("migrations/sqlite")).await?;
        insert(&readers, rows).await.map_err(|source| OpenFailure::Memory { source: Box::new(source) })?;
        let writer =
            Connection::open_in_memory().map_err(|source| eventlog::sqlite::open_failure(file, source))?;
        Ok(Self { writer: Arc::new(Mutex::new(writer)), readers })
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
    }

    pub(super) async fn fetch<T: Stored>(&self, select: Select) -> Result<Vec<T>, ReadFailure> {
        let Select { sql, values, once } = select;
        let rows = self.rows(bound(&sql, values).persistent(!once)).await?;
        rows.iter().map(|row| T::read(&Fetched(row)).map_err(|source| ReadFailure::Row { source })).collect()
    }

    pub(super) async fn dump(&self, table: &'static Table) -> Result<Vec<Row>, ReadFailure> {
        let rows = self.rows(bound(&table.select_all(), vec![])).await?;
        let row = |row: &SqliteRow| {
            let values = table.columns.iter().map(|column| Fetched(row).value(column.name));
            values.collect::<Result<_, _>>().map(Row).map_err(|source| ReadFailure::Row { source })
        };
        rows.iter().map(row).collect()
    }

    async fn rows(&self, query: Query<'_>) -> Result<Vec<SqliteRow>, ReadFailure> {
        query.fetch_all(&self.readers).await.map_err(|source| ReadFailure::Query { source })
    }

    pub(super) async fn load(
        &self,
        owner: Owner,
        keys: Vec<(&'static Table, Value)>,
    ) -> Result<Rows, WriteFailure> {
        if keys.is_empty() {
            return Ok(Rows::default());
        }
        self.run(owner, "loading rows", move |connection| load(connection, owner, keys)).await
    }

    pub(super) async fn commit(&self, commit: Commit) -> Result<Committed, WriteFailure> {
        self.run(commit.owner, "writing a batch", move |connection| write(connection, commit)).await
    }

    pub(super) async fn reset(&self, owner: Owner) -> Result<(), WriteFailure> {
        self.run(owner, "emptying the tables", move |connection| reset(connection, owner)).await
    }

    pub(super) async fn write(&self, owner: Owner, write: Write) -> Result<u64, WriteFailure> {
        self.run(owner, write.doing, move |connection| execute(connection, &write)).await
    }

    /// Empties the write-ahead log, in which pages lie as they were, as far as readers let it.
    pub(super) async fn empty_wal(&self, owner: Owner) -> Result<(), WriteFailure> {
        let empty = |connection: &mut Connection| {
            connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))
        };
        self.run(owner, "emptying the write-ahead log", empty).await
    }

    /// Runs a job on the one connection that writes.
    async fn run<T: Send + 'static>(
        &self,
        owner: Owner,
        doing: &'static str,
        job: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, WriteFailure> {
        let writer = Arc::clone(&self.writer);
        let done = tokio::task::spawn_blocking(move || job(&mut writer.lock())).await;
        let failed = |source| WriteFailure { projection: owner.name, doing, source };
        done.map_err(|source| failed(source.into()))?.map_err(|source| failed(source.into()))
    }
}

type Query<'sql> = sqlx::query::Query<'sql, sqlx::Sqlite, sqlx::sqlite::SqliteArguments<'sql>>;

fn bound(sql: &str, values: Vec<Value>) -> Query<'_> {
    values.into_iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Null => query.bind(None::<String>),
        Value::Integer(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
    })
}

async fn insert(pool: &SqlitePool, rows: Vec<Change>) -> sqlx::Result<()> {
    let mut transaction = pool.begin().await?;
    for change in rows {
        match change {
            Change::Put { table, row } => bound(&table.upsert(), row.0).execute(&mut *transaction).await?,
            Change::Delete { table, key } => {
                bound(&table.delete(), vec![key]).execute(&mut *transaction).await?
            }
        };
    }
    transaction.commit().await
}

fn load(connection: &Connection, owner: Owner, keys: Vec<(&'static Table, Value)>) -> rusqlite::Result<Rows> {
    let mut rows = Rows::default();
    for table in owner.tables {
        let mut select = connection.prepare_cached(&table.select())?;
        for (_, key) in keys.iter().filter(|(of, _)| of.name == table.name) {
            if rows.has_loaded(table, key) {
                continue;
            }
            let row = select.query_row([key], |row| stored_row(table, row)).optional()?;
            rows.load(table, key.clone(), row);
        }
    }
    Ok(rows)
}

fn stored_row(table: &Table, row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let value = |at| {
        Ok(match row.get_ref(at)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => Value::Integer(number),
            ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
            // No table has such a column.
            ValueRef::Real(_) | ValueRef::Blob(_) => Value::Null,
        })
    };
    (0..table.columns.len()).map(value).collect::<rusqlite::Result<_>>().map(Row)
}

fn execute(connection: &Connection, write: &Write) -> rusqlite::Result<u64> {
    let changed = connection.prepare_cached(&write.sql)?.execute(params_from_iter(&write.values))?;
    Ok(u64::try_from(changed).unwrap_or(u64::MAX))
}

fn write(connection: &mut Connection, commit: Commit) -> rusqlite::Result<Committed> {
    let Commit { owner, from, to, changes } = commit;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let advanced = execute(&transaction, &Write::advance(owner, from, &to))?;
    if advanced == 0 {
        return Ok(Committed::Fenced);
    }
    for table in owner.tables {
        let mut upsert = transaction.prepare_cached(&table.upsert())?;
        let mut delete: Option<CachedStatement<'_>> = None;
        for change in &changes {
            match change {
                Change::Put { table: of, row } if of.name == table.name => {
                    upsert.execute(params_from_iter(&row.0))?;
                }
                Change::Delete { table: of, key } if of.name == table.name => {
                    let delete = match &mut delete {
                        Some(delete) => delete,
                        None => delete.insert(transaction.prepare_cached(&table.delete())?),
                    };
                    delete.execute([key])?;
                }
                Change::Put { .. } | Change::Delete { .. } => {}
            }
        }
    }
    transaction.commit()?;
    Ok(Committed::Yes)
}

fn reset(connection: &mut Connection, owner: Owner) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for table in owner.tables {
        transaction.execute(&table.delete_all(), [])?;
    }
    execute(&transaction, &Write::reset(owner))?;
    transaction.commit()
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Integer(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

/// A row as sqlx hands it out.
struct Fetched<'row>(&'row SqliteRow);

impl Columns for Fetched<'_> {
    fn value(&self, column: &'static str) -> Result<Value, BadColumn> {
        let bad = |expected| BadColumn { column, expected };
        let raw = self.0.try_get_raw(column).map_err(|_| bad("anything: there is no such column"))?;
        if raw.is_null() {
            return Ok(Value::Null);
        }
        match raw.type_info().name() {
            "INTEGER" => self.0.try_get(column).map(Value::Integer).map_err(|_| bad("an integer")),
            "TEXT" => self.0.try_get(column).map(Value::Text).map_err(|_| bad("text")),
            _ => Err(bad("an integer or a text")),
        }
    }
}
