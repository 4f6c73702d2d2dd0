//! Usage as the gateway counts it: batches of counted decisions, each batch counted once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ClientId, Environment, KeyId, LimitName, PolicyId, RouteId, Timestamp, decision::Outcome};

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
    /// What policies in shadow would have done to the allowed ones among these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shadow: Vec<ShadowFact>,
    /// Who presented genuine secrets; left out where there is nothing to say. A reader that does not know the field must
    /// not take the batch: what it left out would be lost without a word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sightings: Vec<Sighting>,
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

/// Allowed calls that one policy in shadow was asked about, and how many of them it would have refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShadowFact {
    /// The start of the minute they fell into, in Unix seconds: a multiple of 60.
    pub minute: i64,
    /// None where there were too many to tell apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// None when no route matched, and likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_id: Option<RouteId>,
    pub environment: Environment,
    pub policy_id: PolicyId,
    pub policy_revision: u32,
    /// None: all limits of the policy together. A call that two of them refuse is one refused call here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitName>,
    pub calls: u64,
    pub refused: u64,
}

/// From where, and by which programs, the genuine secret of one version was presented since the last flush, whatever became
/// of the calls. Personal data: kept for a time, and in no event. Source: ADR 0023.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sighting {
    pub key_id: KeyId,
    pub secret_version: u32,
    /// What both lists have in common: the calls of either are at most these, and what is missing came from others that
    /// were too many to be named.
    pub calls: u64,
    pub addresses: Vec<Seen>,
    pub user_agents: Vec<Seen>,
}

/// Calls that agree in their address, or in their user agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Empty where the door was told none.
    pub value: String,
    pub calls: u64,
    /// The latest of them.
    pub last_at: Timestamp,
}

impl UsageFact {
    /// The secret that was presented, where it was genuine.
    #[must_use]
    pub fn secret(&self) -> Option<(KeyId, u32)> {
        self.key_id.zip(self.secret_version)
    }
}
