//! An event on the bus: CloudEvents 1.0 in structured JSON, with the audited bytes inside.
//!
//! Whoever reads it can prove it without us: the leaf hash is over texts that all travel with it. Personal values
//! never do.

use domain::Position;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{LogFailure, StoredEvent};

/// Who speaks: the `source` of every envelope.
pub const SOURCE: &str = "/tollgate";
/// Begins the subject of every event; the version is the envelope's.
pub const SUBJECT_PREFIX: &str = "tollgate.events.v1";
/// What the message says it is, for readers that ask.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

const SPEC_VERSION: &str = "1.0";
const DATA_CONTENT_TYPE: &str = "application/json";

/// An event ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// `tollgate.events.v1.<aggregate>.<aggregate id>.<event>`.
    pub subject: String,
    pub body: Vec<u8>,
}

/// Why a message is not an event of ours, or an event cannot become a message.
#[derive(Debug, thiserror::Error)]
pub enum NotAnEvent {
    #[error("it is not the JSON of an envelope")]
    Json(#[from] serde_json::Error),
    #[error("its `{field}` is `{found}`")]
    Field { field: &'static str, found: String },
    #[error("its leaf hash is not the hash of what it carries")]
    Altered,
    #[error("it says position {said} and stands at {stands}")]
    Misplaced { said: Position, stands: Position },
}

impl NotAnEvent {
    fn field(field: &'static str, found: &str) -> Self {
        Self::Field { field, found: found.chars().take(64).collect() }
    }

    /// The same as a follower is told it: reading again will not help.
    pub(super) fn at(self, position: Position) -> LogFailure {
        LogFailure::Decode {
            event_type: format!("(unreadable, at position {position} of the bus)"),
            event_version: "(unknown)".to_owned(),
            source: self.into(),
        }
    }
}

/// Numbers that may grow beyond 32 bits are strings: a `CloudEvents` integer is no larger.
#[derive(Serialize)]
struct Written<'event> {
    specversion: &'event str,
    id: &'event str,
    source: &'event str,
    #[serde(rename = "type")]
    kind: String,
    subject: &'event str,
    time: &'event str,
    datacontenttype: &'event str,
    position: String,
    sequence: String,
    actor: String,
    correlationid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    causationid: Option<String>,
    leafhash: String,
    metadata: &'event str,
    data: &'event RawValue,
}

/// Fields that we do not know are another version's extensions, and allowed.
#[derive(Deserialize)]
struct Arrived<'message> {
    specversion: String,
    id: String,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    subject: String,
    time: String,
    position: String,
    sequence: String,
    actor: String,
    correlationid: String,
    causationid: Option<String>,
    leafhash: String,
    metadata: String,
    #[serde(borrow)]
    data: &'message RawValue,
}

/// What the envelope repeats of the metadata, for those who route by it.
#[derive(Deserialize)]
struct Repeated {
    actor: String,
    correlation_id: String,
    causation_id: Option<String>,
}

/// What the event's work is called over all processes; none when its metadata are not what was ever written.
pub(super) fn correlation_of(event: &StoredEvent) -> Option<String> {
    serde_json::from_str::<Repeated>(&event.metadata).ok().map(|repeated| repeated.correlation_id)
}

/// The message for an event.
///
/// # Errors
/// When what is stored is not what was ever written: a text that is no JSON, a name with a dot too many.
pub fn encode(event: &StoredEvent) -> Result<Envelope, NotAnEvent> {
    let repeated: Repeated = serde_json::from_str(&event.metadata)?;
    let written = Written {
        specversion: SPEC_VERSION,
        id: &event.event_id,
        source: SOURCE,
        kind: format!("tollgate.{}.v{}", event.event_type, event.event_version),
        subject: &event.aggregate_id,
        time: &event.recorded_at,
        datacontenttype: DATA_CONTENT_TYPE,
        position: event.position.to_string(),
        sequence: event.sequence.to_string(),
        actor: repeated.actor,
        correlationid: repeated.correlation_id,
        causationid: repeated.causation_id,
        leafhash: hex::encode(event.leaf_hash),
        metadata: &event.metadata,
        data: serde_json::from_str(&event.payload)?,
    };
    Ok(Envelope { subject: subject(event)?, body: serde_json::to_vec(&written)? })
}

/// Where an event is published.
fn subject(event: &StoredEvent) -> Result<String, NotAnEvent> {
    let token = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    let name = event.event_type.strip_prefix(&event.aggregate_type).and_then(|rest| rest.strip_prefix('.'));
    match name {
        Some(name) if token(name) && token(&event.aggregate_type) && token(&event.aggregate_id) => {
            Ok(format!("{SUBJECT_PREFIX}.{}.{}.{name}", event.aggregate_type, event.aggregate_id))
        }
        Some(_) | None => Err(NotAnEvent::field("type", &event.event_type)),
    }
}

/// The event in a message, byte for byte as it is stored but for the store's own number, which does not travel and
/// is 0.
///
/// # Errors
/// When the message is not an event of ours, or anything in it was altered.
pub fn decode(body: &[u8]) -> Result<StoredEvent, NotAnEvent> {
    let arrived: Arrived<'_> = serde_json::from_slice(body)?;
    for (field, expected, found) in
        [("specversion", SPEC_VERSION, &arrived.specversion), ("source", SOURCE, &arrived.source)]
    {
        if expected != found {
            return Err(NotAnEvent::field(field, found));
        }
    }
    check_repeated(&arrived)?;
    let (event_type, event_version) = split_kind(&arrived.kind)?;
    let (aggregate_type, _) =
        event_type.split_once('.').ok_or_else(|| NotAnEvent::field("type", &arrived.kind))?;
    let mut leaf_hash = [0; 32];
    hex::decode_to_slice(&arrived.leafhash, &mut leaf_hash)
        .map_err(|_| NotAnEvent::field("leafhash", &arrived.leafhash))?;
    let event = StoredEvent {
        position: Position::new(number("position", &arrived.position)?),
        event_no: 0,
        leaf_hash,
        aggregate_type: aggregate_type.to_owned(),
        aggregate_id: arrived.subject,
        sequence: number("sequence", &arrived.sequence)?,
        event_type: event_type.to_owned(),
        event_version: event_version.to_owned(),
        payload: arrived.data.get().to_owned(),
        metadata: arrived.metadata,
        event_id: arrived.id,
        recorded_at: arrived.time,
    };
    if event.audited_leaf() == event.leaf_hash { Ok(event) } else { Err(NotAnEvent::Altered) }
}

/// The event in the message at this place of the stream.
///
/// # Errors
/// As [`decode`], and when it is an event of another place.
pub fn decode_at(stands: Position, body: &[u8]) -> Result<StoredEvent, NotAnEvent> {
    let event = decode(body)?;
    match event.position {
        said if said == stands => Ok(event),
        said => Err(NotAnEvent::Misplaced { said, stands }),
    }
}

/// What is said twice is said the same: the leaf hash is over the metadata alone.
fn check_repeated(arrived: &Arrived<'_>) -> Result<(), NotAnEvent> {
    let audited: Repeated = serde_json::from_str(&arrived.metadata)?;
    if audited.actor != arrived.actor {
        return Err(NotAnEvent::field("actor", &arrived.actor));
    }
    if audited.correlation_id != arrived.correlationid {
        return Err(NotAnEvent::field("correlationid", &arrived.correlationid));
    }
    if audited.causation_id != arrived.causationid {
        return Err(NotAnEvent::field("causationid", arrived.causationid.as_deref().unwrap_or("absent")));
    }
    Ok(())
}

/// `tollgate.api_key.issued.v1` is version 1 of `api_key.issued`.
fn split_kind(kind: &str) -> Result<(&str, &str), NotAnEvent> {
    kind.strip_prefix("tollgate.")
        .and_then(|kind| kind.rsplit_once(".v"))
        .ok_or_else(|| NotAnEvent::field("type", kind))
}

fn number(field: &'static str, text: &str) -> Result<u64, NotAnEvent> {
    // One spelling: `+1` and `01` would be the same number under another name.
    text.parse()
        .ok()
        .filter(|number: &u64| number.to_string() == text)
        .ok_or_else(|| NotAnEvent::field(field, text))
}
