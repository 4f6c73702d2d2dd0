//! What happened to a planned change. What it did is in the events of its subject, which name the plan as their cause.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PlannedChange;
use crate::{Reason, Timestamp, aggregate::event_types};

/// A fact about a planned change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ScheduledChangeEvent {
    Planned(Planned),
    Begun(Begun),
    Applied(Applied),
    Ended(Ended),
    Failed(Failed),
    Cancelled(Cancelled),
}

event_types!(ScheduledChangeEvent {
    Planned = "scheduled_change.planned",
    Begun = "scheduled_change.begun",
    Applied = "scheduled_change.applied",
    Ended = "scheduled_change.ended",
    Failed = "scheduled_change.failed",
    Cancelled = "scheduled_change.cancelled",
});

/// Which of its two times has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Apply,
    End,
}

impl Phase {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::End => "end",
        }
    }
}

/// A change is to happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Planned {
    pub change: PlannedChange,
    /// When it is to happen; the time of the plan where it is to happen at once.
    pub at: Timestamp,
    /// When it is to be undone.
    pub until: Option<Timestamp>,
    pub reason: Reason,
}

/// Its time has come, and its command is given: from here on it cannot be cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Begun {
    pub phase: Phase,
    pub begun_at: Timestamp,
}

/// The change has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Applied {
    pub applied_at: Timestamp,
    /// The subject's version with it.
    pub version: u64,
    /// False where things stood so already: then there is nothing to undo.
    pub changed: bool,
}

/// The change is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ended {
    pub ended_at: Timestamp,
    /// False where there was nothing to undo.
    pub changed: bool,
}

/// The rules said no when its time came. It is not tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failed {
    pub phase: Phase,
    pub failed_at: Timestamp,
    /// Of the refusal.
    pub code: String,
    pub message: String,
}

/// It will not happen; or, once it has, it will not be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cancelled {
    pub cancelled_at: Timestamp,
    pub reason: Reason,
}
