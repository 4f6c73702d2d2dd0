//! Reads stretches of the log for who makes something again from all of it: many events at once, and each understood
//! only as far as it is asked.

mod replayed;

use std::collections::HashMap;

use domain::{Position, personal::PersonalValues};

use crate::{EventLog, LogFailure, StoredEvent, postgres::CopiedEvents};
pub use replayed::{Events, Replayed};

/// What is wanted of the events of a stretch.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Events of these aggregates alone; none: all.
    pub aggregates: Option<Vec<&'static str>>,
    /// What is left of their personal values.
    pub personal: bool,
}

impl Wanted {
    fn has(&self, aggregate_type: &str) -> bool {
        self.aggregates.as_ref().is_none_or(|aggregates| aggregates.contains(&aggregate_type))
    }
}

/// A part of the log without a gap.
#[derive(Debug)]
pub struct Stretch {
    /// The position before its first.
    pub after: Position,
    /// The leaf hash of each of its positions, also of those whose events are not wanted.
    pub leaves: Vec<[u8; 32]>,
    pub(crate) found: Found,
}

/// The events as the engine gave them.
#[derive(Debug)]
pub(crate) enum Found {
    Stored(Vec<(StoredEvent, PersonalValues)>),
    Copied(CopiedEvents),
}

impl Stretch {
    /// The last position.
    #[must_use]
    pub fn until(&self) -> Position {
        let many = u64::try_from(self.leaves.len()).unwrap_or(u64::MAX);
        Position::new(self.after.get().saturating_add(many))
    }

    /// The leaf hash of a position that is in it.
    #[must_use]
    pub fn leaf(&self, position: Position) -> Option<[u8; 32]> {
        let at = position.get().checked_sub(self.after.get())?.checked_sub(1)?;
        self.leaves.get(usize::try_from(at).ok()?).copied()
    }

    /// The wanted events in order.
    ///
    /// # Errors
    /// When what the server handed out is not what it was asked for.
    pub fn events(&self) -> Result<Events<'_>, LogFailure> {
        match &self.found {
            Found::Stored(stored) => Ok(Events::of_stored(stored)),
            Found::Copied(copied) => copied.events(self.after, &self.leaves),
        }
    }
}

impl EventLog {
    /// The events after a position and up to another, as far as they go without a gap. The engine is asked for nothing
    /// that is not wanted; of events that are not, only the leaf hash is known.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn stretch(
        &self,
        after: Position,
        until: Position,
        wanted: &Wanted,
    ) -> Result<Stretch, LogFailure> {
        if let Some(server) = self.on_server() {
            return server.stretch(after, until, wanted).await;
        }
        let many = usize::try_from(until.get().saturating_sub(after.get())).unwrap_or(usize::MAX);
        self.stretch_of(after, self.read_stored(after, many).await?, wanted).await
    }

    /// The same from rows that were read one by one.
    async fn stretch_of(
        &self,
        after: Position,
        stored: Vec<StoredEvent>,
        wanted: &Wanted,
    ) -> Result<Stretch, LogFailure> {
        let contiguous = stored.into_iter().zip(after.get().saturating_add(1)..);
        let contiguous = contiguous.take_while(|(event, position)| event.position.get() == *position);
        let stored: Vec<_> = contiguous.map(|(event, _)| event).collect();
        let leaves = stored.iter().map(|event| event.leaf_hash).collect();
        let mut stretch = Stretch { after, leaves, found: Found::Stored(vec![]) };
        let mut personal = match wanted.personal {
            true => self.personal(after, stretch.until()).await?,
            false => HashMap::new(),
        };
        let events = stored.into_iter().filter(|event| wanted.has(&event.aggregate_type)).map(|event| {
            let values = personal.remove(&event.position).unwrap_or_default();
            (event, values)
        });
        stretch.found = Found::Stored(events.collect());
        Ok(stretch)
    }
}
