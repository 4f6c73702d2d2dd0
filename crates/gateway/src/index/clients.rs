//! Clients: whether they stand, where they may call, what they hold.

pub(crate) mod rows;

use std::sync::Arc;

use domain::{
    ClientId, Environment, Scope,
    api_client::{
        ApiClientEvent, ClientStanding, EnvironmentAllowed, EnvironmentWithdrawn, Registered, ScopeGranted,
        ScopeRevoked,
    },
};

use super::{
    shared::{Environments, Shared},
    slots::{ClientSlot, EnvironmentSlot, Slots},
    table::Table,
};
use crate::scopes::ScopeSet;

/// One client.
#[derive(Debug)]
pub(crate) struct ClientEntry {
    pub(crate) id: ClientId,
    pub(crate) standing: ClientStanding,
    /// Whether any policy was ever assigned to the client, and to the client on a route: spares the look-ups.
    pub(crate) assigned: bool,
    pub(crate) assigned_on_route: bool,
    environments: Arc<Vec<EnvironmentSlot>>,
    pub(crate) scopes: Arc<ScopeSet>,
}

impl ClientEntry {
    pub(crate) fn environments(&self) -> &[EnvironmentSlot] {
        &self.environments
    }

    pub(crate) fn may_use(&self, environment: EnvironmentSlot) -> bool {
        self.environments.contains(&environment)
    }
}

/// All clients.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    entries: Slots<ClientEntry>,
    by_id: Table,
    environment_sets: Shared<Vec<EnvironmentSlot>>,
}

impl Clients {
    pub(crate) fn get(&self, slot: ClientSlot) -> Option<&ClientEntry> {
        self.entries.get(slot.0)
    }

    pub(crate) fn find(&self, id: ClientId) -> Option<ClientSlot> {
        let slot = self.by_id.find(id, |slot| self.entries.get(slot).is_some_and(|entry| entry.id == id));
        slot.map(ClientSlot)
    }

    /// The client's slot, in which it stands as absent until it is registered.
    pub(crate) fn slot_of(&mut self, id: ClientId) -> ClientSlot {
        if let Some(slot) = self.find(id) {
            return slot;
        }
        let slot = self.entries.push(ClientEntry {
            id,
            standing: ClientStanding::Absent,
            assigned: false,
            assigned_on_route: false,
            environments: Arc::default(),
            scopes: Arc::default(),
        });
        self.by_id.insert(id, slot, |slot| self.entries.get(slot).map(|entry| entry.id));
        ClientSlot(slot)
    }

    pub(crate) fn note_assigned(&mut self, client: ClientSlot, on_route: bool) {
        if let Some(entry) = self.entries.get_mut(client.0) {
            entry.assigned = true;
            entry.assigned_on_route |= on_route;
        }
    }

    pub(crate) fn apply(
        &mut self,
        id: ClientId,
        event: &ApiClientEvent,
        environments: &mut Environments,
        scope_sets: &mut Shared<ScopeSet>,
    ) {
        use ApiClientEvent as E;
        let slot = self.slot_of(id);
        match event {
            E::Registered(Registered { environments: names, scopes, .. }) => {
                let may_use = names.iter().map(|name| environments.slot_of(name)).collect();
                self.set_environments(slot, may_use);
                self.set_scopes(slot, scope_sets, scopes.iter().cloned());
                self.stand(slot, ClientStanding::Active);
            }
            E::ScopeGranted(ScopeGranted { scope }) => {
                let held = self.scopes(slot).into_iter().chain([scope.clone()]);
                self.set_scopes(slot, scope_sets, held);
            }
            E::ScopeRevoked(ScopeRevoked { scope }) => {
                let held = self.scopes(slot).into_iter().filter(|held| held != scope);
                self.set_scopes(slot, scope_sets, held);
            }
            E::EnvironmentAllowed(EnvironmentAllowed { environment }) => {
                self.allow(slot, environments, environment);
            }
            E::EnvironmentWithdrawn(EnvironmentWithdrawn { environment }) => {
                self.withdraw(slot, environments, environment);
            }
            E::Suspended(_) => self.stand(slot, ClientStanding::Suspended),
            E::Reinstated(_) => self.stand(slot, ClientStanding::Active),
            E::Archived(_) => self.stand(slot, ClientStanding::Archived),
            E::Renamed(_) | E::OwnerChanged(_) | E::ContactsChanged(_) | E::LabelsChanged(_) => {}
        }
    }

    /// Archived is final.
    fn stand(&mut self, slot: ClientSlot, standing: ClientStanding) {
        if let Some(entry) =
            self.entries.get_mut(slot.0).filter(|entry| entry.standing != ClientStanding::Archived)
        {
            entry.standing = standing;
        }
    }

    fn scopes(&self, slot: ClientSlot) -> Vec<Scope> {
        self.get(slot).map(|entry| entry.scopes.iter().cloned().collect()).unwrap_or_default()
    }

    fn set_scopes(
        &mut self,
        slot: ClientSlot,
        scope_sets: &mut Shared<ScopeSet>,
        scopes: impl IntoIterator<Item = Scope>,
    ) {
        if let Some(entry) = self.entries.get_mut(slot.0) {
            entry.scopes = scope_sets.keep(scopes.into_iter().collect());
        }
    }

    fn allow(&mut self, slot: ClientSlot, environments: &mut Environments, name: &Environment) {
        let mut may_use = self.environments(slot);
        may_use.push(environments.slot_of(name));
        self.set_environments(slot, may_use);
    }

    fn withdraw(&mut self, slot: ClientSlot, environments: &mut Environments, name: &Environment) {
        let withdrawn = environments.slot_of(name);
        let mut may_use = self.environments(slot);
        may_use.retain(|environment| *environment != withdrawn);
        self.set_environments(slot, may_use);
    }

    fn environments(&self, slot: ClientSlot) -> Vec<EnvironmentSlot> {
        self.get(slot).map(|entry| entry.environments.to_vec()).unwrap_or_default()
    }

    fn set_environments(&mut self, slot: ClientSlot, mut may_use: Vec<EnvironmentSlot>) {
        may_use.sort_unstable();
        may_use.dedup();
        if let Some(entry) = self.entries.get_mut(slot.0) {
            entry.environments = self.environment_sets.keep(may_use);
        }
    }
}
