//! Checks an export without anybody's help. What is in memory is one tile's hashes and one line.

use std::io::{BufRead, Read as _};

use domain::personal::PersonalValue;
use sha2::{Digest as _, Sha256};

use super::{
    end_of_tile,
    line::{self, End, EndLine, Event, EventLine, FORMAT, Header, HeaderLine, Hex, Kind, Tile, TileLine},
    report::{Finding, Outcome, Report},
};
use crate::{
    checkpoint::Checkpoint,
    merkle::{self, Hash, Tree},
    note::{Note, VerifierKey},
};

/// No line of an export is longer.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Says what a file proves. `pinned` is the key that the reader knows the log by, from elsewhere.
///
/// # Errors
/// When the file cannot be read; whatever is wrong with what is in it is in the report.
pub fn verify(mut file: impl BufRead, pinned: Option<&VerifierKey>) -> std::io::Result<Report> {
    let mut text = vec![];
    read_line(&mut file, &mut text)?;
    let header = line::read::<HeaderLine>(&text).map(|line| line.tollgate_audit_export);
    let Some(mut check) = header.and_then(|header| Check::begin(header, &text)) else {
        let mut report = Report::new();
        report.find(Finding::NotAnExport);
        return Ok(report);
    };
    let mut end = None;
    while read_line(&mut file, &mut text)? {
        check.line = check.line.saturating_add(1);
        if end.is_some() {
            check.report.find(Finding::Inserted { line: check.line });
            continue;
        }
        match line::kind(&text) {
            Kind::End => match line::read::<EndLine>(&text) {
                Some(line) => end = Some(line.end),
                None => check.report.find(Finding::Inserted { line: check.line }),
            },
            Kind::Tile => check.take_tile(line::read::<TileLine>(&text).map(|line| line.tile)),
            Kind::Event => check.take_event(line::read::<EventLine>(&text).map(|line| line.event)),
            Kind::Other => check.report.find(Finding::Inserted { line: check.line }),
        }
        if end.is_none() {
            check.sha256.update(&text);
        }
    }
    Ok(check.conclude(end, pinned))
}

/// Answers whether there was one. One that is too long is no line of an export: its rest is the next.
fn read_line(file: &mut impl BufRead, text: &mut Vec<u8>) -> std::io::Result<bool> {
    text.clear();
    file.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', text)?;
    Ok(!text.is_empty())
}

struct Check {
    header: Header,
    report: Report,
    /// Grows by the hashes of each tile.
    tree: Tree,
    tile: Option<Block>,
    sha256: Sha256,
    line: u64,
}

/// The tile that is being read.
struct Block {
    from: u64,
    leaves: Vec<Hash>,
    seen: Vec<bool>,
    /// The highest position that was seen.
    last: u64,
}

impl Check {
    /// None where the first line contradicts itself.
    fn begin(header: Header, text: &[u8]) -> Option<Self> {
        let Header { format, from, until, size, .. } = header;
        let left = header.left.iter().map(|Hex(hash)| *hash).collect();
        let tree = Tree::of_peaks(from.checked_sub(1)?, left)?;
        if format != FORMAT || from > until || until > size {
            return None;
        }
        let report = Report { origin: header.origin.clone(), from, until, size, ..Report::new() };
        let sha256 = Sha256::new().chain_update(text);
        Some(Self { header, report, tree, tile: None, sha256, line: 1 })
    }

    fn take_tile(&mut self, tile: Option<Tile>) {
        self.close_tile();
        // A hash that is not there leaves the tree short: it cannot come to the signed root.
        let from = self.tree.size().saturating_add(1);
        let until = end_of_tile(from).min(self.header.until);
        let fits = |tile: &Tile| {
            let many = u64::try_from(tile.leaves.len()).unwrap_or(u64::MAX);
            tile.from == from && from <= until && many == until - from + 1
        };
        let Some(Tile { from, leaves }) = tile.filter(fits) else {
            return self.report.find(Finding::Inserted { line: self.line });
        };
        let leaves: Vec<Hash> = leaves.into_iter().map(|Hex(hash)| hash).collect();
        leaves.iter().for_each(|leaf| self.tree.push(*leaf));
        let seen = vec![false; leaves.len()];
        self.tile = Some(Block { from, leaves, seen, last: 0 });
    }

    fn take_event(&mut self, event: Option<Event>) {
        let Some(event) = event else {
            return self.report.find(Finding::Inserted { line: self.line });
        };
        let position = event.position;
        let is_shown = (self.header.from..=self.header.until).contains(&position);
        let place = self.tile.as_mut().and_then(|tile| {
            let at = usize::try_from(position.checked_sub(tile.from)?).ok()?;
            Some((*tile.leaves.get(at)?, tile.seen.get_mut(at)?, &mut tile.last))
        });
        match place {
            None if is_shown => self.report.find(Finding::Reordered { position }),
            None => self.report.find(Finding::Inserted { line: self.line }),
            Some((_, true, _)) => self.report.find(Finding::Inserted { line: self.line }),
            Some((leaf, seen, last)) => {
                *seen = true;
                let in_order = position > *last;
                *last = position.max(*last);
                if !is_as_hashed(&event, &leaf) {
                    self.report.find(Finding::Altered { position });
                } else if in_order {
                    self.report.proven = self.report.proven.saturating_add(1);
                } else {
                    self.report.find(Finding::Reordered { position });
                }
            }
        }
    }

    /// Tells which of its events were not there.
    fn close_tile(&mut self) {
        let Some(Block { from, seen, .. }) = self.tile.take() else { return };
        let mut missing: Option<(u64, u64)> = None;
        for (position, seen) in (from..).zip(seen) {
            missing = match missing {
                run if !seen => Some((run.map_or(position, |(from, _)| from), position)),
                Some((from, until)) => {
                    self.report.find(Finding::Missing { from, until });
                    None
                }
                None => None,
            };
        }
        if let Some((from, until)) = missing {
            self.report.find(Finding::Missing { from, until });
        }
    }

    fn conclude(mut self, end: Option<End>, pinned: Option<&VerifierKey>) -> Report {
        self.close_tile();
        let Some(end) = end else {
            self.report.find(Finding::Cut);
            self.report.proven = 0;
            return self.report;
        };
        let next = self.tree.size().saturating_add(1);
        if next <= self.header.until {
            self.report.find(Finding::TileMissing { from: next });
        } else if let Err(why) = self.check_signed(&end, pinned) {
            self.report.find(Finding::Unproven { why });
        }
        if self.report.outcome == Outcome::Unproven {
            self.report.proven = 0;
        }
        if self.report.outcome == Outcome::Proven && Hex(self.sha256.finalize().into()) != end.checksum {
            self.report.find(Finding::OtherBytes);
        }
        self.report
    }

    /// The signature under the checkpoint, its keys, and that its log begins with the hashes of this file.
    fn check_signed(&mut self, end: &End, pinned: Option<&VerifierKey>) -> Result<(), &'static str> {
        let End { checkpoint, keys, consistency, checksum: _ } = end;
        let note: Note = checkpoint.parse().map_err(|_| "the checkpoint is no signed note")?;
        let keys: Result<Vec<VerifierKey>, _> = keys.iter().map(|key| key.parse()).collect();
        let keys = keys.map_err(|_| "a verifier key in the file is none")?;
        let signers = note.verify(&keys).map_err(|_| "the signature under the checkpoint is wrong")?;
        // Whoever exports shows no line that cannot be checked, and no key that has signed nothing.
        if signers.len() != keys.len() || note.signatures().len() != keys.len() {
            return Err("the keys in the file are not those that signed the checkpoint");
        }
        let said = Checkpoint::of(&note).map_err(|_| "the checkpoint is none")?;
        let named = keys.iter().all(|key| key.name() == said.origin);
        if said.origin != self.header.origin || said.size.get() != self.header.size || !named {
            return Err("the checkpoint is of another log, or of another size, than the first line says");
        }
        let consistency: Vec<Hash> = consistency.iter().map(|Hex(hash)| *hash).collect();
        let (old, new) = ((self.tree.size(), &self.tree.root()), (said.size.get(), &said.root));
        if !merkle::is_consistent(old, new, &consistency) {
            return Err("the signed root is not the one over the hashes in this file");
        }
        self.report.keys = keys.iter().map(ToString::to_string).collect();
        match pinned {
            Some(pinned) if !keys.contains(pinned) => {
                Err("the checkpoint is not signed by the key that was given")
            }
            Some(_) => {
                self.report.pinned = true;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// Whether the event is the one that the hash is of, and each value beside it the one that it commits to.
fn is_as_hashed(event: &Event, leaf: &Hash) -> bool {
    let audited = event.audited.get();
    let mut last = "";
    merkle::leaf_hash(audited.as_bytes()) == *leaf
        && event.personal.iter().all(|row| {
            let in_order = row.commitment.as_str() > std::mem::replace(&mut last, &row.commitment);
            let commitment = PersonalValue::new(row.salt, &row.value).commitment().to_string();
            in_order && commitment == row.commitment && audited.contains(&row.commitment)
        })
}
