//! The engine of several processes: a schema of its own on Postgres, migrated by one command and compared by all others.

use std::collections::BTreeMap;

use sqlx::{
    PgPool, Row as _,
    migrate::{MigrateError, Migrator},
};

use crate::OpenFailure;

static MIGRATOR: Migrator = sqlx::migrate!("migrations/postgres");

/// Of Postgres: the table is not there.
const UNDEFINED_TABLE: &str = "42P01";

/// Brings the outbox's schema up to date, under a role that may change it, and lets `application_role` write in it, if one is
/// named. The pool's search path names the schema, which is there. Safe to repeat, and to run from two places at once.
///
/// # Errors
/// When the database cannot be reached, or was migrated by a newer Tollgate or by altered files.
pub async fn migrate_postgres(pool: &PgPool, application_role: Option<&str>) -> Result<(), OpenFailure> {
    let Err(failure) = MIGRATOR.run(pool).await else { return grant(pool, application_role).await };
    Err(if let MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) = failure {
        OpenFailure::SchemaNewer
    } else if let MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) = failure {
        OpenFailure::SchemaAltered { version }
    } else {
        OpenFailure::Postgres { doing: "migrating the outbox", source: Box::new(failure) }
    })
}

async fn grant(pool: &PgPool, application_role: Option<&str>) -> Result<(), OpenFailure> {
    let Some(role) = application_role else { return Ok(()) };
    let failed =
        |source| OpenFailure::Postgres { doing: "granting the outbox's tables", source: Box::new(source) };
    let schema: String =
        sqlx::query_scalar("select current_schema()").fetch_one(pool).await.map_err(failed)?;
    let grants =
        include_str!("grants.sql").replace("{schema}", &quoted(&schema)).replace("{role}", &quoted(role));
    sqlx::raw_sql(&grants).execute(pool).await.map(drop).map_err(failed)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Refuses every schema but the one that this program was built for.
pub(super) async fn check(pool: &PgPool) -> Result<(), OpenFailure> {
    let mut applied = applied(pool).await?;
    let mut older = false;
    for migration in MIGRATOR.iter() {
        match applied.remove(&migration.version) {
            None => older = true,
            Some((true, checksum)) if checksum == *migration.checksum => {}
            Some(_) => return Err(OpenFailure::SchemaAltered { version: migration.version }),
        }
    }
    match (applied.is_empty(), older) {
        (false, _) => Err(OpenFailure::SchemaNewer),
        (true, true) => Err(OpenFailure::SchemaOlder),
        (true, false) => Ok(()),
    }
}

/// By version: whether it went well, and the checksum of its file.
async fn applied(pool: &PgPool) -> Result<BTreeMap<i64, (bool, Vec<u8>)>, OpenFailure> {
    let failed =
        |source| OpenFailure::Postgres { doing: "reading the outbox's schema", source: Box::new(source) };
    let rows = match sqlx::query(include_str!("select_migrations.sql")).fetch_all(pool).await {
        Ok(rows) => rows,
        Err(sqlx::Error::Database(refused)) if refused.code().as_deref() == Some(UNDEFINED_TABLE) => vec![],
        Err(source) => return Err(failed(source)),
    };
    let read = |row: &sqlx::postgres::PgRow| {
        Ok((row.try_get("version")?, (row.try_get("success")?, row.try_get("checksum")?)))
    };
    rows.iter().map(read).collect::<sqlx::Result<_>>().map_err(failed)
}
