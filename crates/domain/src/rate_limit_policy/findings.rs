//! Contradictions in what is said: a policy whose limits defeat each other, an assignment that can never win.
//!
//! They are told and not refused: each can be meant for a moment, on the way to something else.

mod assignments;
mod limits;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use self::assignments::{Bound, Surroundings, of_assignments};
pub use self::limits::{costs, of_spec};
use crate::{AssignmentId, Environment, LimitName, PolicyId, RouteId, Timestamp};

/// One contradiction. Its `Display` is written for the person who asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Finding {
    #[error(
        "quota `{quota}` grants {requests}, less than the {burst} that rate limit `{rate}` lets come at once"
    )]
    QuotaBelowBurst { quota: LimitName, requests: u64, rate: LimitName, burst: u64 },
    #[error(
        "limit `{limit}` can never refuse: limit `{by}` grants at most {at_most} in its longest window, and it grants {requests}"
    )]
    LimitNeverReached { limit: LimitName, requests: u64, by: LimitName, at_most: u64 },
    #[error("the policy has thresholds and no quota: nothing ever reaches them")]
    ThresholdsWithoutQuota,
    #[error(
        "route {route_id} costs {cost}, more than the {holds} that limit `{limit}` ever holds: no call of it passes"
    )]
    CostNeverFits { route_id: RouteId, cost: u32, limit: LimitName, holds: u64 },
    #[error(
        "a call of route {route_id} may cost {cost} by its header, more than the {holds} that limit `{limit}` ever holds"
    )]
    HeaderCostNeverFits { route_id: RouteId, cost: u32, limit: LimitName, holds: u64 },
    #[error("assignment {assignment_id} ended at {until}; it binds no call any more")]
    AssignmentOver { assignment_id: AssignmentId, until: Timestamp },
    #[error(
        "assignment {assignment_id} never wins: assignment {by} of policy {policy_id} binds the same calls, was made later and is there for all of its time"
    )]
    AssignmentNeverWins { assignment_id: AssignmentId, by: AssignmentId, policy_id: PolicyId },
    #[error(
        "assignment {assignment_id} never wins: in each of its client's environments another assignment is more specific"
    )]
    AssignmentCovered { assignment_id: AssignmentId },
    #[error(
        "assignment {assignment_id} gives way for a time to assignment {by} of policy {policy_id}, which binds the same calls and was made later"
    )]
    AssignmentGivesWay { assignment_id: AssignmentId, by: AssignmentId, policy_id: PolicyId },
    #[error(
        "assignment {assignment_id} takes precedence over assignment {over} of policy {policy_id}, which binds the same calls and was made before"
    )]
    AssignmentOverrides { assignment_id: AssignmentId, over: AssignmentId, policy_id: PolicyId },
    #[error("assignment {assignment_id} binds no call: its client is archived")]
    ClientArchived { assignment_id: AssignmentId },
    #[error("assignment {assignment_id} binds no call: its route is retired")]
    RouteRetired { assignment_id: AssignmentId },
    #[error("assignment {assignment_id} binds no call: its client may not call in `{environment}`")]
    EnvironmentNotHeld { assignment_id: AssignmentId, environment: Environment },
}

impl Finding {
    /// What programs match on. Never changed once released.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::QuotaBelowBurst { .. } => "quota_below_burst",
            Self::LimitNeverReached { .. } => "limit_never_reached",
            Self::ThresholdsWithoutQuota => "thresholds_without_quota",
            Self::CostNeverFits { .. } => "cost_never_fits",
            Self::HeaderCostNeverFits { .. } => "header_cost_never_fits",
            Self::AssignmentOver { .. } => "assignment_over",
            Self::AssignmentNeverWins { .. } => "assignment_never_wins",
            Self::AssignmentCovered { .. } => "assignment_covered",
            Self::AssignmentGivesWay { .. } => "assignment_gives_way",
            Self::AssignmentOverrides { .. } => "assignment_overrides",
            Self::ClientArchived { .. } => "client_archived",
            Self::RouteRetired { .. } => "route_retired",
            Self::EnvironmentNotHeld { .. } => "environment_not_held",
        }
    }

    /// The limit or the assignment that it is about, by name; none when it is about the policy.
    #[must_use]
    pub fn subject(&self) -> Option<Subject<'_>> {
        match self {
            Self::QuotaBelowBurst { quota: limit, .. }
            | Self::LimitNeverReached { limit, .. }
            | Self::CostNeverFits { limit, .. }
            | Self::HeaderCostNeverFits { limit, .. } => Some(Subject::Limit(limit)),
            Self::ThresholdsWithoutQuota => None,
            Self::AssignmentOver { assignment_id, .. }
            | Self::AssignmentNeverWins { assignment_id, .. }
            | Self::AssignmentCovered { assignment_id }
            | Self::AssignmentGivesWay { assignment_id, .. }
            | Self::AssignmentOverrides { assignment_id, .. }
            | Self::ClientArchived { assignment_id }
            | Self::RouteRetired { assignment_id }
            | Self::EnvironmentNotHeld { assignment_id, .. } => Some(Subject::Assignment(*assignment_id)),
        }
    }
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    Limit(&'a LimitName),
    Assignment(AssignmentId),
}
