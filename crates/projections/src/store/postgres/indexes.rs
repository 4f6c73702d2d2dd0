//! Indexes cost a rebuild most of its time: each row goes to a place of its own in each. A rebuild under the role that
//! owns the tables takes them away, the audit log's primary key too, and makes them again at the end, each in one
//! sorted pass, two at a time. Under a role that may not, it keeps them.

use std::vec::IntoIter;

use parking_lot::Mutex;
use sqlx::{Executor as _, PgPool, Row as _};

use super::{Owner, Write, execute};

/// What a projection's tables can do without for a while.
struct Spared {
    projection: &'static str,
    /// Empties the tables and takes it away.
    drop: &'static str,
    /// Makes it again, a statement each. Safe to repeat.
    make: &'static str,
    /// Makes a primary key of its index.
    attach: Option<&'static str>,
}

static SPARED: [Spared; 2] = [
    Spared {
        projection: "audit_log",
        drop: include_str!("indexes/drop_audit_log.sql"),
        make: include_str!("indexes/make_audit_log.sql"),
        attach: Some(include_str!("indexes/attach_audit_log.sql")),
    },
    Spared {
        projection: "key_directory",
        drop: include_str!("indexes/drop_key_directory.sql"),
        make: include_str!("indexes/make_key_directory.sql"),
        attach: None,
    },
];

impl Spared {
    fn of(owner: Owner) -> Option<&'static Self> {
        SPARED.iter().find(|spared| spared.projection == owner.name)
    }

    fn statements(&self) -> Vec<&'static str> {
        self.make.split_inclusive(';').filter(|statement| statement.contains("create")).collect()
    }
}

struct Standing {
    may_change: bool,
    indexes: usize,
    has_key: bool,
}

impl Standing {
    async fn ask(pool: &PgPool, spared: &Spared) -> sqlx::Result<Self> {
        let ask = sqlx::query(include_str!("indexes/select.sql")).bind(spared.projection);
        let row = ask.fetch_one(pool).await?;
        let indexes: i64 = row.try_get("indexes")?;
        Ok(Self {
            may_change: row.try_get("may_change")?,
            indexes: usize::try_from(indexes).unwrap_or_default(),
            has_key: row.try_get("has_key")?,
        })
    }

    fn is_whole(&self, spared: &Spared) -> bool {
        // The statements of a table whose key stays do not make it.
        let kept = usize::from(spared.attach.is_none());
        self.has_key && self.indexes >= spared.statements().len().saturating_add(kept)
    }
}

/// Empties the tables for a rebuild and takes the indexes away, all or nothing; false where that is not to be had.
pub(super) async fn strip(pool: &PgPool, owner: Owner) -> sqlx::Result<bool> {
    let Some(spared) = Spared::of(owner) else { return Ok(false) };
    if !Standing::ask(pool, spared).await?.may_change {
        return Ok(false);
    }
    let mut transaction = pool.begin().await?;
    // A reader that does not end: the indexes stay, and the rebuild takes its time.
    if transaction.execute(spared.drop).await.is_err() {
        transaction.rollback().await?;
        return Ok(false);
    }
    execute(&mut transaction, Write::reset(owner)).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Makes the indexes that a rebuild has taken away, also one that was cut off. Nothing where none is missing.
pub(super) async fn complete(pool: &PgPool, owner: Owner) -> sqlx::Result<()> {
    let Some(spared) = Spared::of(owner) else { return Ok(()) };
    let standing = Standing::ask(pool, spared).await?;
    if standing.is_whole(spared) {
        return Ok(());
    }
    if !standing.may_change {
        tracing::warn!(
            projection.name = owner.name,
            "The projection `{}` has lost indexes to a rebuild that was cut off; run it again under the role of the migrations",
            owner.name
        );
        return Ok(());
    }
    let statements = Mutex::new(spared.statements().into_iter());
    tokio::try_join!(make(pool, &statements), make(pool, &statements))?;
    match spared.attach.filter(|_| !standing.has_key) {
        Some(attach) => pool.execute(attach).await.map(drop),
        None => Ok(()),
    }
}

/// One after the other, beside another that does the same: an index keeps one processor busy, and the lock that it
/// takes lets others be made.
async fn make(pool: &PgPool, statements: &Mutex<IntoIter<&'static str>>) -> sqlx::Result<()> {
    let next = || statements.lock().next();
    while let Some(statement) = next() {
        let mut transaction = pool.begin_with(include_str!("indexes/begin.sql")).await?;
        transaction.execute(statement).await?;
        transaction.commit().await?;
    }
    Ok(())
}
