//! One call, step by step.

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Candidate;
use crate::{
    ClientId, Environment, KeyId, Position, RouteId, Scope, Timestamp,
    api_client::ClientStanding,
    decision::{LimitStatus, Outcome, RefusalReason},
};

/// A call that is to be explained. It carries no secret: whose it would be is found out before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub claim: Claim,
    pub method: String,
    pub host: Option<String>,
    pub path: String,
    pub environment: Environment,
    pub address: Option<IpAddr>,
    pub cost: Option<u32>,
    /// The moment that it is judged at.
    pub at: Timestamp,
}

/// Who calls, as far as that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// Nobody that could be found: nothing was presented, or nothing genuine.
    Refused(RefusalReason),
    /// The holder of a genuine secret.
    Proven { key_id: KeyId, secret_version: u32 },
    /// The holder of the key's current secret.
    Key(KeyId),
    /// The holder of a key of this client that has no bounds of its own.
    Client(ClientId),
}

/// What a gateway would answer to a call, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// Whose configuration and counters these are.
    pub node: String,
    /// How much of the log it rests on.
    pub position: Position,
    /// Whether the counters are those of a gateway that judges calls; if none answered, limits stand as if nothing were used.
    pub counted: bool,
    pub stale: bool,
    pub at: Timestamp,
    pub environment: Environment,
    pub outcome: Outcome,
    /// None when the call would be allowed.
    pub reason: Option<RefusalReason>,
    /// In the order they are made; the first that fails decides.
    pub checks: Vec<Checked>,
    /// None when nobody was found.
    pub caller: Option<CallerStanding>,
    /// None before a caller and a route were found.
    pub scopes: Option<ScopesHeld>,
    pub route_id: Option<RouteId>,
    /// Every route whose template fits the path, the one that takes the call first.
    pub routes: Vec<RouteCandidate>,
    /// What the call takes from each limit.
    pub cost: Option<u64>,
    /// Every assignment that was weighed for the call, and some that bind others, by kind of limit.
    pub candidates: Vec<Candidate>,
    /// How many of the latter are not listed.
    pub candidates_left_out: u64,
    /// Where each limit would stand after the call.
    pub limits: Vec<LimitStatus>,
    /// Only of a call that a limit would refuse.
    pub retry_after_seconds: Option<u64>,
}

/// One question that the gateway asks about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Is the secret well-formed, known and genuine?
    Secret,
    /// Does this version of it live at this moment?
    Lifetime,
    /// Are key and client active?
    Standing,
    /// Is the configuration as fresh as it must be?
    Configuration,
    /// Is it the key's environment, and one that its client may use?
    Environment,
    /// Does the call come from an allowed address?
    Address,
    /// Which route takes the call?
    Route,
    /// Does the caller hold what the route requires?
    Scopes,
    /// Do all limits grant the cost?
    Limits,
}

impl Check {
    /// In the order they are made.
    pub const ALL: [Self; 9] = [
        Self::Secret,
        Self::Lifetime,
        Self::Standing,
        Self::Configuration,
        Self::Environment,
        Self::Address,
        Self::Route,
        Self::Scopes,
        Self::Limits,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Lifetime => "lifetime",
            Self::Standing => "standing",
            Self::Configuration => "configuration",
            Self::Environment => "environment",
            Self::Address => "address",
            Self::Route => "route",
            Self::Scopes => "scopes",
            Self::Limits => "limits",
        }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    Passed,
    Failed,
    /// Not made: nothing was presented that it could be made of.
    Assumed,
    /// An earlier one has failed.
    NotReached,
}

impl CheckOutcome {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Assumed => "assumed",
            Self::NotReached => "not_reached",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Checked {
    pub check: Check,
    pub outcome: CheckOutcome,
    /// Of the one that failed.
    pub reason: Option<RefusalReason>,
}

/// How client and key stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallerStanding {
    pub client_id: Option<ClientId>,
    pub client: ClientStanding,
    /// Where the client may call.
    pub environments: Vec<Environment>,
    /// None where only a client was named.
    pub key: Option<KeyState>,
}

/// How a key stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyState {
    pub key_id: KeyId,
    pub secret_version: u32,
    /// `active`, `suspended`, `revoked` or `expired`.
    pub standing: String,
    pub environment: Option<Environment>,
    pub not_before: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    /// A revocation that is on record for later.
    pub revoke_at: Option<Timestamp>,
    /// Of a version that was rotated away: when it stops.
    pub retired_at: Option<Timestamp>,
    /// Empty: from anywhere.
    #[schemars(with = "Vec<String>")]
    pub allowed_cidrs: Vec<IpNet>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScopesHeld {
    /// By the route.
    pub required: Vec<Scope>,
    pub held: Vec<Scope>,
    pub missing: Vec<Scope>,
}

/// A route whose template fits the path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RouteCandidate {
    pub route_id: RouteId,
    pub fate: RouteFate,
}

/// Why a route takes a call, or leaves it to another: the nearer it came, the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteFate {
    Won,
    /// Of two for the same calls, the one defined first takes them.
    DefinedLater,
    /// A literal segment goes before a place, and that before a rest.
    LessSpecificTemplate,
    /// A route of the very host goes before one of any host.
    LessSpecificHost,
    OtherMethod,
    OtherHost,
}

impl RouteFate {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::OtherMethod => "other_method",
            Self::OtherHost => "other_host",
            Self::LessSpecificHost => "less_specific_host",
            Self::LessSpecificTemplate => "less_specific_template",
            Self::DefinedLater => "defined_later",
        }
    }
}
