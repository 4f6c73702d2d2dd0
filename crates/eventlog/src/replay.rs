//! Reads stretches of the log for who makes something again from all of it: many events at once, and no more of each
//! than is asked for.

use std::collections::HashMap;

use domain::{Position, Recorded};

use crate::{EventLog, LogFailure, StoredEvent};

/// What is wanted of the events of a stretch.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Events of these aggregates alone; none: all.
    pub aggregates: Option<Vec<&'static str>>,
    /// What is left of their personal values.
    pub personal: bool,
}

impl Wanted {
    pub(crate) fn has(&self, aggregate_type: &str) -> bool {
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
    /// In order.
    pub events: Vec<Replayed>,
    /// Why it is shorter than what was asked for: the next event is wanted and cannot be decoded.
    pub undecodable: Option<LogFailure>,
}

/// An event with its own words.
#[derive(Clone, Debug)]
pub struct Replayed {
    pub recorded: Recorded,
    /// The canonical text of its payload, where it was written in today's version.
    pub text: Option<CanonicalText>,
}

/// What the store keeps of a payload. May help to prove a secret, and so is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct CanonicalText(Box<str>);

impl CanonicalText {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn into_string(self) -> String {
        self.0.into_string()
    }
}

impl std::fmt::Debug for CanonicalText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CanonicalText(…)")
    }
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

    /// Takes the next of its events, at this position; false when it cannot be decoded: there the stretch ends.
    pub(crate) fn take(&mut self, position: Position, decoded: Result<Replayed, LogFailure>) -> bool {
        match decoded {
            Ok(event) => {
                self.events.push(event);
                true
            }
            Err(failure) => {
                let before = position.get().saturating_sub(self.after.get()).saturating_sub(1);
                self.leaves.truncate(usize::try_from(before).unwrap_or(usize::MAX));
                self.undecodable = Some(failure);
                false
            }
        }
    }
}

impl EventLog {
    /// The events after a position and up to another, as far as they go without a gap and can be decoded. The engine
    /// is asked for nothing that is not wanted; of events that are not, only the leaf hash is known.
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
        self.stretch_of(after, &self.read_stored(after, many).await?, wanted).await
    }

    /// The same from rows that were read one by one.
    async fn stretch_of(
        &self,
        after: Position,
        stored: &[StoredEvent],
        wanted: &Wanted,
    ) -> Result<Stretch, LogFailure> {
        let contiguous = stored.iter().zip(after.get().saturating_add(1)..);
        let contiguous = contiguous.take_while(|(event, position)| event.position.get() == *position);
        let stored: Vec<_> = contiguous.map(|(event, _)| event).collect();
        let leaves = stored.iter().map(|event| event.leaf_hash).collect();
        let mut stretch = Stretch { after, leaves, events: vec![], undecodable: None };
        let mut personal = match wanted.personal {
            true => self.personal(after, stretch.until()).await?,
            false => HashMap::new(),
        };
        for event in stored.into_iter().filter(|event| wanted.has(&event.aggregate_type)) {
            let values = personal.remove(&event.position).unwrap_or_default();
            if !stretch.take(event.position, event.replayed(values)) {
                break;
            }
        }
        Ok(stretch)
    }
}
