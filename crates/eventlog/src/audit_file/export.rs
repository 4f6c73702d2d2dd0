//! Writes an export, a tile at a time: what is in memory is one tile's events.

use std::collections::HashMap;

use domain::Position;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::{
    end_of_tile,
    line::{
        self, End, EndLine, Event, EventLine, FORMAT, Header, HeaderLine, Hex, PersonalRow, Tile, TileLine,
    },
};
use crate::{
    EventLog, LogFailure,
    checkpoint::{Checkpoint, SignedCheckpoint},
    note::VerifierKey,
    stored::StoredPersonal,
};

/// An export under way, of one checkpoint.
pub struct Export {
    log: EventLog,
    checkpoint: SignedCheckpoint,
    keys: Vec<VerifierKey>,
    header: Header,
    personal: bool,
    stage: Stage,
    sha256: Sha256,
    events: u64,
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Export({} to {} of {})", self.header.from, self.header.until, self.header.size)
    }
}

/// What comes next.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Header,
    /// Behind this position.
    Tile(u64),
    End,
    Done,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    pub events: u64,
    /// Of every byte.
    pub sha256: [u8; 32],
}

impl Export {
    /// The events from a position up to another, both included, as far as the newest checkpoint goes; with the personal
    /// values that are left, if they are wanted. None before the first checkpoint, and where it does not reach `from`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn of(
        log: &EventLog,
        from: Position,
        until: Option<Position>,
        personal: bool,
    ) -> Result<Option<Self>, LogFailure> {
        let Some(checkpoint) = log.checkpoint().await? else { return Ok(None) };
        let size = checkpoint.size.get();
        let from = from.get().max(1);
        let until = until.map_or(size, |until| until.get().min(size));
        if from > until {
            return Ok(None);
        }
        let damaged = |source| LogFailure::Checkpoint { source };
        let origin = Checkpoint::of(&checkpoint.note).map_err(|refusal| damaged(Box::new(refusal)))?.origin;
        let left = log.peaks(Position::new(from.saturating_sub(1))).await?;
        let left = left.peaks().iter().copied().map(Hex).collect();
        let keys = log.checkpoint_keys().await?.into_iter().map(|key| key.vkey);
        let lines = checkpoint.note.signatures();
        let keys = keys.filter(|key| lines.iter().any(|line| key.is_named_by(line))).collect();
        let header = Header { format: FORMAT, origin, from, until, size, left };
        let (log, stage, sha256) = (log.clone(), Stage::Header, Sha256::new());
        Ok(Some(Self { log, checkpoint, keys, header, personal, stage, sha256, events: 0 }))
    }

    /// The first position and the last.
    #[must_use]
    pub fn range(&self) -> (Position, Position) {
        (Position::new(self.header.from), Position::new(self.header.until))
    }

    /// What was written so far.
    #[must_use]
    pub fn so_far(&self) -> Exported {
        Exported { events: self.events, sha256: self.sha256.clone().finalize().into() }
    }

    /// The next lines; none after the last.
    ///
    /// # Errors
    /// When the store cannot be read: what was written so far is no whole export, and its reader will say so.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, LogFailure> {
        let lines = match self.stage {
            Stage::Header => {
                self.stage = Stage::Tile(self.header.from.saturating_sub(1));
                written(&HeaderLine { tollgate_audit_export: self.header.clone() })?
            }
            Stage::Tile(after) => {
                let until = end_of_tile(after.saturating_add(1)).min(self.header.until);
                self.stage = if until == self.header.until { Stage::End } else { Stage::Tile(until) };
                self.tile(after, until).await?
            }
            Stage::End => {
                self.stage = Stage::Done;
                self.end().await?
            }
            Stage::Done => return Ok(None),
        };
        self.sha256.update(&lines);
        Ok(Some(lines))
    }

    async fn tile(&mut self, after: u64, until: u64) -> Result<Vec<u8>, LogFailure> {
        let (after, until) = (Position::new(after), Position::new(until));
        let leaves = self.log.leaves(after, until).await?;
        let hash = |leaf: Vec<u8>| {
            let source = "a leaf hash is not 32 bytes".into();
            leaf.try_into().map(Hex).map_err(|_| LogFailure::Read { after, source })
        };
        let leaves = leaves.into_iter().map(hash).collect::<Result<_, _>>()?;
        let mut lines = written(&TileLine { tile: Tile { from: after.next().get(), leaves } })?;
        let many = usize::try_from(until.get().saturating_sub(after.get())).unwrap_or_default();
        let stored = self.log.read_stored(after, many).await?;
        let mut personal = self.personal_of(stored.iter().map(|event| event.event_no)).await?;
        for event in stored {
            let failed = |source: serde_json::Error| LogFailure::Read { after, source: source.into() };
            let event = Event {
                position: event.position.get(),
                audited: RawValue::from_string(event.audited_text()).map_err(failed)?,
                personal: personal.remove(&event.event_no).unwrap_or_default(),
            };
            lines.extend(written(&EventLine { event })?);
            self.events = self.events.saturating_add(1);
        }
        Ok(lines)
    }

    async fn personal_of(
        &self,
        events: impl Iterator<Item = i64> + Clone,
    ) -> Result<HashMap<i64, Vec<PersonalRow>>, LogFailure> {
        let mut by_event: HashMap<i64, Vec<PersonalRow>> = HashMap::new();
        let (Some(first), Some(last)) = (events.clone().min(), events.max()) else { return Ok(by_event) };
        if self.personal {
            for row in self.log.stored_personal(first, last).await? {
                let StoredPersonal { event_no, commitment, subject: _, salt, value } = row;
                by_event.entry(event_no).or_default().push(PersonalRow { commitment, salt, value });
            }
        }
        Ok(by_event)
    }

    async fn end(&self) -> Result<Vec<u8>, LogFailure> {
        let until = Position::new(self.header.until);
        let consistency = self.log.consistency(until, self.checkpoint.size).await?;
        let end = End {
            checkpoint: self.checkpoint.note.to_string(),
            keys: self.keys.iter().map(ToString::to_string).collect(),
            consistency: consistency.into_iter().map(Hex).collect(),
            checksum: Hex(self.sha256.clone().finalize().into()),
        };
        written(&EndLine { end })
    }
}

fn written(line: &impl serde::Serialize) -> Result<Vec<u8>, LogFailure> {
    line::write(line).map_err(|source| LogFailure::Checkpoint { source: Box::new(source) })
}
