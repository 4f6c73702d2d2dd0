//! What happened to a rule.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Environment, Reason, access::Permission, aggregate::event_types};

/// A fact about a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ApprovalRuleEvent {
    Made(Made),
    Ended(Ended),
}

event_types!(ApprovalRuleEvent {
    Made = "approval_rule.made",
    Ended = "approval_rule.ended",
});

/// What the permission allows needs a second person from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Made {
    pub permission: Permission,
    /// None: everywhere.
    pub environment: Option<Environment>,
    pub reason: Reason,
}

/// By this rule it does no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ended {
    pub reason: Reason,
}
