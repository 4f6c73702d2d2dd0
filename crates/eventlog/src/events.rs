//! Reading the log whatever the engine: events with what is left of their personal values, the tree over their leaves.

use std::collections::HashMap;

use domain::{Position, Recorded, personal::PersonalValues};

use crate::{EventLog, LogFailure, StoredEvent, merkle::Tree};

const LEAVES_AT_ONCE: u64 = 10_000;
const EVENTS_AT_ONCE: usize = 1_000;

impl EventLog {
    /// The events after a position, in order, at most so many; fewer before one that cannot be decoded.
    ///
    /// # Errors
    /// When the store cannot be read or the first event not be decoded.
    pub async fn read(&self, after: Position, events_max: usize) -> Result<Vec<Recorded>, LogFailure> {
        self.recorded(&self.read_stored(after, events_max).await?).await
    }

    async fn recorded(&self, stored: &[StoredEvent]) -> Result<Vec<Recorded>, LogFailure> {
        let (Some(first), Some(last)) = (stored.first(), stored.last()) else { return Ok(vec![]) };
        let after = Position::new(first.position.get().saturating_sub(1));
        let mut personal = self.personal(after, last.position).await?;
        decode(stored, |event| personal.remove(&event.position).unwrap_or_default())
    }

    /// What is left of the personal values of the events after a position and up to another, for those who have the
    /// events from elsewhere: the bus carries none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn personal(
        &self,
        after: Position,
        until: Position,
    ) -> Result<HashMap<Position, PersonalValues>, LogFailure> {
        let mut by_position: HashMap<Position, PersonalValues> = HashMap::new();
        for (position, commitment, value) in self.personal_rows(after, until).await? {
            if let (Ok(position), Ok(commitment)) = (u64::try_from(position), commitment.parse()) {
                by_position.entry(Position::new(position)).or_default().insert(commitment, value.into());
            }
        }
        Ok(by_position)
    }

    /// The Merkle tree over the first leaves of the log, computed from the stored leaf hashes.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn tree(&self, size: Position) -> Result<Tree, LogFailure> {
        let mut tree = Tree::default();
        while tree.size() < size.get() {
            let after = Position::new(tree.size());
            let until = Position::new(size.get().min(tree.size().saturating_add(LEAVES_AT_ONCE)));
            let failed = |what: &'static str| LogFailure::Read { after, source: what.into() };
            let leaves = self.leaves(after, until).await?;
            if leaves.is_empty() {
                return Err(failed("the log is shorter than that"));
            }
            for leaf in leaves {
                tree.push(leaf.as_slice().try_into().map_err(|_| failed("a leaf hash is not 32 bytes"))?);
            }
        }
        Ok(tree)
    }

    /// The positions up to `size` whose stored leaf hash is not the hash of the stored event, and the number of
    /// events looked at.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn altered(&self, size: Position) -> Result<(u64, Vec<Position>), LogFailure> {
        let (mut checked, mut altered) = (Position::START, vec![]);
        while checked < size {
            let left = usize::try_from(size.get() - checked.get()).unwrap_or(EVENTS_AT_ONCE);
            let events = self.read_stored(checked, EVENTS_AT_ONCE.min(left)).await?;
            if events.is_empty() {
                break;
            }
            for event in &events {
                checked = checked.next();
                if event.position != checked || event.leaf_hash != event.audited_leaf() {
                    altered.push(checked);
                }
            }
        }
        Ok((checked.get(), altered))
    }
}

/// Up to the first event that cannot be decoded: those before it are not held up by it.
fn decode(
    stored: &[StoredEvent],
    mut values: impl FnMut(&StoredEvent) -> PersonalValues,
) -> Result<Vec<Recorded>, LogFailure> {
    let mut recorded = Vec::with_capacity(stored.len());
    for event in stored {
        match event.recorded(values(event)) {
            Ok(event) => recorded.push(event),
            Err(failure) if recorded.is_empty() => return Err(failure),
            Err(_told_when_it_comes_first) => break,
        }
    }
    Ok(recorded)
}
