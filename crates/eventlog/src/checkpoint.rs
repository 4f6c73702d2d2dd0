//! Statements of the log's size and root, signed and kept. Source: C2SP tlog-checkpoint; ADR 0032.

use std::{fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{Position, Timestamp};

use crate::{
    EventLog, LogFailure,
    log::Engine,
    merkle::{Hash, Node},
    note::{Note, NoteRefusal, VerifierKey},
};

/// What a checkpoint says: under this name there is a log of so many leaves with this root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log, and of the keys that sign it.
    pub origin: String,
    pub size: Position,
    pub root: Hash,
}

impl Checkpoint {
    /// Reads a note, whoever has signed it.
    ///
    /// # Errors
    /// [`NoteRefusal::Malformed`] when it is no checkpoint.
    pub fn of(note: &Note) -> Result<Self, NoteRefusal> {
        note.text().parse()
    }

    /// Reads a signed note.
    ///
    /// # Errors
    /// When it is no checkpoint, or none of the keys has signed it, or one of them has signed another one.
    pub fn verified(note: &Note, keys: &[VerifierKey]) -> Result<Self, NoteRefusal> {
        note.verify(keys)?;
        Self::of(note)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, BASE64_STANDARD.encode(self.root))
    }
}

impl FromStr for Checkpoint {
    type Err = NoteRefusal;
    /// Lines after the third are extensions, which we write none of and skip.
    fn from_str(text: &str) -> Result<Self, NoteRefusal> {
        let malformed = NoteRefusal::Malformed("it is no checkpoint: a name, a size and a root in base64");
        let mut lines = text.strip_suffix('\n').ok_or(malformed.clone())?.split('\n');
        let mut line = || lines.next().filter(|line| !line.is_empty()).ok_or(malformed.clone());
        let (origin, size_text, root) = (line()?, line()?, line()?);
        let size: u64 = size_text.parse().map_err(|_| malformed.clone())?;
        let root = BASE64_STANDARD.decode(root).map_err(|_| malformed.clone())?;
        let root = root.try_into().map_err(|_| malformed.clone())?;
        if size.to_string() != size_text {
            return Err(malformed);
        }
        Ok(Self { origin: origin.to_owned(), size: Position::new(size), root })
    }
}

/// A checkpoint as it was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// Of the identity that it was signed under; the first is 1.
    pub identity: u32,
    pub size: Position,
    pub root: Hash,
    pub signed_at: Timestamp,
    pub note: Note,
}

/// A name that the log is or was signed under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// From 1; the last one is in force.
    pub number: u32,
    pub origin: String,
    pub made_at: Timestamp,
    pub reason: String,
    /// What was published before and is not continued.
    pub abandoned: Option<(String, Position)>,
}

/// A public key that checkpoints were signed by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointKey {
    pub vkey: VerifierKey,
    pub identity: u32,
    /// The first checkpoint that it has signed.
    pub first_size: Position,
    pub first_signed_at: Timestamp,
}

/// What is written in one transaction when the log is signed.
#[derive(Debug, Default)]
pub(crate) struct Signing {
    pub(crate) identity: Option<Identity>,
    pub(crate) subtrees: Vec<(Node, Hash)>,
    pub(crate) keys: Vec<CheckpointKey>,
    pub(crate) checkpoint: Option<SignedCheckpoint>,
}

impl Signing {
    fn is_empty(&self) -> bool {
        let Self { identity, subtrees, keys, checkpoint } = self;
        identity.is_none() && subtrees.is_empty() && keys.is_empty() && checkpoint.is_none()
    }
}

pub(crate) type CheckpointRow = (i64, i64, String, Vec<u8>, String);
pub(crate) type IdentityRow = (i64, String, String, String, Option<String>, Option<i64>);
pub(crate) type KeyRow = (String, i64, i64, String);

impl EventLog {
    /// The newest checkpoint; none before the first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn checkpoint(&self) -> Result<Option<SignedCheckpoint>, LogFailure> {
        let row = match self.engine() {
            Engine::Sqlite(log) => log.checkpoint_row().await?,
            Engine::Postgres(log) => log.checkpoint_row().await?,
        };
        let Some((identity, size, signed_at, root, note)) = row else { return Ok(None) };
        Ok(Some(SignedCheckpoint {
            identity: number(identity)?,
            size: position(size)?,
            root: root.try_into().map_err(|_: Vec<u8>| damaged("a root is not 32 bytes"))?,
            signed_at: time(&signed_at)?,
            note: note.parse().map_err(|_| damaged("a checkpoint is no signed note"))?,
        }))
    }

    /// Under which names the log was ever signed; the last is in force. None before the first checkpoint.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn identities(&self) -> Result<Vec<Identity>, LogFailure> {
        let rows = match self.engine() {
            Engine::Sqlite(log) => log.identity_rows().await?,
            Engine::Postgres(log) => log.identity_rows().await?,
        };
        let read = |(at, origin, made_at, reason, abandoned, size): IdentityRow| {
            let size = size.map(position).transpose()?;
            let (number, made_at) = (number(at)?, time(&made_at)?);
            Ok(Identity { number, origin, made_at, reason, abandoned: abandoned.zip(size) })
        };
        rows.into_iter().map(read).collect()
    }

    /// By which keys checkpoints were ever signed, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn checkpoint_keys(&self) -> Result<Vec<CheckpointKey>, LogFailure> {
        let rows = match self.engine() {
            Engine::Sqlite(log) => log.checkpoint_key_rows().await?,
            Engine::Postgres(log) => log.checkpoint_key_rows().await?,
        };
        let read = |(vkey, identity, size, signed_at): KeyRow| {
            Ok(CheckpointKey {
                vkey: vkey.parse().map_err(|_| damaged("a verifier key is none"))?,
                identity: number(identity)?,
                first_size: position(size)?,
                first_signed_at: time(&signed_at)?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    pub(crate) async fn write_signing(&self, signing: Signing) -> Result<(), LogFailure> {
        // Mostly there is nothing new before a checkpoint, and a transaction would hold up those who append.
        if signing.is_empty() {
            return Ok(());
        }
        match self.engine() {
            Engine::Sqlite(log) => log.write_signing(signing).await,
            Engine::Postgres(log) => log.write_signing(&signing).await,
        }
    }
}

fn damaged(what: &'static str) -> LogFailure {
    LogFailure::Checkpoint { source: what.into() }
}

fn number(column: i64) -> Result<u32, LogFailure> {
    u32::try_from(column).map_err(|_| damaged("an identity has no such number"))
}

fn position(column: i64) -> Result<Position, LogFailure> {
    u64::try_from(column).map(Position::new).map_err(|_| damaged("a size is negative"))
}

fn time(column: &str) -> Result<Timestamp, LogFailure> {
    column.parse().map_err(|_| damaged("a time is none"))
}

/// As a database counts.
pub(crate) fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_the_one_that_another_implementation_reads() {
        let ours = Checkpoint {
            origin: "example.com/log".to_owned(),
            size: Position::new(20_852_163),
            root: [9; 32],
        };
        let theirs = tlog_tiles::Checkpoint::from_bytes(ours.to_string().as_bytes()).unwrap();
        assert_eq!(
            (theirs.origin(), theirs.size(), theirs.hash().0),
            ("example.com/log", 20_852_163, [9; 32])
        );
        assert_eq!(ours.to_string().parse(), Ok(ours.clone()));
        assert_eq!(format!("{ours}an extension\n").parse(), Ok(ours.clone()));
        let text = ours.to_string();
        for bad in [
            text.replace("2085", "02085"),
            text.replace("2085", "+2085"),
            text.replace("C", ""),
            text.trim().to_owned(),
            String::new(),
        ] {
            assert!(bad.parse::<Checkpoint>().is_err(), "{bad:?}");
        }
    }
}
