//! Writes an index down, a stretch at a time, so that calls go on meanwhile.

use domain::Position;
use parking_lot::RwLock;
use serde::Serialize;

use super::{FORMAT, GatewaySnapshot, Heading, Marks, VERSION, checksum};
use crate::{index::Index, usage::NAMED_AT_ONCE};

/// The snapshot as far as it is written.
pub(crate) struct Writer {
    bytes: Vec<u8>,
    heading: Heading,
}

impl Writer {
    pub(crate) fn new(position: Position, caught_up_at: i64) -> Self {
        let heading = Heading { position, caught_up_at };
        let mut writer = Self { bytes: vec![], heading };
        writer.line("", &Marks { format: FORMAT.to_owned(), version: VERSION });
        writer.line("", &heading);
        writer
    }

    /// Writes all of an index that nobody changes meanwhile, but to number environments: those come last, and more of
    /// them change nothing.
    pub(crate) fn write(mut self, index: &RwLock<Index>) -> GatewaySnapshot {
        let lens = Lens::of(&index.read());
        self.rows(index, lens.environments, "e", |index, at| index.environments.row(at));
        self.rows(index, lens.clients, "c", |index, at| index.clients.row(at));
        self.rows(index, lens.keys, "k", |index, at| index.keys.row(at));
        self.rows(index, lens.previous, "p", |index, at| index.keys.previous_row(at));
        self.rows(index, lens.routes, "r", |index, at| index.routes.row(at));
        self.rows(index, lens.policies, "l", |index, at| index.policies.row(at));
        for row in index.read().assignments.rows() {
            self.line("a", &row);
        }
        let resets = {
            let index = index.read();
            index.resets.rows(&index.policies)
        };
        for row in resets {
            self.line("x", &row);
        }
        let sum = checksum(&self.bytes);
        self.bytes.extend_from_slice(sum.as_bytes());
        GatewaySnapshot { heading: self.heading, bytes: self.bytes }
    }

    fn rows<T: Serialize>(
        &mut self,
        index: &RwLock<Index>,
        len: usize,
        letter: &str,
        row: impl Fn(&Index, u32) -> Option<T>,
    ) {
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        for begin in (0..len).step_by(NAMED_AT_ONCE) {
            let index = index.read();
            let end = begin.saturating_add(u32::try_from(NAMED_AT_ONCE).unwrap_or(u32::MAX)).min(len);
            for at in begin..end {
                if let Some(row) = row(&index, at) {
                    self.line(letter, &row);
                }
            }
        }
    }

    fn line(&mut self, letter: &str, row: &impl Serialize) {
        self.bytes.extend_from_slice(letter.as_bytes());
        // Into memory, of types with texts for keys: neither fails.
        if serde_json::to_writer(&mut self.bytes, row).is_ok() {
            self.bytes.push(b'\n');
        }
    }
}

/// How many there are of each.
struct Lens {
    environments: usize,
    clients: usize,
    keys: usize,
    previous: usize,
    routes: usize,
    policies: usize,
}

impl Lens {
    fn of(index: &Index) -> Self {
        Self {
            environments: index.environments.len(),
            clients: index.clients.len(),
            keys: index.keys.len(),
            previous: index.keys.previous_len(),
            routes: index.routes.len(),
            policies: index.policies.len(),
        }
    }
}
