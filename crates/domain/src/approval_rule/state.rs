//! A rule as its events have made it.

use serde::{Deserialize, Serialize};

use super::{ApprovalRuleEvent, Made};
use crate::{
    Environment,
    access::{Permission, ResourceFacts},
};

/// A rule's state. Ended is final.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalRule {
    #[default]
    Absent,
    InForce(Guard),
    Ended(Guard),
}

/// What a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    pub permission: Permission,
    pub environment: Option<Environment>,
}

impl Guard {
    /// Whether it is about this. What names no environment lies in every one: routes, policies, principals.
    #[must_use]
    pub fn guards(&self, permission: Permission, facts: &ResourceFacts) -> bool {
        let Some(environment) = &self.environment else { return self.permission == permission };
        let there = match facts {
            ResourceFacts::Shared => true,
            ResourceFacts::Owned { environments, .. } => {
                environments.is_empty() || environments.contains(environment)
            }
        };
        self.permission == permission && there
    }
}

impl ApprovalRule {
    pub(super) fn fold(&mut self, event: &ApprovalRuleEvent) {
        *self = match (event, std::mem::take(self)) {
            (ApprovalRuleEvent::Made(Made { permission, environment, reason: _ }), _) => {
                Self::InForce(Guard { permission: *permission, environment: environment.clone() })
            }
            (ApprovalRuleEvent::Ended(_), Self::InForce(guard) | Self::Ended(guard)) => Self::Ended(guard),
            (ApprovalRuleEvent::Ended(_), Self::Absent) => Self::Absent,
        };
    }
}
