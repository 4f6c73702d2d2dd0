//! What can go wrong with the machine under the log.

use std::path::{Path, PathBuf};

use domain::Position;

use crate::installation::SIGNING_KEY;

/// The log could not be opened. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenFailure {
    #[error(
        "cannot use the data directory {dir}: {source}; check that it exists and that this user may write to it"
    )]
    Directory { dir: PathBuf, source: std::io::Error },
    #[error(
        "another Tollgate process uses the data directory {dir}; stop it, or give this one another --data-dir"
    )]
    Locked { dir: PathBuf },
    #[error("cannot read or write the secret file {file}: {source}")]
    SecretFile { file: PathBuf, source: std::io::Error },
    #[error("the secret file {file} is not 64 hexadecimal digits; restore it from a backup")]
    SecretFileDamaged { file: PathBuf },
    #[error(
        "other users can read the secret file {file}; run `chmod 600` on it, and rotate the keys if that was not meant"
    )]
    SecretFileOpen { file: PathBuf },
    #[error(
        "the secret file {file} is missing though {database} holds events: {}",
        lost_with(.file)
    )]
    SecretFileMissing { file: PathBuf, database: PathBuf },
    #[error(
        "the secret file {file} is missing: all instances need the same ones; run `tollgate secrets init` once and give its files to each"
    )]
    SecretFileNotGiven { file: PathBuf },
    #[error(
        "two signing keys sign already: retire the one in {file} first (`tollgate secrets retire-signing`)"
    )]
    Overlapping { file: PathBuf },
    #[error(
        "the database {file} is damaged ({source}); restore it from a backup, and keep the damaged one for the audit"
    )]
    Damaged { file: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    #[error(
        "the database {file} was written by a newer Tollgate; start that version, or restore an older copy"
    )]
    TooNew { file: PathBuf },
    #[error("cannot use the database server at {server}: {source}; check --database-url and that it runs")]
    Server { server: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("the database address cannot be used: {what}")]
    Address { what: String },
    #[error("the database at {server} is not prepared for this Tollgate ({what}); run `tollgate migrate`")]
    NotMigrated { server: String, what: String },
    #[error(
        "the database at {server} was prepared by a newer Tollgate ({what}); start that version, or restore an older copy"
    )]
    Newer { server: String, what: String },
    #[error("migrating the database at {server}")]
    Migrate { server: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error(
        "an import into the log at {place} was not finished; run `tollgate import` again with the same file"
    )]
    Importing { place: String },
    #[error("cannot open the database {file}")]
    Database { file: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
}

/// What is lost with a secret file, and what to do: peppers recognise keys and tokens, the signing key signs the log.
fn lost_with(file: &Path) -> &'static str {
    if file.file_name().is_some_and(|name| name == SIGNING_KEY) {
        "without it the log cannot be signed by the key that its verifiers know; restore it from a backup. Lost for good, \
         `tollgate secrets init` makes another in this directory, which verifiers must be given: issued keys work with either"
    } else {
        "without it no key issued under it can be recognised; restore it from a backup"
    }
}

/// The store failed while it was open.
#[derive(Debug, thiserror::Error)]
pub enum LogFailure {
    #[error("appending events to the log")]
    Append { source: Box<dyn std::error::Error + Send + Sync> },
    #[error("reading events after position {after}")]
    Read { after: Position, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("reading the personal values of events")]
    Personal { source: Box<dyn std::error::Error + Send + Sync> },
    #[error("loading the stream {stream}")]
    Load { stream: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("decoding an event of type {event_type} version {event_version}")]
    Decode { event_type: String, event_version: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("looking up a command that was given before")]
    Recall { source: Box<dyn std::error::Error + Send + Sync> },
    #[error("reading or writing checkpoints of the log")]
    Checkpoint { source: Box<dyn std::error::Error + Send + Sync> },
    #[error("reading or writing usage")]
    Usage { source: Box<dyn std::error::Error + Send + Sync> },
    /// The server is away, full, or starting. A command may have been taken or not: the same one, given again under
    /// its own key, happens once.
    #[error("the database cannot be used now")]
    Unreachable { source: Box<dyn std::error::Error + Send + Sync> },
    #[error("the log has stopped")]
    Stopped,
    #[error("the event is on record, but has no position yet: no sequencer is at work")]
    NotSequenced,
    #[error("the stream {stream} changed {tries} times while this command was decided")]
    Contended { stream: String, tries: usize },
}
