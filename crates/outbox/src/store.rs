//! Where the outbox is kept: transactions and questions that read the same on both engines.

mod postgres;
mod row;
mod select;
mod sqlite;
mod value;

use std::path::Path;

use sqlx::{PgPool, Postgres, Sqlite, SqlitePool};

pub use postgres::migrate_postgres;
pub(crate) use row::Row;
pub(crate) use select::Select;
pub(crate) use value::Value;

use crate::{OpenFailure, OutboxFailure};

/// A statement, as each engine says it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sql {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl From<&'static str> for Sql {
    fn from(same: &'static str) -> Self {
        Self { sqlite: same, postgres: same }
    }
}

/// The statement of a file; of two files where the engines differ.
macro_rules! sql {
    ($file:literal) => {
        $crate::store::Sql::from(include_str!($file))
    };
    ($sqlite:literal, $postgres:literal) => {
        $crate::store::Sql { sqlite: include_str!($sqlite), postgres: include_str!($postgres) }
    };
}
pub(crate) use sql;

#[derive(Clone)]
pub(crate) enum Store {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres { pool: PgPool },
}

impl Store {
    pub(crate) async fn open_sqlite(file: &Path) -> Result<Self, OpenFailure> {
        let (writer, readers) = sqlite::open(file).await?;
        Ok(Self::Sqlite { writer, readers })
    }

    pub(crate) async fn open_postgres(pool: PgPool) -> Result<Self, OpenFailure> {
        postgres::check(&pool).await?;
        Ok(Self::Postgres { pool })
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres { pool } => pool.close().await,
        }
    }

    /// Begins what is done whole or not at all: dropped, it has not happened.
    pub(crate) async fn begin(&self, doing: &'static str) -> Result<Transaction, OutboxFailure> {
        let failed = |source| OutboxFailure::of(doing, source);
        let engine = match self {
            Self::Sqlite { writer, readers: _ } => {
                Engine::Sqlite(writer.begin_with("begin immediate").await.map_err(failed)?)
            }
            Self::Postgres { pool } => Engine::Postgres(pool.begin().await.map_err(failed)?),
        };
        Ok(Transaction { engine, doing })
    }

    /// The same, and alone among those that decide what is delivered to whom. Claims and reports go on beside it.
    pub(crate) async fn begin_alone(&self, doing: &'static str) -> Result<Transaction, OutboxFailure> {
        let mut transaction = self.begin(doing).await?;
        if let Engine::Postgres(open) = &mut transaction.engine {
            let locked = sqlx::query(include_str!("store/lock.sql")).execute(&mut **open).await;
            locked.map(drop).map_err(|source| OutboxFailure::of(doing, source))?;
        }
        Ok(transaction)
    }

    /// One statement that is its own transaction.
    pub(crate) async fn execute(
        &self,
        doing: &'static str,
        sql: Sql,
        values: Vec<Value>,
    ) -> Result<u64, OutboxFailure> {
        let done = match self {
            Self::Sqlite { writer, readers: _ } => {
                value::for_sqlite(sql.sqlite, values).execute(writer).await.map(|done| done.rows_affected())
            }
            Self::Postgres { pool } => {
                value::for_postgres(sql.postgres, values).execute(pool).await.map(|done| done.rows_affected())
            }
        };
        done.map_err(|source| OutboxFailure::of(doing, source))
    }

    /// A question that keeps no writer waiting.
    pub(crate) async fn fetch(
        &self,
        doing: &'static str,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, OutboxFailure> {
        let rows = match self {
            Self::Sqlite { writer: _, readers } => value::for_sqlite(sql, values)
                .fetch_all(readers)
                .await
                .map(|rows| rows.into_iter().map(Row::Sqlite).collect()),
            Self::Postgres { pool } => value::for_postgres(sql, values)
                .fetch_all(pool)
                .await
                .map(|rows| rows.into_iter().map(Row::Postgres).collect()),
        };
        rows.map_err(|source| OutboxFailure::of(doing, source))
    }

    /// Leaves nothing of what was deleted or written over in the embedded engine's write-ahead log. A server does so by its
    /// own vacuum.
    pub(crate) async fn forget_the_past(&self) -> Result<(), OutboxFailure> {
        match self {
            Self::Sqlite { writer, readers: _ } => sqlx::query("pragma wal_checkpoint(truncate)")
                .execute(writer)
                .await
                .map(drop)
                .map_err(|source| OutboxFailure::of("emptying the write-ahead log", source)),
            Self::Postgres { .. } => Ok(()),
        }
    }
}

/// What is done whole or not at all.
pub(crate) struct Transaction {
    engine: Engine,
    doing: &'static str,
}

enum Engine {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Transaction {
    pub(crate) async fn execute(
        &mut self,
        sql: Sql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<u64, OutboxFailure> {
        let values = values.into_iter().collect();
        let done = match &mut self.engine {
            Engine::Sqlite(open) => value::for_sqlite(sql.sqlite, values)
                .execute(&mut **open)
                .await
                .map(|done| done.rows_affected()),
            Engine::Postgres(open) => value::for_postgres(sql.postgres, values)
                .execute(&mut **open)
                .await
                .map(|done| done.rows_affected()),
        };
        done.map_err(|source| OutboxFailure::of(self.doing, source))
    }

    pub(crate) async fn fetch(
        &mut self,
        sql: Sql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, OutboxFailure> {
        let text = match &self.engine {
            Engine::Sqlite(_) => sql.sqlite,
            Engine::Postgres(_) => sql.postgres,
        };
        self.fetch_text(text, values.into_iter().collect()).await
    }

    pub(crate) async fn fetch_text(
        &mut self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, OutboxFailure> {
        let rows = match &mut self.engine {
            Engine::Sqlite(open) => value::for_sqlite(sql, values)
                .fetch_all(&mut **open)
                .await
                .map(|rows| rows.into_iter().map(Row::Sqlite).collect()),
            Engine::Postgres(open) => value::for_postgres(sql, values)
                .fetch_all(&mut **open)
                .await
                .map(|rows| rows.into_iter().map(Row::Postgres).collect()),
        };
        rows.map_err(|source| OutboxFailure::of(self.doing, source))
    }

    pub(crate) async fn fetch_one(
        &mut self,
        sql: Sql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Option<Row>, OutboxFailure> {
        Ok(self.fetch(sql, values).await?.into_iter().next())
    }

    pub(crate) async fn commit(self) -> Result<(), OutboxFailure> {
        let done = match self.engine {
            Engine::Sqlite(open) => open.commit().await,
            Engine::Postgres(open) => open.commit().await,
        };
        done.map_err(|source| OutboxFailure::of(self.doing, source))
    }

    pub(crate) async fn roll_back(self) -> Result<(), OutboxFailure> {
        let done = match self.engine {
            Engine::Sqlite(open) => open.rollback().await,
            Engine::Postgres(open) => open.rollback().await,
        };
        done.map_err(|source| OutboxFailure::of(self.doing, source))
    }
}
