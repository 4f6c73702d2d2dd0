//! The engine of several processes: a schema of its own on Postgres. Each batch is a handful of statements, one a
//! table; the last commits may be lost with the server, and the log gives them back.

mod at_once;
mod batch;
mod copy;
mod indexes;
mod lock;
mod remake;
mod schema;

use std::{collections::BTreeSet, time::Duration};

use eventlog::postgres::{Sessions, is_unreachable};
use futures::TryStreamExt as _;
use sqlx::{
    Decode, PgConnection, PgPool, Postgres, Row as _, TypeInfo as _, ValueRef as _,
    postgres::{PgArguments, PgRow},
    query::Query,
};

use super::{Commit, Committed, Owner, Remaking, Write};
use crate::{
    BadColumn, Columns, Kind, OpenFailure, ReadFailure, Row, Rows, Stored, Table, Value, WriteFailure,
    queries::Select,
};
use batch::Batch;
pub(super) use lock::Lock;
pub use schema::{grant_auditor, migrate_postgres};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A lost commit takes its checkpoint with it, so nothing need wait for the disk.
const BEGIN: &str = "begin; set local synchronous_commit = off";
/// Where the source may be gone by then.
const BEGIN_DURABLE: &str = "begin; set local synchronous_commit = on";

/// Longer than the server lets a statement take.
const ANSWER_AT_MOST: Duration = Duration::from_secs(30);

pub(super) struct PostgresReadModel {
    /// For transactions, and for what is long or rare.
    pool: PgPool,
    sessions: Sessions,
}

impl PostgresReadModel {
    pub(super) async fn open(pool: PgPool) -> Result<Self, OpenFailure> {
        schema::check(&pool).await?;
        let options = pool.connect_options().as_ref().clone().options([("synchronous_commit", "off")]);
        let sessions = Sessions::new(options, pool.options().get_max_connections(), ANSWER_AT_MOST);
        Ok(Self { pool, sessions })
    }

    pub(super) async fn close(&self) {
        self.sessions.close().await;
        self.pool.close().await;
    }

    pub(super) fn lock(&self, name: &'static str) -> Lock {
        Lock::new(&self.pool, name)
    }

    pub(super) async fn fetch<T: Stored>(&self, select: Select) -> Result<Vec<T>, ReadFailure> {
        let Select { sql, values, once } = select;
        let query = bound(sqlx::query(&sql), values).persistent(!once);
        // Read as they come: the server goes on meanwhile.
        let rows = self.sessions.run(async |session| {
            query.fetch(session).map_ok(|row| T::read(&Fetched(&row))).try_collect::<Vec<_>>().await
        });
        let rows = rows.await.map_err(unread)?;
        rows.into_iter().collect::<Result<_, _>>().map_err(|source| ReadFailure::Row { source })
    }

    pub(super) async fn dump(&self, table: &'static Table) -> Result<Vec<Row>, ReadFailure> {
        let rows = sqlx::query(&table.select_all()).fetch_all(&self.pool).await;
        let rows = rows.map_err(unread)?;
        let read = |row| stored_row(table, row).map_err(|source| ReadFailure::Query { source });
        rows.iter().map(read).collect()
    }

    pub(super) async fn load(
        &self,
        owner: Owner,
        keys: Vec<(&'static Table, Value)>,
    ) -> Result<Rows, WriteFailure> {
        self.load_rows(owner, keys).await.map_err(failed(owner, "loading rows"))
    }

    async fn load_rows(&self, owner: Owner, keys: Vec<(&'static Table, Value)>) -> Result<Rows, Failure> {
        let mut rows = Rows::default();
        for table in owner.tables {
            let keys = keys.iter().filter(|(of, _)| of.name == table.name);
            let keys: BTreeSet<Value> = keys.map(|(_, key)| key.clone()).collect();
            let Some(kind) = table.key().first().map(|column| column.kind).filter(|_| !keys.is_empty())
            else {
                continue;
            };
            let select = table.select_many();
            let query = bind_array(sqlx::query(&select), kind, keys.iter().cloned())?;
            for row in self.sessions.run(async |session| query.fetch_all(session).await).await? {
                let row = stored_row(table, &row)?;
                rows.load(table, row.0.first().cloned().unwrap_or(Value::Null), Some(row));
            }
            for key in keys {
                if !rows.has_loaded(table, &key) {
                    rows.load(table, key, None);
                }
            }
        }
        Ok(rows)
    }

    pub(super) async fn commit(&self, commit: Commit) -> Result<Committed, WriteFailure> {
        let owner = commit.owner;
        self.write_batch(commit).await.map_err(failed(owner, "writing a batch"))
    }

    async fn write_batch(&self, commit: Commit) -> Result<Committed, Failure> {
        let Commit { owner, from, to, changes } = commit;
        let (advance, tables) = (Write::advance(owner, from, &to), Batch::by_table(changes));
        if !owner.durable && at_once::fits(&tables) {
            return at_once::write(&self.sessions, advance, tables).await;
        }
        let begin = if owner.durable { BEGIN_DURABLE } else { BEGIN };
        let mut transaction = self.pool.begin_with(begin).await?;
        // First: the row's lock keeps a second mover waiting, and shows it then that it is late.
        if execute(&mut transaction, advance).await? == 0 {
            transaction.rollback().await?;
            return Ok(Committed::Fenced);
        }
        for (table, batch) in tables {
            write_table(&mut transaction, table, batch).await?;
        }
        transaction.commit().await?;
        Ok(Committed::Yes)
    }

    pub(super) async fn remake(&self, remaking: Remaking) -> Result<Committed, WriteFailure> {
        let owner = remaking.owner;
        remake::write(&self.pool, remaking).await.map_err(failed(owner, "writing a batch"))
    }

    pub(super) async fn reset(&self, owner: Owner) -> Result<(), WriteFailure> {
        self.empty(owner).await.map_err(failed(owner, "emptying the tables"))
    }

    async fn empty(&self, owner: Owner) -> Result<(), Failure> {
        let mut transaction = self.pool.begin().await?;
        for table in owner.tables {
            // Not `truncate`: it waits for every reader, and all later ones for it.
            sqlx::query(&table.delete_all()).execute(&mut *transaction).await?;
        }
        execute(&mut transaction, Write::reset(owner)).await?;
        Ok(transaction.commit().await?)
    }

    /// The same for a rebuild, which can do without indexes until [`Self::complete`].
    pub(super) async fn strip(&self, owner: Owner) -> Result<(), WriteFailure> {
        let stripped = indexes::strip(&self.pool, owner).await;
        match stripped.map_err(|source| failed(owner, "emptying the tables")(source.into()))? {
            true => Ok(()),
            false => self.reset(owner).await,
        }
    }

    pub(super) async fn complete(&self, owner: Owner) -> Result<(), WriteFailure> {
        let completed = indexes::complete(&self.pool, owner).await;
        completed.map_err(|source| failed(owner, "making the indexes")(source.into()))
    }

    pub(super) async fn write(&self, owner: Owner, write: Write) -> Result<u64, WriteFailure> {
        let failed = failed(owner, write.doing);
        let Write { sql, values, doing: _ } = write;
        let query = bound(sqlx::query(&sql), values);
        let done = self.sessions.run(async |session| query.execute(session).await).await;
        done.map(|done| done.rows_affected()).map_err(|source| failed(source.into()))
    }
}

fn unread(source: sqlx::Error) -> ReadFailure {
    if is_unreachable(&source) { ReadFailure::Unreachable { source } } else { ReadFailure::Query { source } }
}

fn failed(owner: Owner, doing: &'static str) -> impl FnOnce(Failure) -> WriteFailure {
    move |source| WriteFailure { projection: owner.name, doing, source }
}

async fn execute(connection: &mut PgConnection, write: Write) -> sqlx::Result<u64> {
    let Write { sql, values, doing: _ } = write;
    Ok(bound(sqlx::query(&sql), values).execute(connection).await?.rows_affected())
}

/// One statement for all that goes, one for all that comes.
async fn write_table(
    connection: &mut PgConnection,
    table: &'static Table,
    batch: Batch,
) -> Result<(), Failure> {
    let Batch { deletes, puts } = batch;
    if table.appended {
        if !puts.is_empty() {
            copy::copy_in(connection, table, &puts).await?;
        }
        return delete_rows(connection, table, deletes).await;
    }
    delete_rows(connection, table, deletes).await?;
    if puts.is_empty() {
        return Ok(());
    }
    let upsert = table.upsert_many();
    bind_rows(sqlx::query(&upsert), table, puts)?.execute(connection).await?;
    Ok(())
}

async fn delete_rows(
    connection: &mut PgConnection,
    table: &'static Table,
    deletes: BTreeSet<Value>,
) -> Result<(), Failure> {
    if let Some(key) = table.key().first().filter(|_| !deletes.is_empty()) {
        let delete = table.delete_many();
        bind_array(sqlx::query(&delete), key.kind, deletes.into_iter())?.execute(connection).await?;
    }
    Ok(())
}

/// An array for each column.
fn bind_rows<'query>(
    mut query: PgQuery<'query>,
    table: &Table,
    rows: Vec<Row>,
) -> Result<PgQuery<'query>, BadValue> {
    let mut columns = transposed(table.columns.len(), rows).into_iter();
    for column in table.columns {
        query = bind_array(query, column.kind, columns.next().unwrap_or_default().into_iter())?;
    }
    Ok(query)
}

/// The values of each column.
fn transposed(columns: usize, rows: Vec<Row>) -> Vec<Vec<Value>> {
    let mut all: Vec<Vec<Value>> = (0..columns).map(|_| Vec::with_capacity(rows.len())).collect();
    for Row(values) in rows {
        for (column, value) in all.iter_mut().zip(values) {
            column.push(value);
        }
    }
    all
}

/// A value in a column of the other kind: the projection's table and its rows do not agree.
#[derive(Debug, thiserror::Error)]
#[error("a value is not {expected}")]
struct BadValue {
    expected: &'static str,
}

type PgQuery<'query> = Query<'query, Postgres, PgArguments>;

/// An array has the type of its column, so that nulls have one too.
fn bind_array(
    query: PgQuery<'_>,
    kind: Kind,
    values: impl Iterator<Item = Value>,
) -> Result<PgQuery<'_>, BadValue> {
    Ok(match kind {
        Kind::Integer => query.bind(values.map(integer).collect::<Result<Vec<_>, _>>()?),
        Kind::Text => query.bind(values.map(text).collect::<Result<Vec<_>, _>>()?),
    })
}

fn integer(value: Value) -> Result<Option<i64>, BadValue> {
    match value {
        Value::Null => Ok(None),
        Value::Integer(number) => Ok(Some(number)),
        Value::Text(_) => Err(BadValue { expected: "an integer" }),
    }
}

fn text(value: Value) -> Result<Option<String>, BadValue> {
    match value {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(text)),
        Value::Integer(_) => Err(BadValue { expected: "a text" }),
    }
}

fn bound(mut query: PgQuery<'_>, values: Vec<Value>) -> PgQuery<'_> {
    for value in values {
        query = match value {
            // Every column that single parameters are compared with or written to and that may be null is text.
            Value::Null => query.bind(None::<String>),
            Value::Integer(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
        };
    }
    query
}

fn stored_row(table: &Table, row: &PgRow) -> sqlx::Result<Row> {
    let value = |(at, column): (usize, &crate::Column)| -> sqlx::Result<Value> {
        Ok(match column.kind {
            Kind::Integer => row.try_get::<Option<i64>, _>(at)?.into(),
            Kind::Text => row.try_get::<Option<String>, _>(at)?.into(),
        })
    };
    table.columns.iter().enumerate().map(value).collect::<sqlx::Result<_>>().map(Row)
}

/// A row as sqlx hands it out.
struct Fetched<'row>(&'row PgRow);

impl Columns for Fetched<'_> {
    fn value(&self, column: &'static str) -> Result<Value, BadColumn> {
        let bad = |expected| BadColumn { column, expected };
        let raw = self.0.try_get_raw(column).map_err(|_| bad("anything: there is no such column"))?;
        if raw.is_null() {
            return Ok(Value::Null);
        }
        let type_info = raw.type_info();
        match type_info.name() {
            "INT8" => {
                <i64 as Decode<Postgres>>::decode(raw).map(Value::Integer).map_err(|_| bad("an integer"))
            }
            // A literal in a statement.
            "INT4" => {
                let number = <i32 as Decode<Postgres>>::decode(raw).map_err(|_| bad("an integer"))?;
                Ok(Value::Integer(number.into()))
            }
            "TEXT" => <String as Decode<Postgres>>::decode(raw).map(Value::Text).map_err(|_| bad("text")),
            _ => Err(bad("an integer or a text")),
        }
    }
}
