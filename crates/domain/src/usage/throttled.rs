//! Which limits refused whom.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ClientId, Environment, KeyId, LimitName, PolicyId, RouteId, Timestamp, decision::LimitKind};

/// Calls that one limit refused within one minute. A call that two limits refuse is in the facts of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThrottleFact {
    /// The start of the minute they fell into, in Unix seconds: a multiple of 60.
    pub minute: i64,
    /// Like the next two: none where there were too many to tell apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<KeyId>,
    /// None when no route matched, and likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_id: Option<RouteId>,
    pub environment: Environment,
    pub policy_id: PolicyId,
    pub policy_revision: u32,
    pub limit: LimitName,
    pub kind: LimitKind,
    pub calls: u64,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}
