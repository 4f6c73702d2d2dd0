//! What happened to a grant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    PrincipalId, Reason, Timestamp,
    access::{GrantScope, Role},
    aggregate::event_types,
};

/// A fact about a grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum GrantEvent {
    Given(Given),
    Withdrawn(Withdrawn),
}

event_types!(GrantEvent {
    Given = "grant.given",
    Withdrawn = "grant.withdrawn",
});

/// A principal holds a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Given {
    pub principal_id: PrincipalId,
    pub role: Role,
    pub scope: GrantScope,
    /// From then on it allows nothing.
    pub until: Option<Timestamp>,
    pub reason: Reason,
}

/// The principal holds it no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Withdrawn {
    pub reason: Reason,
}
