//! The audit log's seven indexes cost a rebuild most of its time: each row goes to a place of its own in each. A
//! rebuild under the role that owns the tables takes them away and makes them again at the end, each in one sorted
//! pass. Under a role that may not, it keeps them.

use sqlx::{Executor as _, PgPool, Row as _};

use super::{Owner, Write, execute};
use crate::audit_log::ENTRIES;

struct Indexes {
    may_change: bool,
    incomplete: bool,
}

fn concern(owner: Owner) -> bool {
    owner.name == ENTRIES.name
}

async fn ask(pool: &PgPool) -> sqlx::Result<Indexes> {
    let row = sqlx::query(include_str!("select_audit_indexes.sql")).fetch_one(pool).await?;
    Ok(Indexes { may_change: row.try_get("may_change")?, incomplete: row.try_get("incomplete")? })
}

/// Empties the tables for a rebuild and takes the indexes away, all or nothing; false where that is not to be had.
pub(super) async fn strip(pool: &PgPool, owner: Owner) -> sqlx::Result<bool> {
    if !concern(owner) || !ask(pool).await?.may_change {
        return Ok(false);
    }
    let mut transaction = pool.begin().await?;
    // A reader that does not end: the indexes stay, and the rebuild takes its time.
    if transaction.execute(include_str!("drop_audit_indexes.sql")).await.is_err() {
        transaction.rollback().await?;
        return Ok(false);
    }
    for table in owner.tables.iter().filter(|table| !table.appended) {
        sqlx::query(&table.delete_all()).execute(&mut *transaction).await?;
    }
    execute(&mut transaction, Write::reset(owner)).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Makes the indexes that a rebuild has taken away, also one that was cut off. Nothing where none is missing.
pub(super) async fn complete(pool: &PgPool, owner: Owner) -> sqlx::Result<()> {
    if !concern(owner) {
        return Ok(());
    }
    let Indexes { may_change, incomplete } = ask(pool).await?;
    if !incomplete {
        return Ok(());
    }
    if !may_change {
        tracing::warn!(
            "The audit log has lost indexes to a rebuild that was cut off; run it again under the role of the migrations"
        );
        return Ok(());
    }
    let mut transaction = pool.begin_with("begin; set local statement_timeout = 0").await?;
    transaction.execute(include_str!("make_audit_indexes.sql")).await?;
    transaction.commit().await
}
