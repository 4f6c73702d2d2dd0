//! The lines of the file, one JSON object each: a header, the events, the commands, the end.

use std::collections::BTreeMap;

use domain::Position;
use serde::{Deserialize, Serialize};

use crate::{
    StoredEvent,
    stored::{StoredCommand, StoredPersonal},
};

/// Raised when an older Tollgate could not read the file.
pub(super) const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    TollgateLog(Header),
    Event(EventLine),
    Command(CommandLine),
    End(End),
}

/// The first line: what the file is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) format: u32,
    /// The version that wrote it.
    pub(super) tollgate: String,
    /// For people: where the log was.
    pub(super) source: String,
    pub(super) exported_at: String,
    /// The number of events.
    pub(super) size: u64,
    /// Of the tree over so many leaves.
    #[serde(with = "hex")]
    pub(super) root: [u8; 32],
    /// Fingerprints of the installation's secret files, by their names. The secrets themselves are not in the file.
    pub(super) secrets: BTreeMap<String, String>,
}

/// One event, with what was left of its personal values. Payload and metadata are texts inside the text: the leaf hash
/// is over them as they are, byte for byte.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventLine {
    position: Position,
    aggregate_type: String,
    aggregate_id: String,
    sequence: u64,
    event_id: String,
    event_type: String,
    event_version: String,
    recorded_at: String,
    #[serde(with = "hex")]
    leaf_hash: [u8; 32],
    payload: String,
    metadata: String,
    personal: Vec<PersonalValueLine>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonalValueLine {
    commitment: String,
    subject: String,
    #[serde(with = "hex")]
    salt: [u8; 16],
    value: String,
}

/// A command that named itself. The position stands for the store's own number, which does not move.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandLine {
    command_key: String,
    #[serde(with = "hex")]
    request_digest: [u8; 32],
    aggregate_type: String,
    aggregate_id: String,
    version: u64,
    position: Position,
    recorded_at: String,
}

/// The last line: what must have come before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) events: u64,
    pub(super) personal_values: u64,
    pub(super) commands: u64,
    #[serde(with = "hex")]
    pub(super) root: [u8; 32],
    /// Of every byte before this line.
    #[serde(with = "hex")]
    pub(super) sha256: [u8; 32],
}

/// An event with its personal values, the same on the way out and in.
#[derive(Debug)]
pub(crate) struct Moved {
    pub(crate) event: StoredEvent,
    pub(crate) personal: Vec<StoredPersonal>,
}

impl From<Moved> for EventLine {
    fn from(Moved { event, personal }: Moved) -> Self {
        let personal = personal.into_iter().map(|row| {
            let StoredPersonal { event_no: _, commitment, subject, salt, value } = row;
            PersonalValueLine { commitment, subject, salt, value }
        });
        Self {
            position: event.position,
            aggregate_type: event.aggregate_type,
            aggregate_id: event.aggregate_id,
            sequence: event.sequence,
            event_id: event.event_id,
            event_type: event.event_type,
            event_version: event.event_version,
            recorded_at: event.recorded_at,
            leaf_hash: event.leaf_hash,
            payload: event.payload,
            metadata: event.metadata,
            personal: personal.collect(),
        }
    }
}

impl From<EventLine> for Moved {
    /// The store that it is on the way to gives it another number.
    fn from(line: EventLine) -> Self {
        let personal = line.personal.into_iter().map(|row| {
            let PersonalValueLine { commitment, subject, salt, value } = row;
            StoredPersonal { event_no: 0, commitment, subject, salt, value }
        });
        Self {
            personal: personal.collect(),
            event: StoredEvent {
                position: line.position,
                event_no: 0,
                leaf_hash: line.leaf_hash,
                aggregate_type: line.aggregate_type,
                aggregate_id: line.aggregate_id,
                sequence: line.sequence,
                event_type: line.event_type,
                event_version: line.event_version,
                payload: line.payload,
                metadata: line.metadata,
                event_id: line.event_id,
                recorded_at: line.recorded_at,
            },
        }
    }
}

impl From<StoredCommand> for CommandLine {
    fn from(command: StoredCommand) -> Self {
        let StoredCommand {
            command_key,
            request_digest,
            aggregate_type,
            aggregate_id,
            version,
            position,
            recorded_at,
        } = command;
        Self { command_key, request_digest, aggregate_type, aggregate_id, version, position, recorded_at }
    }
}

impl From<CommandLine> for StoredCommand {
    fn from(line: CommandLine) -> Self {
        let CommandLine {
            command_key,
            request_digest,
            aggregate_type,
            aggregate_id,
            version,
            position,
            recorded_at,
        } = line;
        Self { command_key, request_digest, aggregate_type, aggregate_id, version, position, recorded_at }
    }
}
