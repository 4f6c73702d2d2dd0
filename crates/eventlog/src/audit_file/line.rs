//! The lines of an export. Each has one spelling: what is read must be what would be written.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::merkle::Hash;

pub(super) const FORMAT: u32 = 1;

/// A hash as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Hex(#[serde(with = "hex::serde")] pub(super) Hash);

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderLine {
    pub(super) tollgate_audit_export: Header,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) format: u32,
    /// The name of the log.
    pub(super) origin: String,
    /// The first position that is shown, and the last.
    pub(super) from: u64,
    pub(super) until: u64,
    /// Of the log that the checkpoint is of.
    pub(super) size: u64,
    /// The complete subtrees over all leaves before `from`, the largest first.
    pub(super) left: Vec<Hex>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TileLine {
    pub(super) tile: Tile,
}

/// The hashes of the events that follow.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tile {
    /// The position of the first.
    pub(super) from: u64,
    pub(super) leaves: Vec<Hex>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventLine {
    pub(super) event: Event,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Event {
    pub(super) position: u64,
    /// The audited bytes as they are: their hash is the leaf's.
    pub(super) audited: Box<RawValue>,
    /// What is left of the values that the event commits to, by their commitments.
    pub(super) personal: Vec<PersonalRow>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonalRow {
    pub(super) commitment: String,
    #[serde(with = "hex::serde")]
    pub(super) salt: [u8; 16],
    pub(super) value: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndLine {
    pub(super) end: End,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    /// The signed note.
    pub(super) checkpoint: String,
    /// The verifier keys of those who signed it.
    pub(super) keys: Vec<String>,
    /// That the checkpoint's log begins with the one that ends at `until`.
    pub(super) consistency: Vec<Hex>,
    /// Over all lines before this one: tells a copy that was damaged on its way. It proves nothing.
    pub(super) checksum: Hex,
}

/// With its end.
pub(super) fn write(line: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    Ok(text)
}

/// None where it is not such a line, or is spelled otherwise than it would be written.
pub(super) fn read<L: Serialize + DeserializeOwned>(text: &[u8]) -> Option<L> {
    let line: L = serde_json::from_slice(text).ok()?;
    (write(&line).ok()? == text).then_some(line)
}

/// What kind of line it begins like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Tile,
    Event,
    End,
    Other,
}

pub(super) fn kind(text: &[u8]) -> Kind {
    let begins = |with: &str| text.starts_with(with.as_bytes());
    match () {
        () if begins(r#"{"tile":"#) => Kind::Tile,
        () if begins(r#"{"event":"#) => Kind::Event,
        () if begins(r#"{"end":"#) => Kind::End,
        () => Kind::Other,
    }
}
