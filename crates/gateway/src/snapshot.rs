//! What a gateway knows, written down: lines of JSON between a heading and a checksum.
//!
//! A gateway that takes a snapshot over and follows the log from its position decides as one that read the whole log.
//! It holds what secrets are proven by, as the log does: whoever keeps one keeps it from others.

mod read;
mod write;

use std::{fmt, io};

use domain::{Position, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub(crate) use self::{read::read_index, write::Writer};

const FORMAT: &str = "tollgate-gateway-snapshot";
/// Of the lines between: raised when one is written that a gateway before it would not understand.
const VERSION: u32 = 2;

/// What a gateway knew at a position of the log. Whole: its checksum was found right.
#[derive(Clone)]
pub struct GatewaySnapshot {
    heading: Heading,
    bytes: Vec<u8>,
}

/// The first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Heading {
    position: Position,
    /// When the gateway that wrote it last knew that this was the end of the log, in Unix microseconds.
    caught_up_at: i64,
}

/// What stands before all else, whatever the version.
#[derive(Debug, Serialize, Deserialize)]
struct Marks {
    format: String,
    version: u32,
}

/// A snapshot cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotFailure {
    #[error("this is no snapshot of a gateway")]
    NotASnapshot,
    #[error("the snapshot is of format {found}; this gateway reads {VERSION}")]
    OtherVersion { found: u32 },
    #[error("the snapshot is damaged: its checksum is not that of its content")]
    Damaged,
    #[error("line {line} of the snapshot cannot be understood")]
    Line { line: usize },
    #[error("the gateway has followed the log already, to {position}")]
    NotEmpty { position: Position },
    #[error("{doing} the snapshot's file")]
    File {
        doing: &'static str,
        #[source]
        source: io::Error,
    },
}

impl GatewaySnapshot {
    /// Reads what [`Self::as_bytes`] gave, from wherever it was kept.
    ///
    /// # Errors
    /// When it is damaged, or written in another format.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, SnapshotFailure> {
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
        let marks: Marks = parse(lines.next()).ok_or(SnapshotFailure::NotASnapshot)?;
        if marks.format != FORMAT {
            return Err(SnapshotFailure::NotASnapshot);
        }
        // Before the checksum: how another version is checked is not known.
        if marks.version != VERSION {
            return Err(SnapshotFailure::OtherVersion { found: marks.version });
        }
        let end = bytes.len().checked_sub(CHECKSUM_BYTES).ok_or(SnapshotFailure::Damaged)?;
        let (content, sum) = bytes.split_at_checked(end).ok_or(SnapshotFailure::Damaged)?;
        if checksum(content).as_bytes() != sum {
            return Err(SnapshotFailure::Damaged);
        }
        let heading = parse(lines.next()).ok_or(SnapshotFailure::Line { line: 2 })?;
        Ok(Self { heading, bytes })
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How much of the log is in it.
    #[must_use]
    pub fn position(&self) -> Position {
        self.heading.position
    }

    /// When it was known to be the end of the log.
    #[must_use]
    pub fn caught_up_at(&self) -> Timestamp {
        Timestamp::from_microsecond(self.heading.caught_up_at).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The lines between heading and checksum, with their numbers.
    fn lines(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let content = self.bytes.len().saturating_sub(CHECKSUM_BYTES);
        let content = self.bytes.get(..content).unwrap_or_default();
        (1..).zip(content.split_inclusive(|byte| *byte == b'\n')).skip(2)
    }
}

impl fmt::Debug for GatewaySnapshot {
    /// Without what secrets are proven by.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewaySnapshot")
            .field("heading", &self.heading)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

fn parse<T: for<'de> Deserialize<'de>>(line: Option<&[u8]>) -> Option<T> {
    serde_json::from_slice(line?).ok()
}

/// `#`, 64 digits and the line's end.
const CHECKSUM_BYTES: usize = 66;

fn checksum(content: &[u8]) -> String {
    let mut line = String::with_capacity(CHECKSUM_BYTES);
    line.push('#');
    for byte in Sha256::digest(content) {
        line.push_str(&format!("{byte:02x}"));
    }
    line.push('\n');
    line
}

/// The slots that a snapshot's numbers became, in the order of its lines.
#[derive(Debug)]
pub(crate) struct Numbers<T>(Vec<T>);

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self(vec![])
    }
}

impl<T: Copy> Numbers<T> {
    pub(crate) fn push(&mut self, slot: T) {
        self.0.push(slot);
    }

    pub(crate) fn get(&self, number: u32) -> Option<T> {
        self.0.get(usize::try_from(number).ok()?).copied()
    }
}

#[cfg(test)]
mod tests;
