//! Which assignments apply, and what is used of their limits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    AssignmentId, ClientId, Environment, KeyId, LimitName, PolicyId, Position, RouteId, Timestamp,
    decision::LimitKind,
    rate_limit_policy::{Counting, Mode},
};

/// An assignment that might apply to a call, for one kind of limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    pub kind: LimitKind,
    pub assignment_id: AssignmentId,
    pub policy_id: PolicyId,
    /// 0 of a policy that was never defined.
    pub policy_revision: u32,
    pub mode: Mode,
    pub specificity: Specificity,
    pub client_id: Option<ClientId>,
    pub route_id: Option<RouteId>,
    pub environment: Option<Environment>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Where the log says so.
    pub assigned_at: Position,
    pub fate: Fate,
    /// The assignment that goes before this one.
    pub than: Option<AssignmentId>,
}

/// Whom an assignment names, from the most to the least specific. Within each, one that names the environment goes before
/// one that does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Specificity {
    ClientAndRoute,
    Client,
    Route,
    /// Everyone.
    Default,
}

impl Specificity {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientAndRoute => "client_and_route",
            Self::Client => "client",
            Self::Route => "route",
            Self::Default => "default",
        }
    }
}

/// What becomes of a candidate. A shadow policy competes with other shadow policies only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    Won,
    /// Another names more of the call.
    LessSpecific,
    /// Another for the same calls was made later.
    MadeEarlier,
    NotOpenYet,
    Over,
    PolicyRetired,
    OtherClient,
    OtherRoute,
    OtherEnvironment,
}

impl Fate {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::LessSpecific => "less_specific",
            Self::MadeEarlier => "made_earlier",
            Self::NotOpenYet => "not_open_yet",
            Self::Over => "over",
            Self::PolicyRetired => "policy_retired",
            Self::OtherClient => "other_client",
            Self::OtherRoute => "other_route",
            Self::OtherEnvironment => "other_environment",
        }
    }
}

/// Which policies apply to calls, and what does when the first of them ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EffectivePolicies {
    pub position: Position,
    pub at: Timestamp,
    pub candidates: Vec<Candidate>,
    pub candidates_left_out: u64,
    pub in_force: Vec<InForce>,
}

/// A policy that applies with its limits of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InForce {
    pub winner: Candidate,
    pub counting: Counting,
    /// The first moment at which another applies, or none: because this one ends or a more specific one begins.
    pub changes_at: Option<Timestamp>,
    /// What applies from then on.
    pub then: Option<Candidate>,
}

/// What is used of one limit at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LimitUse {
    pub name: LimitName,
    pub kind: LimitKind,
    pub policy_id: PolicyId,
    pub policy_revision: u32,
    pub assignment_id: AssignmentId,
    pub assigned_at: Position,
    pub mode: Mode,
    pub counting: Counting,
    pub environment: Environment,
    /// Of a limit that is counted by key.
    pub key_id: Option<KeyId>,
    /// Of a limit that is counted for the route by itself.
    pub route_id: Option<RouteId>,
    /// Of a rate: what the bucket holds.
    pub limit: u64,
    pub used: u64,
    pub remaining: u64,
    /// None of a rate, which has no window.
    pub window: Option<(Timestamp, Timestamp)>,
    pub resets_at: Timestamp,
    /// The last reset that it counts from.
    pub reset_at: Option<Position>,
    pub shares: Vec<NodeShare>,
    /// Whether one number is kept for all nodes; else each keeps its share.
    pub shared: bool,
}

/// Where the counters stand that one node was asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NodeStanding {
    pub node: String,
    pub position: Position,
    /// How many nodes it shares rates with, itself among them.
    pub live_nodes: u32,
    pub counters: Vec<CounterStanding>,
}

/// Where one counter of one node stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CounterStanding {
    /// `<policy>/<limit>/<environment>/<client, key or all>/<route or any>`.
    pub counter: String,
    /// Where the log last had it begin anew.
    pub epoch: Position,
    /// Taken here and not flowed back or past.
    pub used: u64,
    /// Of a shared quota: reserved here and not used.
    pub held: u64,
    /// Of a shared quota: used here before it was reserved.
    pub borrowed: u64,
    /// Until all of it is there again.
    pub reset_seconds: u64,
}

/// What one node has of a limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NodeShare {
    pub node: String,
    /// Used here.
    pub used: u64,
    /// Of a shared quota: reserved here and not used.
    pub held: u64,
}
