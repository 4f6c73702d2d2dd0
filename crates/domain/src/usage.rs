//! Usage as the gateway counts it: batches of counted decisions, each batch counted once.

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ClientId, Environment, KeyId, LimitName, PolicyId, Position, RouteId, Timestamp,
    decision::{LimitStatus, Outcome, RefusalReason},
    ids::DecisionId,
    rate_limit_policy::Counting,
};

mod addresses;
mod durations;
mod responses;
mod throttled;

pub use addresses::{AddressFact, AddressSketch};
pub use durations::{BUCKETS, Durations};
pub use responses::{ResponseFact, StatusClass};
pub use throttled::ThrottleFact;

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
    /// Which limits refused those of them that were refused by limits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub throttled: Vec<ThrottleFact>,
    /// What became of calls afterwards, as the proxy's access log tells. These are not the calls of `facts`: an answer
    /// may be told by another gateway than the one that decided, and later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub responses: Vec<ResponseFact>,
    /// What policies in shadow would have done to the allowed ones among these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shadow: Vec<ShadowFact>,
    /// How much of its quotas was used on this node, of those where that has changed enough to be told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quota_levels: Vec<QuotaLevel>,
    /// Who presented genuine secrets; left out where there is nothing to say. A reader that does not know the field must
    /// not take the batch: what it left out would be lost without a word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sightings: Vec<Sighting>,
    /// From how many addresses genuine secrets were presented; left out likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<AddressFact>,
    /// Decisions that are kept one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<DecisionRecord>,
    /// Of those that should have been kept, how many were not, because there were too many at once.
    #[serde(default, skip_serializing_if = "DecisionsLeftOut::is_none")]
    pub left_out: DecisionsLeftOut,
}

/// How many decisions were not kept since the flush before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionsLeftOut {
    /// About holders of a genuine secret.
    pub proven: u64,
    /// About those who had none.
    pub unproven: u64,
}

impl DecisionsLeftOut {
    #[must_use]
    pub fn is_none(&self) -> bool {
        let Self { proven, unproven } = *self;
        proven == 0 && unproven == 0
    }
}

/// One decision as it was taken: never the secret, the path or the whole address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionRecord {
    pub id: DecisionId,
    pub at: Timestamp,
    pub environment: Environment,
    pub outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<RefusalReason>,
    /// Like the next two: only of a genuine secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<KeyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_version: Option<u32>,
    /// None when the call did not come as far as its route, or none matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_id: Option<RouteId>,
    /// At most 16 characters.
    pub method: String,
    /// The network that the call came from: 24 bits of an IPv4 address, 48 of an IPv6 one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub network: Option<IpNet>,
    /// Every limit that was looked at, as the decision left it.
    pub limits: Vec<LimitStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
    /// How much of the log it rests on.
    pub position: Position,
    pub stale: bool,
}

/// Decisions that agree in everything but their number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageFact {
    /// The start of the minute they fell into, in Unix seconds: a multiple of 60.
    pub minute: i64,
    /// None when the secret was not genuine: an unproven name is not written down, unless a proxy that is believed named it.
    /// Then there is no key.
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
    /// In which seconds of the minute they fell: seconds since its start, rising, each once, with its calls. Their sum is
    /// below `calls` where there were too many facts to tell them apart so finely, and for callers without a genuine secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seconds: Vec<(u8, u64)>,
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

/// How much of a quota one node has used in one window, as one counter of it stands. The sum over the nodes is the
/// use of the quota. It is told when it has changed by a thousandth of the limit, when the limit is reached, and to the unit
/// when the counter has rested for a minute or two; what a window's end cuts short stays untold, and is less than a
/// thousandth. The use of a rolling quota falls again; of it, the most that was used at once in each day by UTC is told, or where
/// the quota's window is longer, in each so long time since 1970.
///
/// Cumulative: within a window of an epoch a later one replaces an earlier one. A node that was killed may have forgotten
/// a little and say less than before; the most that it said holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuotaLevel {
    pub policy_id: PolicyId,
    pub policy_revision: u32,
    pub limit: LimitName,
    pub environment: Environment,
    /// Whose calls are counted together.
    pub counting: Counting,
    /// The client that is counted, or whose key is; none where all that the policy binds are counted together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// Where each key is counted by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<KeyId>,
    /// Where the assignment names a route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_id: Option<RouteId>,
    pub window_start: Timestamp,
    /// The first moment after it.
    pub window_end: Timestamp,
    /// Where the log last had the counter begin anew: 0 where the limit was never reset.
    #[serde(default, skip_serializing_if = "is_start")]
    pub epoch: Position,
    /// On this node, in this window, since it last began anew.
    pub used: u64,
    /// What the limit allows to all nodes together.
    pub allowed: u64,
}

fn is_start(position: &Position) -> bool {
    *position == Position::START
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
