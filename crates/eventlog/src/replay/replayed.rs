//! Events where they lie in what was read, each understood as far as it is asked.

use std::ops::Range;

use domain::{
    DomainEvent, EventId, Position, Recorded, Timestamp,
    metadata::Circumstances,
    personal::{Personal, PersonalValues},
};

use crate::{LogFailure, StoredEvent, stored::RawEvent};

/// The events of a stretch.
pub struct Events<'of> {
    raw: Vec<(RawEvent<'of>, Range<usize>)>,
    personal: Vec<(Personal, &'of str)>,
}

impl<'of> Events<'of> {
    pub(super) fn of_stored(stored: &'of [(StoredEvent, PersonalValues)]) -> Self {
        let mut events = Self::with_capacity(stored.len());
        for (event, values) in stored {
            let from = events.personal.len();
            events.personal.extend(values.iter().map(|(commitment, value)| (*commitment, &**value)));
            events.raw.push((event.raw(), from..events.personal.len()));
        }
        events
    }

    pub(crate) fn with_capacity(many: usize) -> Self {
        Self { raw: Vec::with_capacity(many), personal: vec![] }
    }

    /// Takes an event with its personal values.
    pub(crate) fn push(&mut self, raw: RawEvent<'of>, personal: impl Iterator<Item = (Personal, &'of str)>) {
        let from = self.personal.len();
        self.personal.extend(personal);
        self.raw.push((raw, from..self.personal.len()));
    }

    /// By their positions, whatever the order in which they were taken.
    pub(crate) fn in_order(mut self) -> Self {
        if !self.raw.is_sorted_by_key(|(event, _)| event.position) {
            self.raw.sort_unstable_by_key(|(event, _)| event.position);
        }
        self
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = Replayed<'_>> {
        self.raw.iter().map(|(raw, personal)| Replayed {
            raw,
            personal: self.personal.get(personal.clone()).unwrap_or_default(),
        })
    }
}

/// An event where it lies. Its texts may help to prove a secret, and so it is not printed.
#[derive(Clone, Copy)]
pub struct Replayed<'of> {
    raw: &'of RawEvent<'of>,
    personal: &'of [(Personal, &'of str)],
}

impl<'of> Replayed<'of> {
    #[must_use]
    pub fn position(&self) -> Position {
        self.raw.position
    }

    /// Counts within the aggregate, from 1.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.raw.sequence
    }

    #[must_use]
    pub fn aggregate_type(&self) -> &'of str {
        self.raw.columns.aggregate_type
    }

    #[must_use]
    pub fn event_type(&self) -> &'of str {
        self.raw.columns.event_type
    }

    /// The canonical text of its payload, where it was written in today's version.
    #[must_use]
    pub fn text(&self) -> Option<&'of str> {
        self.raw.columns.is_current().then_some(self.raw.columns.payload)
    }

    /// What has not been erased of the personal values that it commits to.
    #[must_use]
    pub fn personal(&self) -> &'of [(Personal, &'of str)] {
        self.personal
    }

    #[must_use]
    pub fn personal_values(&self) -> PersonalValues {
        self.personal.iter().map(|(commitment, value)| (*commitment, Box::from(*value))).collect()
    }

    /// The event alone, in today's version.
    ///
    /// # Errors
    /// [`LogFailure::Decode`] when it is not what was written, as of all that follow.
    pub fn event(&self) -> Result<DomainEvent, LogFailure> {
        self.raw.columns.decode()
    }

    /// # Errors
    /// As [`Self::event`].
    pub fn event_id(&self) -> Result<EventId, LogFailure> {
        self.raw.event_id()
    }

    /// # Errors
    /// As [`Self::event`].
    pub fn recorded_at(&self) -> Result<Timestamp, LogFailure> {
        self.raw.recorded_at()
    }

    /// # Errors
    /// As [`Self::event`].
    pub fn circumstances(&self) -> Result<Circumstances<'of>, LogFailure> {
        serde_json::from_str(self.raw.metadata).map_err(|source| self.raw.columns.failure(source))
    }

    /// The one circumstance that most ask for, without the others.
    ///
    /// # Errors
    /// As [`Self::event`].
    pub fn occurred_at(&self) -> Result<Timestamp, LogFailure> {
        // In a text the quotes would be escaped: this is the field.
        let field = self.raw.metadata.rsplit_once(r#""occurred_at":""#);
        let time = field.and_then(|(_, rest)| rest.split_once('"')?.0.parse().ok());
        time.map_or_else(|| Ok(self.circumstances()?.occurred_at), Ok)
    }

    /// All of it.
    ///
    /// # Errors
    /// As [`Self::event`].
    pub fn recorded(&self) -> Result<Recorded, LogFailure> {
        self.raw.recorded(self.personal_values())
    }
}

impl std::fmt::Debug for Events<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Events({})", self.len())
    }
}

impl std::fmt::Debug for Replayed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Replayed({})", self.position())
    }
}
