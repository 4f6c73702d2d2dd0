//! Clients as a snapshot has them.

use domain::{ClientId, Scope, api_client::ClientStanding};
use serde::{Deserialize, Serialize};

use super::{ClientEntry, Clients};
use crate::{
    index::{
        shared::Shared,
        slots::{ClientSlot, EnvironmentSlot},
    },
    scopes::ScopeSet,
    snapshot::Numbers,
};

/// One client. Its number is its place among the clients of the snapshot.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ClientRow(ClientId, ClientStanding, Vec<u32>, Vec<Scope>, bool, bool);

impl Clients {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn row(&self, number: u32) -> Option<ClientRow> {
        let ClientEntry { id, standing, assigned, assigned_on_route, environments, scopes } =
            self.entries.get(number)?;
        let environments = environments.iter().map(|environment| environment.0).collect();
        let scopes = scopes.iter().cloned().collect();
        Some(ClientRow(*id, *standing, environments, scopes, *assigned, *assigned_on_route))
    }

    /// Puts a client back. None when it speaks of what the snapshot does not have.
    pub(crate) fn put_back(
        &mut self,
        row: ClientRow,
        environments: &Numbers<EnvironmentSlot>,
        scope_sets: &mut Shared<ScopeSet>,
    ) -> Option<ClientSlot> {
        let ClientRow(id, standing, may_use, scopes, assigned, assigned_on_route) = row;
        let slot = self.slot_of(id);
        let may_use = may_use.into_iter().map(|number| environments.get(number)).collect::<Option<_>>()?;
        self.set_environments(slot, may_use);
        self.set_scopes(slot, scope_sets, scopes);
        let entry = self.entries.get_mut(slot.0)?;
        entry.standing = standing;
        (entry.assigned, entry.assigned_on_route) = (assigned, assigned_on_route);
        Some(slot)
    }
}
