//! The schema: migrated by one command, compared by all others.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use sqlx::{
    PgPool, Row as _,
    migrate::{MigrateError, Migrator},
};

use crate::OpenFailure;

static MIGRATOR: Migrator = sqlx::migrate!("migrations/postgres");

/// Of Postgres: the table is not there.
const UNDEFINED_TABLE: &str = "42P01";

/// Brings the read models' schema up to date, under a role that may change it, and lets `application_role` write in it,
/// if one is named. The pool's search path names the schema, which is there. Safe to repeat, and to run from two places
/// at once.
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
        OpenFailure::Postgres { doing: "migrating the read models", source: Box::new(failure) }
    })
}

/// Lets a role read the views that are made for auditors (docs/audit-sql.md), and nothing else. Safe to repeat.
///
/// # Errors
/// When the database cannot be reached, there is no such role, or the pool's own may not grant it.
pub async fn grant_auditor(pool: &PgPool, role: &str) -> Result<(), OpenFailure> {
    let failed =
        |source| OpenFailure::Postgres { doing: "granting the auditors' views", source: Box::new(source) };
    let grants = include_str!("grants_auditor.sql").replace("{role}", &quoted(role));
    sqlx::raw_sql(&grants).execute(pool).await.map(drop).map_err(failed)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn grant(pool: &PgPool, application_role: Option<&str>) -> Result<(), OpenFailure> {
    let Some(role) = application_role else { return Ok(()) };
    let failed = |source| OpenFailure::Postgres {
        doing: "granting the read models' tables",
        source: Box::new(source),
    };
    let schema: String =
        sqlx::query_scalar("select current_schema()").fetch_one(pool).await.map_err(failed)?;
    let grants =
        include_str!("grants.sql").replace("{schema}", &quoted(&schema)).replace("{role}", &quoted(role));
    sqlx::raw_sql(&grants).execute(pool).await.map(drop).map_err(failed)
}

/// Refuses every schema but the one that this program was built for.
pub(super) async fn check(pool: &PgPool) -> Result<(), OpenFailure> {
    let mut applied = applied(pool).await?;
    let mut older = false;
    for migration in MIGRATOR.iter() {
        match applied.remove(&migration.version) {
            None => older = true,
            Some(Applied { success: true, checksum }) if checksum == *migration.checksum => {}
            Some(_) => return Err(OpenFailure::SchemaAltered { version: migration.version }),
        }
    }
    match (applied.is_empty(), older) {
        (false, _) => Err(OpenFailure::SchemaNewer),
        (true, true) => Err(OpenFailure::SchemaOlder),
        (true, false) => Ok(()),
    }
}

struct Applied {
    success: bool,
    checksum: Vec<u8>,
}

async fn applied(pool: &PgPool) -> Result<BTreeMap<i64, Applied>, OpenFailure> {
    let failed =
        |source| OpenFailure::Postgres { doing: "reading the read models' schema", source: Box::new(source) };
    let rows = sqlx::query(include_str!("select_migrations.sql")).fetch_all(pool).await;
    let rows = match rows {
        Ok(rows) => rows,
        Err(sqlx::Error::Database(refused)) if refused.code().as_deref() == Some(UNDEFINED_TABLE) => vec![],
        Err(source) => return Err(failed(source)),
    };
    let read = |row: &sqlx::postgres::PgRow| {
        let applied = Applied { success: row.try_get("success")?, checksum: row.try_get("checksum")? };
        Ok((row.try_get("version")?, applied))
    };
    rows.iter().map(read).collect::<sqlx::Result<_>>().map_err(failed)
}
