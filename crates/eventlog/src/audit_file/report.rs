//! What an export proves, and what is wrong with one that does not.

use std::fmt;

/// Findings that are told one by one; the rest are counted.
const TOLD_MAX: usize = 100;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The event at this position is not the one that its hash is of, or a value beside it is not the one it commits to.
    Altered {
        position: u64,
    },
    /// The events from a position to another are not there.
    Missing {
        from: u64,
        until: u64,
    },
    /// The event stands elsewhere than it should.
    Reordered {
        position: u64,
    },
    /// The line belongs to no export, or stands there twice.
    Inserted {
        line: u64,
    },
    /// The hashes of the tile that begins at this position are not there.
    TileMissing {
        from: u64,
    },
    /// The hashes and the signed checkpoint do not belong together, or the checkpoint is not signed as it should be.
    Unproven {
        why: &'static str,
    },
    /// Every fact is proven, and yet some byte is another than was written.
    OtherBytes,
    /// There is no last line.
    Cut,
    NotAnExport,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { position } => write!(f, "altered: the entry at position {position}"),
            Self::Missing { from, until } if from == until => {
                write!(f, "missing: the entry at position {from}")
            }
            Self::Missing { from, until } => write!(f, "missing: the entries at positions {from} to {until}"),
            Self::Reordered { position } => {
                write!(f, "reordered: the entry at position {position} stands elsewhere than it should")
            }
            Self::Inserted { line } => {
                write!(f, "inserted: line {line} belongs to no export, or stands there twice")
            }
            Self::TileMissing { from } => {
                write!(f, "missing: the line of hashes from position {from}, without which nothing is proven")
            }
            Self::Unproven { why } => write!(f, "not proven: {why}"),
            Self::OtherBytes => f.write_str(
                "damaged: every entry is proven, but some byte is another than was written (a personal value was left out?)",
            ),
            Self::Cut => f.write_str("cut off: the last line, with the signed checkpoint, is not there"),
            Self::NotAnExport => f.write_str("this is no export of an audit log of Tollgate"),
        }
    }
}

/// What it all comes to; the gravest finding decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Proven,
    Damaged,
    Inserted,
    Reordered,
    Missing,
    Altered,
    Unproven,
    Cut,
    NotAnExport,
}

impl Outcome {
    /// For scripts.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Proven => 0,
            Self::Altered => 10,
            Self::Missing => 11,
            Self::Reordered => 12,
            Self::Inserted => 13,
            Self::Cut => 14,
            Self::Damaged => 15,
            Self::Unproven => 16,
            Self::NotAnExport => 17,
        }
    }
}

/// The answer to: what does this file prove?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The name of the log, as the file has it.
    pub origin: String,
    /// The first position that the file should have, and the last.
    pub from: u64,
    pub until: u64,
    /// The number of events of the log that the checkpoint is of.
    pub size: u64,
    /// Entries that are as they were when the checkpoint was signed. None are unless the checkpoint holds.
    pub proven: u64,
    /// The keys that have signed the checkpoint, as the file names them.
    pub keys: Vec<String>,
    /// Whether the caller's key was among them: otherwise whoever wrote the file may have made up the key, too.
    pub pinned: bool,
    /// At most 100.
    pub findings: Vec<Finding>,
    /// Findings beyond those.
    pub more: u64,
    pub(super) outcome: Outcome,
}

impl Report {
    pub(super) fn new() -> Self {
        Self {
            origin: String::new(),
            from: 0,
            until: 0,
            size: 0,
            proven: 0,
            keys: vec![],
            pinned: false,
            findings: vec![],
            more: 0,
            outcome: Outcome::Proven,
        }
    }

    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    pub(super) fn find(&mut self, finding: Finding) {
        let outcome = match &finding {
            Finding::Altered { .. } => Outcome::Altered,
            Finding::Missing { .. } => Outcome::Missing,
            Finding::Reordered { .. } => Outcome::Reordered,
            Finding::Inserted { .. } => Outcome::Inserted,
            Finding::TileMissing { .. } | Finding::Unproven { .. } => Outcome::Unproven,
            Finding::OtherBytes => Outcome::Damaged,
            Finding::Cut => Outcome::Cut,
            Finding::NotAnExport => Outcome::NotAnExport,
        };
        self.outcome = self.outcome.max(outcome);
        if self.findings.len() < TOLD_MAX {
            self.findings.push(finding);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}
