//! A planned change as its events have made it.

use serde::{Deserialize, Serialize};

use super::{Applied, Phase, Planned, PlannedChange, ScheduledChangeEvent};
use crate::{Reason, Timestamp};

/// Where a planned change stands. Ended, cancelled and failed are final, and so is applied without an end ahead.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduledChange {
    #[default]
    Absent,
    Pending(Plan),
    /// Its command is given, or about to be.
    Applying(Plan),
    Applied(Plan, Effect),
    /// The command that undoes it is given, or about to be.
    Ending(Plan, Effect),
    Ended(Plan),
    Cancelled(Plan),
    Failed(Plan),
}

/// What was planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub change: PlannedChange,
    pub at: Timestamp,
    pub until: Option<Timestamp>,
    pub reason: Reason,
}

/// What it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// The subject's version with it.
    pub version: u64,
    pub changed: bool,
}

impl ScheduledChange {
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        match self {
            Self::Absent => None,
            Self::Pending(plan)
            | Self::Applying(plan)
            | Self::Applied(plan, _)
            | Self::Ending(plan, _)
            | Self::Ended(plan)
            | Self::Cancelled(plan)
            | Self::Failed(plan) => Some(plan),
        }
    }

    pub(super) fn fold(&mut self, event: &ScheduledChangeEvent) {
        use ScheduledChangeEvent as E;
        *self = match (std::mem::take(self), event) {
            (Self::Absent, E::Planned(Planned { change, at, until, reason })) => {
                Self::Pending(Plan { change: change.clone(), at: *at, until: *until, reason: reason.clone() })
            }
            (Self::Applied(plan, effect), E::Begun(begun)) if begun.phase == Phase::End => {
                Self::Ending(plan, effect)
            }
            (state, E::Begun(_)) => state.become_of(Self::Applying),
            (state, E::Applied(Applied { applied_at: _, version, changed })) => {
                let effect = Effect { version: *version, changed: *changed };
                state.become_of(|plan| Self::Applied(plan, effect))
            }
            (state, E::Ended(_)) => state.become_of(Self::Ended),
            (state, E::Failed(_)) => state.become_of(Self::Failed),
            (state, E::Cancelled(_)) => state.become_of(Self::Cancelled),
            (state, E::Planned(_)) => state,
        };
    }

    fn become_of(self, next: impl FnOnce(Plan) -> Self) -> Self {
        match self {
            Self::Absent => Self::Absent,
            Self::Pending(plan)
            | Self::Applying(plan)
            | Self::Applied(plan, _)
            | Self::Ending(plan, _)
            | Self::Ended(plan)
            | Self::Cancelled(plan)
            | Self::Failed(plan) => next(plan),
        }
    }
}
