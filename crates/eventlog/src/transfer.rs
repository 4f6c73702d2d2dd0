//! Moving a log from one engine to the other, by a file that proves itself whole.
//!
//! Two halves: [`export`] writes the file from an opened log, [`Verified::read`] checks every line of one before
//! [`Verified::import`] writes the first event. Events keep their positions, identifiers, times and texts, so the leaf
//! hashes and the root are the same on both sides. Source: ADR 0019.
//!
//! Files are read and written on the calling task: this is for a command of its own, not for a server.

mod export;
mod import;
mod line;
mod reader;
mod tally;
mod target;

pub(crate) use line::Moved;
pub(crate) use target::Rows;

pub use export::{Origin, export};
pub use import::Verified;
pub use target::Destination;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use domain::Position;

use crate::{LogFailure, OpenFailure};

/// Stands in `commands` for as long as an import is under way, with the file's digest: such a log is opened by nobody but
/// the import itself. No caller's key is like it; theirs begin with a principal and a colon.
pub(crate) const UNDER_WAY: &str = "tollgate-import";
/// The events of one read and of one transaction: what is in memory at once.
const EVENTS_AT_ONCE: usize = 1_000;
const COMMANDS_AT_ONCE: usize = 5_000;

/// What is being done; told with how far it has got, and how far there is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading the file that an earlier export has begun; in bytes.
    Resuming,
    /// In events.
    Exporting,
    /// Checking every line of the file; in bytes.
    Verifying,
    /// In events.
    Importing,
    /// Computing the root from what the log has now; in events.
    Checking,
}

/// Whom to tell.
pub type Progress<'a> = &'a mut (dyn FnMut(Stage, u64, u64) + Send);

/// What was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The number of events.
    pub size: u64,
    /// Of the Merkle tree over them. Source: RFC 6962 §2.1.
    pub root: [u8; 32],
    pub personal_values: u64,
    pub commands: u64,
    /// The peppers that digests in the events were made under.
    pub pepper_versions: BTreeSet<u16>,
    /// Of the exported installation's secret files, by their names, as far as the export knew them.
    pub secrets: BTreeMap<String, String>,
}

/// Why a log was not moved. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TransferFailure {
    #[error("cannot read or write {file}: {source}")]
    File { file: PathBuf, source: std::io::Error },
    #[error("{file} is there already; choose another name or remove it")]
    FileExists { file: PathBuf },
    #[error("another process writes {file}")]
    FileTaken { file: PathBuf },
    #[error("{file} was begun from another log; remove it to start anew")]
    FileOfAnotherLog { file: PathBuf },
    #[error("{file} is no export of a log: {what}")]
    NotAnExport { file: PathBuf, what: String },
    #[error("{file} was written by a newer Tollgate ({version}); import it with that version or a later one")]
    Newer { file: PathBuf, version: String },
    #[error(
        "{file} is damaged at line {line}: {what}; take another copy of it, or remove it and export again"
    )]
    Damaged { file: PathBuf, line: u64, what: String },
    #[error(
        "this Tollgate does not know the event at position {position}; import {file} with the version that wrote it ({version})"
    )]
    Unknown { file: PathBuf, version: String, position: Position, source: LogFailure },
    #[error("{file} ends before its last line: the export was cut off; run it again, it goes on")]
    Cut { file: PathBuf },
    #[error("{file} was changed while it was read; start again with a copy that nobody writes to")]
    Changed { file: PathBuf },
    #[error("the stored event at position {position} is not the one that its leaf hash was made of ({what})")]
    Altered { position: Position, what: String },
    #[error("the log at {place} is not empty ({events} events) and no import of this file has begun it")]
    NotEmpty { place: String, events: u64 },
    #[error(
        "an import of another file into {place} was not finished; finish that one, or empty the database"
    )]
    AnotherImport { place: String },
    #[error("somebody is at work on the log at {place}: stop every Tollgate process that uses it")]
    Busy { place: String },
    #[error("the log at {place} has at position {position} another event than the file")]
    Differs { place: String, position: Position },
    #[error("what was written to {place} is not what the file has: {what}")]
    NotTheSame { place: String, what: String },
    #[error("writing to {place}")]
    Write { place: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error(transparent)]
    Open(#[from] OpenFailure),
    #[error(transparent)]
    Log(#[from] LogFailure),
}
