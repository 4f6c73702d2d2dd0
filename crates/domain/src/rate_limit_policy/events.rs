//! What happened to a policy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PolicySpec;
use crate::{
    AssignmentId, ClientId, Environment, KeyId, LimitName, Reason, RouteId, Timestamp, aggregate::event_types,
};

/// A fact about a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RateLimitPolicyEvent {
    Defined(Defined),
    Revised(Revised),
    Assigned(Assigned),
    Unassigned(Unassigned),
    Retired(Retired),
    LimitReset(LimitReset),
}

event_types!(RateLimitPolicyEvent {
    Defined = "rate_limit_policy.defined",
    Revised = "rate_limit_policy.revised",
    Assigned = "rate_limit_policy.assigned",
    Unassigned = "rate_limit_policy.unassigned",
    Retired = "rate_limit_policy.retired",
    LimitReset = "rate_limit_policy.limit_reset",
});

/// A policy exists; it binds nobody yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Defined {
    pub spec: PolicySpec,
}

/// The whole new specification. Counters of limits that keep their name go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revised {
    /// Counts from 1, the definition.
    pub revision: u32,
    pub spec: PolicySpec,
}

/// Whom a policy binds: all of what is given must fit the call; nothing given is the default for everyone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assignment {
    pub assignment_id: AssignmentId,
    pub client_id: Option<ClientId>,
    pub route_id: Option<RouteId>,
    pub environment: Option<Environment>,
    /// Binds from then on.
    pub from: Option<Timestamp>,
    /// Binds before then.
    pub until: Option<Timestamp>,
}

/// The policy binds these calls, beside those it bound before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assigned {
    #[serde(flatten)]
    pub assignment: Assignment,
}

/// That binding is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unassigned {
    pub assignment_id: AssignmentId,
    pub reason: Option<Reason>,
}

/// For good: the policy is kept for reports and can bind nobody again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Retired {
    pub reason: Option<Reason>,
}

/// What has been used of one limit is given back: its counters begin anew where this event stands in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LimitReset {
    pub limit: LimitName,
    /// Whose calls; none of a limit that all share.
    pub client_id: Option<ClientId>,
    /// The one key, of a limit that counts each by itself.
    pub key_id: Option<KeyId>,
    /// None: in every environment.
    pub environment: Option<Environment>,
    pub reason: Reason,
}
