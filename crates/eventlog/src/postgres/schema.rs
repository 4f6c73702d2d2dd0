//! The schema of the log: made and changed by `tollgate migrate` alone, and checked at every start.

use std::collections::BTreeMap;

use sqlx::{Connection, Executor as _, PgPool, migrate::Migrator};

use super::connect::{EVENTS, OUTBOX, PostgresSettings, READ_MODELS, Server};
use crate::OpenFailure;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// Brings the schema of the log up to date and lets `application_role` use it, if one is named. Run by the role that
/// owns the tables. Safe to repeat, and safe to run twice at once: sqlx takes a lock. Makes the schemas of the read models
/// and of the outbox too, empty: their own migrations fill them.
///
/// # Errors
/// When the server does not answer, or a migration fails; then that one has not happened.
pub async fn migrate(settings: &PostgresSettings, application_role: Option<&str>) -> Result<(), OpenFailure> {
    let server = Server::of(settings, EVENTS)?;
    let failed = |source: sqlx::Error| server.failed(source);
    let mut connection = server.connect().await.map_err(failed)?;
    // Moving rows may take its time.
    connection.execute("set statement_timeout = 0; set lock_timeout = '30s'").await.map_err(failed)?;
    for schema in [EVENTS, READ_MODELS, OUTBOX] {
        connection.execute(format!("create schema if not exists {schema}").as_str()).await.map_err(failed)?;
    }
    MIGRATIONS.run(&mut connection).await.map_err(|source| OpenFailure::Migrate {
        server: server.name().to_owned(),
        source: Box::new(source),
    })?;
    if let Some(role) = application_role {
        let grants = include_str!("grants.sql").replace("{role}", &quoted(role));
        connection.execute(sqlx::raw_sql(&grants)).await.map_err(failed)?;
    }
    connection.close().await.map_err(failed)
}

/// An identifier as SQL writes it, whatever characters are in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// # Errors
/// When the schema is not exactly the one that this program knows.
pub(super) async fn check(pool: &PgPool, server: &str) -> Result<(), OpenFailure> {
    check_against(&MIGRATIONS, pool, server).await
}

async fn check_against(known: &Migrator, pool: &PgPool, server: &str) -> Result<(), OpenFailure> {
    let not_migrated = |what: String| OpenFailure::NotMigrated { server: server.to_owned(), what };
    let applied: Vec<(i64, Vec<u8>, bool)> =
        sqlx::query_as("select version, checksum, success from _sqlx_migrations order by version")
            .fetch_all(pool)
            .await
            .map_err(|source| match source.as_database_error().and_then(|error| error.code()) {
                // undefined_table, invalid_schema_name
                Some(code) if code == "42P01" || code == "3F000" => {
                    not_migrated("it has no schema yet".to_owned())
                }
                Some(_) | None => OpenFailure::Server { server: server.to_owned(), source: Box::new(source) },
            })?;
    let known: BTreeMap<i64, &[u8]> = known.iter().map(|one| (one.version, one.checksum.as_ref())).collect();
    for (version, checksum, success) in &applied {
        match known.get(version) {
            None => {
                let what = format!("it is at version {version}");
                return Err(OpenFailure::Newer { server: server.to_owned(), what });
            }
            Some(_) if !success => return Err(not_migrated(format!("version {version} is half done"))),
            Some(expected) if *expected != checksum.as_slice() => {
                return Err(not_migrated(format!("its version {version} is another one than ours")));
            }
            Some(_) => {}
        }
    }
    match known.keys().find(|version| !applied.iter().any(|(applied, ..)| applied == *version)) {
        Some(missing) => Err(not_migrated(format!("version {missing} is missing"))),
        None => Ok(()),
    }
}
