//! One command's append on its way to the writer, whatever the engine.

use domain::{EventId, EventType, Timestamp, personal::PersonalValue};
use tokio::sync::oneshot;

use crate::{
    Execute, Idempotency, LogFailure, Place, Remembered, Stored,
    codec::{Audited, Encoded},
};

/// The events of one command, with what stands or falls with them.
#[derive(Debug)]
pub(crate) struct Append {
    pub(crate) aggregate_type: &'static str,
    pub(crate) aggregate_id: String,
    /// The version they were decided on.
    pub(crate) version: u64,
    pub(crate) events: Vec<Encoded>,
    pub(crate) idempotency: Option<Idempotency>,
    pub(crate) personal: Vec<Subject>,
}

/// A personal value and whose it is.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) commitment: String,
    pub(crate) subject: String,
    pub(crate) value: PersonalValue,
}

/// What was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    /// Of the last event; when there was none to append, of one that the decision rests on.
    pub(crate) last: Place,
}

/// Why nothing was appended although the store works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AppendRefused {
    /// Another command has changed the stream in between.
    Conflict,
    Repeated(Remembered),
}

pub(crate) type Answer = Result<Result<Appended, AppendRefused>, LogFailure>;

/// An append waiting for its answer.
pub(crate) struct Waiting {
    pub(crate) append: Append,
    pub(crate) answer: oneshot::Sender<Answer>,
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
    pub(crate) fn new_version(&self) -> u64 {
        self.version.saturating_add(u64::try_from(self.events.len()).unwrap_or(u64::MAX))
    }

    /// The hash of an event's audited bytes. Source: ADR 0012.
    pub(crate) fn leaf(&self, event: &Encoded, sequence: u64, event_id: &str, recorded_at: &str) -> [u8; 32] {
        Audited {
            aggregate_type: self.aggregate_type,
            aggregate_id: &self.aggregate_id,
            sequence,
            event_id,
            event_type: event.event_type,
            event_version: &event.event_version,
            payload: &event.payload,
            metadata: &event.metadata,
            recorded_at,
        }
        .leaf()
    }

    /// The personal values that an event commits to.
    pub(crate) fn personal_of(&self, event: &Encoded) -> impl Iterator<Item = &Subject> {
        self.personal.iter().filter(|person| {
            event.payload.contains(&person.commitment) || event.metadata.contains(&person.commitment)
        })
    }
}

pub(crate) fn new_event_id(now: Timestamp) -> EventId {
    EventId::from_parts(u64::try_from(now.as_millisecond()).unwrap_or_default(), rand::random())
}
