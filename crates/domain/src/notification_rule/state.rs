//! A notification rule as its events have made it.

use serde::{Deserialize, Serialize};

use super::{NotificationRuleEvent, RuleSpec};

/// A rule's state. Ended is final.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationRule {
    #[default]
    Absent,
    InForce(Box<RuleSpec>),
    Ended(Box<RuleSpec>),
}

impl NotificationRule {
    /// None before it was made. One that has ended still says what it was.
    #[must_use]
    pub fn spec(&self) -> Option<&RuleSpec> {
        match self {
            Self::Absent => None,
            Self::InForce(spec) | Self::Ended(spec) => Some(spec),
        }
    }

    pub(super) fn fold(&mut self, event: &NotificationRuleEvent) {
        *self = match (event, std::mem::take(self)) {
            (NotificationRuleEvent::Made(made), _) => Self::InForce(Box::new(made.spec.clone())),
            (NotificationRuleEvent::Revised(revised), Self::InForce(_)) => {
                Self::InForce(Box::new(revised.spec.clone()))
            }
            (NotificationRuleEvent::Ended(_), Self::InForce(spec)) => Self::Ended(spec),
            (NotificationRuleEvent::Revised(_) | NotificationRuleEvent::Ended(_), as_it_was) => as_it_was,
        };
    }
}
