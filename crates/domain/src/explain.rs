//! The words in which decisions, and the limits they rest on, are explained: shared by the gateway that knows and the API
//! that shows it.

mod limits;
mod steps;

pub use limits::{
    Candidate, CounterStanding, EffectivePolicies, Fate, InForce, LimitUse, NodeShare, NodeStanding,
    Specificity,
};
pub use steps::{
    CallerStanding, Check, CheckOutcome, Checked, Claim, Explanation, KeyState, Question, RouteCandidate,
    RouteFate, ScopesHeld,
};
