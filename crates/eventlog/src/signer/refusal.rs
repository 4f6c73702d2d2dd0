//! Why the log is not signed.

use crate::{
    LogFailure,
    note::{KeyFailure, NoteRefusal},
};

/// Who knows a checkpoint that the log must begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownBy {
    Database,
    /// What was published outside the database.
    Published,
    /// What this process has signed or seen itself.
    Memory,
}

impl std::fmt::Display for KnownBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Database => "the database",
            Self::Published => "the published checkpoint",
            Self::Memory => "this process",
        })
    }
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignFailure {
    #[error(transparent)]
    Log(#[from] LogFailure),
    #[error(transparent)]
    Refused(#[from] SignRefusal),
}

/// The log is not to be signed: what was said of it before would be untrue. Each message says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignRefusal {
    #[error(
        "the log has {head} events, but {by} knows a signed checkpoint of {size}: it was cut, or an older copy of it was restored. \
         It is not signed. Restore the newest copy there is; if events are lost for good, run `tollgate audit new-identity --reason …`: \
         from then on the log is signed under another name, and what was published before stays known as abandoned"
    )]
    Shorter { by: KnownBy, size: u64, head: u64 },
    #[error(
        "the first {size} events of the log are not those that {by} knows a signed checkpoint of: the past was changed, or this is another log. \
         It is not signed. Keep this copy for the audit and restore a good one; `tollgate audit new-identity --reason …` gives the log another name"
    )]
    Differs { by: KnownBy, size: u64 },
    #[error(
        "the published checkpoint is of the log `{found}`, and this one is `{origin}`: give this log another --checkpoint-dir, or \
         move what is in it away; `tollgate audit new-identity --reason …` puts on record that the other log is abandoned"
    )]
    OtherLog { found: String, origin: String },
    #[error(
        "the checkpoint that {by} knows cannot be trusted: {why}. The log is not signed before it was looked at and moved away"
    )]
    Unverified { by: KnownBy, why: NoteRefusal },
    #[error(
        "the log is signed as `{origin}` and the settings call it `{asked}`: verifiers would take it for another log. Take the \
         setting audit_origin back, or run `tollgate audit new-identity --origin {asked} --reason …`"
    )]
    Renamed { asked: String, origin: String },
    #[error("the log's name or its signing key cannot be used: {0}")]
    Key(KeyFailure),
    #[error("the leaf hash at position {size} + 1 is not 32 bytes: restore the database from a good copy")]
    Leaf { size: u64 },
    #[error("the log is empty: it has no name to be replaced")]
    Nameless,
}

impl SignRefusal {
    /// For logs and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Shorter { .. } => "log_shorter",
            Self::Differs { .. } => "log_differs",
            Self::OtherLog { .. } => "another_log",
            Self::Unverified { .. } => "checkpoint_not_verified",
            Self::Renamed { .. } => "origin_changed",
            Self::Key(_) => "key_unusable",
            Self::Leaf { .. } => "leaf_damaged",
            Self::Nameless => "log_empty",
        }
    }
}
