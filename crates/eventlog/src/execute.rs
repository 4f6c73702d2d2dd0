//! One command: load, decide, append; with the answers that a caller can act on.

use std::sync::Arc;

use domain::{Metadata, Position, personal::PersonalValue};

use crate::{LogFailure, Stored};

/// How often a command is decided again when others change its stream at the same time. One of them gets through each
/// time, so as many commands on one stream may come at once.
pub(crate) const TRIES_MAX: usize = 16;

/// A command with its circumstances.
#[derive(Debug)]
pub struct Execute<A: Stored> {
    pub id: A::Id,
    pub command: A::Command,
    pub metadata: Metadata,
    /// The version the caller has seen (`If-Match`); none to decide on whatever there is.
    pub expected_version: Option<u64>,
    pub idempotency: Option<Idempotency>,
    /// The values behind the commitments in the events and the metadata.
    pub personal: Vec<PersonalValue>,
}

/// The caller's own name for a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// Unique over all principals: begins with the principal's id. At most 400 bytes.
    pub key: String,
    /// SHA-256 over what was asked; another request under the same key is a mistake.
    pub request_digest: [u8; 32],
}

/// An aggregate as it stands.
#[derive(Clone, Debug)]
pub struct Loaded<A> {
    pub state: Arc<A>,
    /// The number of its events; 0 when there is none.
    pub version: u64,
}

/// An event of an aggregate, as it was recorded.
#[derive(Clone, Debug)]
pub struct Past<A: Stored> {
    /// The aggregate's version with it.
    pub version: u64,
    pub event: A::Event,
    pub metadata: Metadata,
}

/// What a command did.
#[derive(Clone, Debug)]
pub struct Executed<A: Stored> {
    pub state: Arc<A>,
    pub version: u64,
    /// Where its last event lies; of an event no older than what it was decided on when it had nothing new to say.
    /// Whoever waits for the position there sees the effect.
    pub place: Place,
    pub events: Vec<A::Event>,
}

/// Where an event lies in the log. [`EventLog::position`](crate::EventLog::position) waits for the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    At(Position),
    /// It is on record under the store's own number, and gets its position from the sequencer in a moment.
    Recorded {
        event_no: i64,
    },
}

/// A command that was given before under the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    pub request_digest: [u8; 32],
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub version: u64,
    pub place: Place,
}

/// Why a command had no effect.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError<R: std::error::Error + 'static> {
    /// The rules said no.
    #[error(transparent)]
    Refused(R),
    /// The caller has seen an older version.
    #[error("version {expected} was expected, the current one is {actual}")]
    VersionMismatch { expected: u64, actual: u64 },
    /// The command was given before; this is what became of it, if the request was the same.
    #[error("the command was given before")]
    Repeated(Remembered),
    #[error(transparent)]
    Failed(#[from] LogFailure),
}
