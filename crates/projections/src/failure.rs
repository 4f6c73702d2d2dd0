//! What can go wrong with the machine under the read models.

use std::path::PathBuf;

use crate::BadColumn;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The read model could not be opened. Each message says what to do; nothing in the file is lost for good.
#[derive(Debug, thiserror::Error)]
pub enum OpenFailure {
    #[error(
        "the read model {file} is damaged ({source}); delete it and its -wal and -shm files: it is made again from the log"
    )]
    Damaged { file: PathBuf, source: Source },
    #[error(
        "the read model {file} was written by a newer Tollgate; start that version, or delete the file: it is made again from the log"
    )]
    TooNew { file: PathBuf },
    #[error(transparent)]
    Database(eventlog::OpenFailure),
    #[error("the schema of the read models is older than this Tollgate; run `tollgate migrate`")]
    SchemaOlder,
    #[error("the schema of the read models was migrated by a newer Tollgate; start that version")]
    SchemaNewer,
    #[error(
        "the migration {version} of the read models was cut off or is not the one of this Tollgate; drop the schema and run `tollgate migrate`: all but usage is made again from the log"
    )]
    SchemaAltered { version: i64 },
    #[error("making a read model in memory")]
    Memory { source: Source },
    #[error("{doing}")]
    Postgres { doing: &'static str, source: Source },
}

impl From<eventlog::OpenFailure> for OpenFailure {
    /// A damaged log is restored, a damaged read model deleted: the faults are the same, the advice is not.
    fn from(failure: eventlog::OpenFailure) -> Self {
        use eventlog::OpenFailure as Of;
        if let Of::Damaged { file, source } = failure {
            Self::Damaged { file, source }
        } else if let Of::TooNew { file } = failure {
            Self::TooNew { file }
        } else {
            Self::Database(failure)
        }
    }
}

/// A question to the read models got no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadFailure {
    #[error("reading from the read model")]
    Query { source: sqlx::Error },
    #[error("the server of the read models is away")]
    Unreachable { source: sqlx::Error },
    #[error("reading a row of the read model")]
    Row { source: BadColumn },
    #[error("`{cursor}` is not a place in this list")]
    Cursor { cursor: String },
}

/// A batch could not be written, or what it changes not be loaded; nothing of it was.
#[derive(Debug, thiserror::Error)]
#[error("{doing} of the projection `{projection}`")]
pub struct WriteFailure {
    pub projection: &'static str,
    pub doing: &'static str,
    pub source: Source,
}
