//! An event as it lies in the store: its audited texts, byte for byte, on every engine.

use domain::{EventId, Metadata, Position, Recorded, Timestamp, personal::PersonalValues};

use crate::{
    LogFailure,
    codec::{Audited, Columns},
    merkle::Hash,
};

/// What the store keeps of an event. Those who hand events on as they were written (the bus, an export) read these;
/// those who understand them read [`Recorded`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    pub position: Position,
    /// The store's own number: not contiguous, and no order of anything that was appended side by side.
    pub event_no: i64,
    /// As it was computed when the event got its position.
    pub leaf_hash: [u8; 32],
    pub aggregate_type: String,
    pub aggregate_id: String,
    /// Counts within the aggregate, from 1.
    pub sequence: u64,
    pub event_type: String,
    /// The version that the payload was written in; not raised.
    pub event_version: String,
    /// Canonical JSON.
    pub payload: String,
    /// Canonical JSON.
    pub metadata: String,
    pub event_id: String,
    pub recorded_at: String,
}

impl StoredEvent {
    /// The event in today's version, with the personal values that are left.
    ///
    /// # Errors
    /// [`LogFailure::Decode`] when a row is not what was written: reading it again will not help.
    pub fn recorded(&self, personal: PersonalValues) -> Result<Recorded, LogFailure> {
        self.raw().recorded(personal)
    }

    pub(crate) fn raw(&self) -> RawEvent<'_> {
        RawEvent {
            position: self.position,
            leaf_hash: self.leaf_hash,
            sequence: self.sequence,
            columns: Columns {
                aggregate_type: &self.aggregate_type,
                aggregate_id: &self.aggregate_id,
                event_type: &self.event_type,
                event_version: &self.event_version,
                payload: &self.payload,
            },
            metadata: &self.metadata,
            event_id: &self.event_id,
            recorded_at: self.recorded_at.parse().ok(),
        }
    }

    /// The leaf hash of what is stored: another than [`Self::leaf_hash`] if anyone has altered it.
    #[must_use]
    pub fn audited_leaf(&self) -> Hash {
        self.audited().leaf()
    }

    /// The audited bytes of what is stored: canonical JSON without anything that helps to find or to prove a secret.
    /// Source: ADR 0012.
    #[must_use]
    pub fn audited_text(&self) -> String {
        self.audited().text()
    }

    fn audited(&self) -> Audited<'_> {
        Audited {
            aggregate_type: &self.aggregate_type,
            aggregate_id: &self.aggregate_id,
            sequence: self.sequence,
            event_id: &self.event_id,
            event_type: &self.event_type,
            event_version: &self.event_version,
            payload: &self.payload,
            metadata: &self.metadata,
            recorded_at: &self.recorded_at,
        }
    }
}

/// The same as it lies in whatever it was read into.
pub(crate) struct RawEvent<'row> {
    pub(crate) position: Position,
    pub(crate) leaf_hash: [u8; 32],
    pub(crate) sequence: u64,
    pub(crate) columns: Columns<'row>,
    pub(crate) metadata: &'row str,
    pub(crate) event_id: &'row str,
    /// None where it is not a time.
    pub(crate) recorded_at: Option<Timestamp>,
}

impl RawEvent<'_> {
    /// See [`StoredEvent::recorded`].
    pub(crate) fn recorded(&self, personal: PersonalValues) -> Result<Recorded, LogFailure> {
        let metadata: Metadata =
            serde_json::from_str(self.metadata).map_err(|source| self.columns.failure(source))?;
        Ok(Recorded {
            position: self.position,
            event_id: self.event_id()?,
            recorded_at: self.recorded_at()?,
            sequence: self.sequence,
            metadata,
            event: self.columns.decode()?,
            personal,
            leaf_hash: self.leaf_hash,
        })
    }

    pub(crate) fn event_id(&self) -> Result<EventId, LogFailure> {
        self.event_id.parse().map_err(|_| self.columns.failure("an event id is not one"))
    }

    pub(crate) fn recorded_at(&self) -> Result<Timestamp, LogFailure> {
        self.recorded_at.ok_or_else(|| self.columns.failure("a time is not one"))
    }
}

/// A personal value's row, with all that proves it. For who moves the log; a follower gets [`PersonalValues`].
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct StoredPersonal {
    pub(crate) event_no: i64,
    pub(crate) commitment: String,
    /// Whose it is.
    pub(crate) subject: String,
    pub(crate) salt: [u8; 16],
    pub(crate) value: String,
}

impl std::fmt::Debug for StoredPersonal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredPersonal({})", self.commitment)
    }
}

/// A named command's row. Its place is a position, which means the same on every engine; zero: there was no event yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredCommand {
    pub(crate) command_key: String,
    pub(crate) request_digest: [u8; 32],
    pub(crate) aggregate_type: String,
    pub(crate) aggregate_id: String,
    pub(crate) version: u64,
    pub(crate) position: Position,
    pub(crate) recorded_at: String,
}
