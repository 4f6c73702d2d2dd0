//! Usage as the gateway counts it: batches of counted decisions, each batch counted once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ClientId, Environment, KeyId, RouteId, Timestamp, decision::Outcome};

/// What one gateway node counted since its last flush. `(node, boot, sequence)` names it, so that a batch
/// delivered twice counts once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageBatch {
    /// The gateway instance, stable over restarts.
    pub node: String,
    /// One run of it.
    pub boot: String,
    /// Counts within the run, from 1.
    pub sequence: u64,
    pub flushed_at: Timestamp,
    pub facts: Vec<UsageFact>,
}

/// Decisions that agree in everything but their number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageFact {
    /// The start of the minute they fell into, in Unix seconds: a multiple of 60.
    pub minute: i64,
    /// None when the secret was not genuine: an unproven name is not written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<KeyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_version: Option<u32>,
    /// None when no route matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_id: Option<RouteId>,
    pub environment: Environment,
    pub outcome: Outcome,
    pub calls: u64,
    /// The latest of them.
    pub last_at: Timestamp,
}
