//! Builds an index from a snapshot.

use serde::Deserialize;

use super::{GatewaySnapshot, Numbers, SnapshotFailure};
use crate::index::{
    Index,
    assignments::rows::{AssignmentRow, Named},
    keys::{
        Around,
        rows::{KeyRow, PreviousRow},
    },
    resets::rows::ResetRow,
    slots::KeySlot,
};

/// The index as it was when the snapshot was taken, its routes' tables too.
pub(crate) fn read_index(snapshot: &GatewaySnapshot) -> Result<Index, SnapshotFailure> {
    let mut reader = Reader::default();
    for (line, text) in snapshot.lines() {
        reader.line(text).ok_or(SnapshotFailure::Line { line })?;
    }
    let mut index = reader.index;
    let tables = index.routes.rebuild();
    index.complete(snapshot.position(), tables);
    Ok(index)
}

#[derive(Default)]
struct Reader {
    index: Index,
    named: Named,
    keys: Numbers<KeySlot>,
}

impl Reader {
    /// None for a line that no gateway of this version wrote.
    fn line(&mut self, text: &[u8]) -> Option<()> {
        let (letter, row) = text.split_first()?;
        let Index { environments, scope_sets, clients, routes, policies, assignments, resets, .. } =
            &mut self.index;
        match letter {
            b'e' => self.named.environments.push(environments.slot_of(&parse(row)?)),
            b'c' => {
                let slot = clients.put_back(parse(row)?, &self.named.environments, scope_sets)?;
                self.named.clients.push(slot);
            }
            b'k' => self.key(parse(row)?)?,
            b'p' => self.index.keys.put_back_previous(&parse::<PreviousRow>(row)?, &self.keys)?,
            b'r' => self.named.routes.push(routes.put_back(parse(row)?, scope_sets)),
            b'l' => self.named.policies.push(policies.put_back(parse(row)?)),
            b'a' => assignments.put_back(&parse::<AssignmentRow>(row)?, &self.named)?,
            b'x' => resets.put_back(&parse::<ResetRow>(row)?, &self.named, &self.keys, policies)?,
            _ => return None,
        }
        Some(())
    }

    fn key(&mut self, row: KeyRow) -> Option<()> {
        let Index { environments, scope_sets, clients, keys, .. } = &mut self.index;
        let mut around = Around { environments, scope_sets, clients };
        let slot = keys.put_back(row, &self.named.clients, &self.named.environments, &mut around)?;
        self.keys.push(slot);
        Some(())
    }
}

fn parse<'de, T: Deserialize<'de>>(row: &'de [u8]) -> Option<T> {
    serde_json::from_slice(row).ok()
}
