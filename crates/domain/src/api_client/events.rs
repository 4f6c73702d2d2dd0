//! What happened to a client.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Environment, LabelKey, LabelValue, Name, Reason, Scope, aggregate::event_types, personal::Personal,
};

/// A fact about a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ApiClientEvent {
    Registered(Registered),
    Renamed(Renamed),
    OwnerChanged(OwnerChanged),
    ContactsChanged(ContactsChanged),
    LabelsChanged(LabelsChanged),
    ScopeGranted(ScopeGranted),
    ScopeRevoked(ScopeRevoked),
    EnvironmentAllowed(EnvironmentAllowed),
    EnvironmentWithdrawn(EnvironmentWithdrawn),
    Suspended(Suspended),
    Reinstated(Reinstated),
    Archived(Archived),
}

event_types!(ApiClientEvent {
    Registered = "api_client.registered",
    Renamed = "api_client.renamed",
    OwnerChanged = "api_client.owner_changed",
    ContactsChanged = "api_client.contacts_changed",
    LabelsChanged = "api_client.labels_changed",
    ScopeGranted = "api_client.scope_granted",
    ScopeRevoked = "api_client.scope_revoked",
    EnvironmentAllowed = "api_client.environment_allowed",
    EnvironmentWithdrawn = "api_client.environment_withdrawn",
    Suspended = "api_client.suspended",
    Reinstated = "api_client.reinstated",
    Archived = "api_client.archived",
});

/// Whether the client belongs to somebody else or to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    Partner,
    Internal,
}

/// Who answers for the client on our side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Owner {
    pub team: Name,
    pub email: Personal,
}

/// A person on the client's side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    pub name: Personal,
    pub email: Personal,
    pub role: ContactRole,
}

/// What a contact is to be told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactRole {
    Technical,
    Billing,
    Security,
}

/// A client exists and is active.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Registered {
    pub name: Name,
    pub kind: ClientKind,
    pub owner: Owner,
    pub contacts: Vec<Contact>,
    pub environments: BTreeSet<Environment>,
    pub scopes: BTreeSet<Scope>,
    pub labels: BTreeMap<LabelKey, LabelValue>,
}

/// It has another name; its identifier stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Renamed {
    pub name: Name,
}

/// Somebody else answers for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnerChanged {
    pub owner: Owner,
}

/// The whole new list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactsChanged {
    pub contacts: Vec<Contact>,
}

/// The whole new set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LabelsChanged {
    pub labels: BTreeMap<LabelKey, LabelValue>,
}

/// It may do more. Keys without scopes of their own may do it at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScopeGranted {
    pub scope: Scope,
}

/// Keys that carry the scope lose it at once: the gateway judges by the client's scopes too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScopeRevoked {
    pub scope: Scope,
}

/// It may hold keys there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentAllowed {
    pub environment: Environment,
}

/// Keys of that environment stop working at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentWithdrawn {
    pub environment: Environment,
}

/// Calls of all its keys are refused until it is reinstated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suspended {
    pub reason: Reason,
}

/// The suspension is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reinstated {
    pub reason: Reason,
}

/// For good: an archived client is kept for reports and never calls again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Archived {
    pub reason: Reason,
}
