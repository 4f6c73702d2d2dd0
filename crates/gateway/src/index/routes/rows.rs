//! Routes as a snapshot has them.

use std::collections::BTreeSet;

use domain::{
    Position, RouteId, Scope,
    route::{Host, Method},
};
use serde::{Deserialize, Serialize};

use super::{ActiveRoute, RouteEntry, Routes};
use crate::{
    index::{shared::Shared, slots::RouteSlot},
    scopes::ScopeSet,
};

/// One route, where it was defined, and what it selects while it is active.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RouteRow(RouteId, Position, Option<ActiveRow>);

/// Host, methods, the path's shape, required scopes and cost.
#[derive(Debug, Serialize, Deserialize)]
struct ActiveRow(Option<Host>, BTreeSet<Method>, String, Vec<Scope>, u32);

impl Routes {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn row(&self, number: u32) -> Option<RouteRow> {
        let RouteEntry { id, defined_at, active } = self.entries.get(number)?;
        let active = active.as_ref().map(|ActiveRoute { host, methods, shape, required, cost }| {
            let required = required.iter().cloned().collect();
            ActiveRow(host.clone(), methods.clone(), shape.clone(), required, *cost)
        });
        Some(RouteRow(*id, *defined_at, active))
    }

    /// Puts a route back; its tables follow as after an event.
    pub(crate) fn put_back(&mut self, row: RouteRow, scope_sets: &mut Shared<ScopeSet>) -> RouteSlot {
        let RouteRow(id, defined_at, active) = row;
        let slot = self.slot_of(id);
        if let Some(entry) = self.entries.get_mut(slot.0) {
            entry.defined_at = defined_at;
        }
        let active = active.map(|ActiveRow(host, methods, shape, required, cost)| ActiveRoute {
            host,
            methods,
            shape,
            required: scope_sets.keep(required.into_iter().collect()),
            cost,
        });
        self.activate(slot, active);
        slot
    }
}
