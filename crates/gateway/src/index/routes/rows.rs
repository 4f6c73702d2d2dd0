//! Routes as a snapshot has them.

use std::collections::BTreeSet;

use domain::{
    Position, RouteId, Scope,
    route::{CostFromHeader, Host, Method},
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

/// Hosts, methods, the path's shape, required scopes, cost, and where a proxy says another.
#[derive(Debug, Serialize, Deserialize)]
struct ActiveRow(BTreeSet<Host>, BTreeSet<Method>, String, Vec<Scope>, u32, Option<CostFromHeader>);

impl Routes {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn row(&self, number: u32) -> Option<RouteRow> {
        let RouteEntry { id, defined_at, active } = self.entries.get(number)?;
        let active = active.as_ref().map(|route| {
            let ActiveRoute { hosts, methods, shape, required, cost, cost_from_header } = route;
            let required = required.iter().cloned().collect();
            let header = cost_from_header.clone();
            ActiveRow(hosts.clone(), methods.clone(), shape.clone(), required, *cost, header)
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
        let active = active.map(|row| {
            let ActiveRow(hosts, methods, shape, required, cost, cost_from_header) = row;
            let required = scope_sets.keep(required.into_iter().collect());
            ActiveRoute { hosts, methods, shape, required, cost, cost_from_header }
        });
        self.activate(slot, active);
        slot
    }
}
