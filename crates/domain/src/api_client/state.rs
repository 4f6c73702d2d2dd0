//! A client as its events have made it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiClientEvent, Contact, Owner, Registered};
use crate::{Environment, LabelKey, LabelValue, Name, Scope};

/// A client's state. Archived is final.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiClient {
    #[default]
    Absent,
    Active(Profile),
    Suspended(Profile),
    Archived(Profile),
}

/// What a client has in every state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub name: Name,
    pub owner: Owner,
    pub contacts: Vec<Contact>,
    pub environments: BTreeSet<Environment>,
    pub scopes: BTreeSet<Scope>,
    pub labels: BTreeMap<LabelKey, LabelValue>,
}

/// Whether a client may hold and use keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientStanding {
    Absent,
    Active,
    Suspended,
    Archived,
}

impl std::fmt::Display for ClientStanding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Absent => "absent",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Archived => "archived",
        })
    }
}

/// What a command about a key needs to know of its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFacts {
    pub standing: ClientStanding,
    pub environments: BTreeSet<Environment>,
    pub scopes: BTreeSet<Scope>,
}

impl ApiClient {
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        match self {
            Self::Absent => None,
            Self::Active(profile) | Self::Suspended(profile) | Self::Archived(profile) => Some(profile),
        }
    }

    #[must_use]
    pub fn standing(&self) -> ClientStanding {
        match self {
            Self::Absent => ClientStanding::Absent,
            Self::Active(_) => ClientStanding::Active,
            Self::Suspended(_) => ClientStanding::Suspended,
            Self::Archived(_) => ClientStanding::Archived,
        }
    }

    /// What the rules of keys ask about.
    #[must_use]
    pub fn facts(&self) -> ClientFacts {
        let profile = self.profile();
        ClientFacts {
            standing: self.standing(),
            environments: profile.map(|p| p.environments.clone()).unwrap_or_default(),
            scopes: profile.map(|p| p.scopes.clone()).unwrap_or_default(),
        }
    }

    fn profile_mut(&mut self) -> Option<&mut Profile> {
        match self {
            Self::Absent => None,
            Self::Active(profile) | Self::Suspended(profile) | Self::Archived(profile) => Some(profile),
        }
    }

    fn stand(&mut self, standing: fn(Profile) -> Self) {
        let profile = match std::mem::take(self) {
            Self::Absent => return,
            Self::Active(profile) | Self::Suspended(profile) | Self::Archived(profile) => profile,
        };
        *self = standing(profile);
    }

    pub(super) fn fold(&mut self, event: &ApiClientEvent) {
        use ApiClientEvent as E;
        match event {
            E::Registered(Registered { name, kind: _, owner, contacts, environments, scopes, labels }) => {
                *self = Self::Active(Profile {
                    name: name.clone(),
                    owner: owner.clone(),
                    contacts: contacts.clone(),
                    environments: environments.clone(),
                    scopes: scopes.clone(),
                    labels: labels.clone(),
                });
            }
            E::Suspended(_) => self.stand(Self::Suspended),
            E::Reinstated(_) => self.stand(Self::Active),
            E::Archived(_) => self.stand(Self::Archived),
            E::Renamed(_)
            | E::OwnerChanged(_)
            | E::ContactsChanged(_)
            | E::LabelsChanged(_)
            | E::ScopeGranted(_)
            | E::ScopeRevoked(_)
            | E::EnvironmentAllowed(_)
            | E::EnvironmentWithdrawn(_) => {
                if let Some(profile) = self.profile_mut() {
                    profile.fold(event);
                }
            }
        }
    }
}

impl Profile {
    fn fold(&mut self, event: &ApiClientEvent) {
        use ApiClientEvent as E;
        match event {
            E::Renamed(renamed) => self.name = renamed.name.clone(),
            E::OwnerChanged(changed) => self.owner = changed.owner.clone(),
            E::ContactsChanged(changed) => self.contacts.clone_from(&changed.contacts),
            E::LabelsChanged(changed) => self.labels.clone_from(&changed.labels),
            E::ScopeGranted(granted) => drop(self.scopes.insert(granted.scope.clone())),
            E::ScopeRevoked(revoked) => drop(self.scopes.remove(&revoked.scope)),
            E::EnvironmentAllowed(allowed) => drop(self.environments.insert(allowed.environment.clone())),
            E::EnvironmentWithdrawn(withdrawn) => drop(self.environments.remove(&withdrawn.environment)),
            E::Registered(_) | E::Suspended(_) | E::Reinstated(_) | E::Archived(_) => {}
        }
    }
}
