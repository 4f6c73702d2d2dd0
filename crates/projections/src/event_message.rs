//! What a webhook is told of an event of the log: the one body that is posted, and answered to those who pull.

mod about;
mod personal;
#[cfg(test)]
mod tests;

use domain::{ClientId, Environment, EventId, MessageId, Position, Recorded, Timestamp, metadata::ActorKind};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub use about::{About, about, is_told, reaches};
pub use personal::FIELDS as PERSONAL_FIELDS;

use crate::shown_event;

/// The body of a message of an event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventMessage {
    /// The event's type: `api_key.revoked`.
    #[serde(rename = "type")]
    pub event_type: &'static str,
    /// When the command was decided.
    pub timestamp: Timestamp,
    pub id: MessageId,
    /// Of the event in the log: it orders all that is told of events.
    pub position: Position,
    /// Counts the events of the subject, from 1 and without a hole, whether all of them are told or not.
    pub sequence: u64,
    pub subject: Subject,
    /// The client that it concerns, where there is one.
    pub client_id: Option<ClientId>,
    /// Of the key that it is about.
    pub environment: Option<Environment>,
    pub actor: Actor,
    /// The event as the audit log shows it, but for what is personal.
    pub data: Value,
}

/// What happened to what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// `api_key`.
    pub r#type: &'static str,
    pub id: String,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Actor {
    pub id: String,
    pub kind: ActorKind,
}

impl EventMessage {
    /// Of an event, and whose it is.
    ///
    /// # Errors
    /// None of today's events gives one; the serialiser may.
    pub fn of(recorded: &Recorded, about: &About) -> serde_json::Result<Self> {
        let Recorded { position, event_id, recorded_at: _, sequence, metadata, event, .. } = recorded;
        let event_type = event.event_type();
        // No personal value is looked up, and what stands in the place of one says nothing to whoever is told.
        let mut data = shown_event(event, &domain::personal::PersonalValues::new())?;
        personal::leave_out(&mut data);
        Ok(Self {
            event_type,
            timestamp: metadata.occurred_at,
            id: message_id(*event_id),
            position: *position,
            sequence: *sequence,
            subject: Subject {
                r#type: event_type.split_once('.').map_or("", |(aggregate, _)| aggregate),
                id: event.subject(),
            },
            client_id: about.client_id,
            environment: about.environment.clone(),
            actor: Actor { id: metadata.actor.clone(), kind: metadata.actor_kind },
            data,
        })
    }

    /// As it is signed and posted.
    ///
    /// # Errors
    /// None; the serialiser may.
    pub fn body(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

/// The id of the message of an event: always the same, so that whoever is told twice can tell.
#[must_use]
pub fn message_id(event_id: EventId) -> MessageId {
    let digest = Sha256::new().chain_update("event").chain_update(event_id.to_string()).finalize();
    let first = digest.iter().take(16).fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    MessageId::from_u128(first)
}
