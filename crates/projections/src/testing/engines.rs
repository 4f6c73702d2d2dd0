//! Read models on each engine.

use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tempfile::TempDir;
use test_servers::{Database, Postgres};

use crate::{ReadModel, migrate_postgres};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// One test of each case on each engine.
macro_rules! on_every_engine {
    ($($case:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $case() {
                super::$case(crate::testing::Engine::Sqlite).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test]
            async fn $case() {
                super::$case(crate::testing::Engine::Postgres).await;
            })+
        }
    };
}
pub(crate) use on_every_engine;

/// A directory for what else the test keeps, and an empty read model.
pub(crate) async fn read_model(on: Engine) -> (TempDir, ReadModel) {
    let dir = tempfile::tempdir().unwrap();
    let model = match on {
        Engine::Sqlite => ReadModel::open_sqlite(&dir.path().join("read.db")).await.unwrap(),
        Engine::Postgres => ReadModel::open_postgres(migrated().await.1).await.unwrap(),
    };
    (dir, model)
}

/// An empty database, the schema in it empty too.
pub(crate) async fn database() -> (Database, PgPool) {
    database_in(Postgres::shared().await.unwrap()).await
}

async fn database_in(postgres: &Postgres) -> (Database, PgPool) {
    let database = postgres.database().unwrap();
    let pool = pool(&database).await;
    sqlx::query("create schema tollgate_read").execute(&pool).await.unwrap();
    (database, pool)
}

/// The same, migrated.
pub(crate) async fn migrated() -> (Database, PgPool) {
    migrated_in(Postgres::shared().await.unwrap()).await
}

/// The same in a cluster of the test's own.
pub(crate) async fn migrated_in(postgres: &Postgres) -> (Database, PgPool) {
    let (database, pool) = database_in(postgres).await;
    migrate_postgres(&pool, None).await.unwrap();
    (database, pool)
}

/// Another pool on it, as another process has.
pub(crate) async fn pool(database: &Database) -> PgPool {
    let options: PgConnectOptions = database.url.parse().unwrap();
    let options = options.options([("search_path", "tollgate_read")]);
    PgPoolOptions::new().max_connections(8).connect_with(options).await.unwrap()
}
