//! What can go wrong with the machine under the outbox.

use std::path::PathBuf;

use eventlog::postgres::is_unreachable;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The outbox could not be opened. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenFailure {
    #[error(transparent)]
    Database(#[from] eventlog::OpenFailure),
    #[error("cannot use the database {file}")]
    File { file: PathBuf, source: Source },
    #[error("the schema of the outbox is older than this Tollgate; run `tollgate migrate`")]
    SchemaOlder,
    #[error("the schema of the outbox was migrated by a newer Tollgate; start that version")]
    SchemaNewer,
    #[error(
        "the migration {version} of the outbox was cut off or is not the one of this Tollgate; restore the schema from a backup"
    )]
    SchemaAltered { version: i64 },
    #[error("{doing}")]
    Postgres { doing: &'static str, source: Source },
}

/// The outbox failed while it was open. Nothing of what was asked for has happened, unless its own answer was lost.
#[derive(Debug, thiserror::Error)]
pub enum OutboxFailure {
    #[error("the server of the outbox is away: {doing}")]
    Unreachable { doing: &'static str, source: sqlx::Error },
    #[error("{doing}")]
    Store { doing: &'static str, source: sqlx::Error },
    #[error("the column `{column}` of the outbox does not hold what it should")]
    Row { column: &'static str },
    #[error("writing rows as JSON")]
    Rows { source: serde_json::Error },
}

impl OutboxFailure {
    pub(crate) fn of(doing: &'static str, source: sqlx::Error) -> Self {
        if is_unreachable(&source) {
            Self::Unreachable { doing, source }
        } else {
            Self::Store { doing, source }
        }
    }
}
