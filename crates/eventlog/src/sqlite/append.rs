//! One command's append on its way to the writer.

use domain::{EventType, Position, personal::PersonalValue};
use tokio::sync::oneshot;

use crate::{Execute, Idempotency, LogFailure, Remembered, Stored, codec::Encoded};

/// The events of one command, with what stands or falls with them.
#[derive(Debug)]
pub(crate) struct Append {
    pub(super) aggregate_type: &'static str,
    pub(super) aggregate_id: String,
    /// The version they were decided on.
    pub(super) version: u64,
    pub(super) events: Vec<Encoded>,
    pub(super) idempotency: Option<Idempotency>,
    pub(super) personal: Vec<Subject>,
}

/// A personal value and whose it is.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) commitment: String,
    pub(super) subject: String,
    pub(super) value: PersonalValue,
}

/// What was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    /// The position of the last event; the head when there was none to append.
    pub(crate) last: Position,
}

/// Why nothing was appended although the store works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AppendRefused {
    /// Another command has changed the stream in between.
    Conflict,
    Repeated(Remembered),
}

pub(super) type Answer = Result<Result<Appended, AppendRefused>, LogFailure>;

/// An append waiting for its answer.
pub(super) struct Waiting {
    pub(super) append: Append,
    pub(super) answer: oneshot::Sender<Answer>,
}

impl Append {
    pub(crate) fn new<A: Stored>(stream: &str, version: u64, events: Vec<Encoded>, ask: &Execute<A>) -> Self
    where
        A::Event: EventType,
    {
        // A caller's network address belongs to the caller; every other value to the aggregate.
        let personal = ask.personal.iter().map(|value| {
            let commitment = value.commitment();
            let of_actor = ask.metadata.address == Some(commitment);
            let subject = if of_actor { ask.metadata.actor.clone() } else { stream.to_owned() };
            Subject { commitment: commitment.to_string(), subject, value: value.clone() }
        });
        Self {
            aggregate_type: A::TYPE,
            aggregate_id: stream.to_owned(),
            version,
            events,
            idempotency: ask.idempotency.clone(),
            personal: personal.collect(),
        }
    }

    /// The aggregate's version once this is appended.
    pub(super) fn new_version(&self) -> u64 {
        self.version.saturating_add(u64::try_from(self.events.len()).unwrap_or(u64::MAX))
    }
}
