//! An approval as its events have made it.

use serde::{Deserialize, Serialize};

use super::{ApprovalEvent, CommandHash, Need, Proposed};
use crate::{GrantId, Reason, Timestamp, personal::Personal};

/// An approval's state. That its time is up is no event: whoever asks says what time it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    #[default]
    Absent,
    Waiting(Proposal),
    Approved(Proposal, ApprovedBy),
    Redeemed(Proposal, ApprovedBy),
    Declined(Proposal),
    Withdrawn(Proposal),
}

/// What was proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub proposer: String,
    pub method: String,
    pub path: String,
    pub command_hash: CommandHash,
    pub needs: Vec<Need>,
    pub asked: Option<Personal>,
    pub reason: Option<Reason>,
    pub expires_at: Timestamp,
}

/// Who allowed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovedBy {
    pub by: String,
    pub grant_id: Option<GrantId>,
}

impl Approval {
    #[must_use]
    pub fn proposal(&self) -> Option<&Proposal> {
        match self {
            Self::Absent => None,
            Self::Waiting(proposal)
            | Self::Approved(proposal, _)
            | Self::Redeemed(proposal, _)
            | Self::Declined(proposal)
            | Self::Withdrawn(proposal) => Some(proposal),
        }
    }

    #[must_use]
    pub fn approved_by(&self) -> Option<&ApprovedBy> {
        match self {
            Self::Approved(_, by) | Self::Redeemed(_, by) => Some(by),
            Self::Absent | Self::Waiting(_) | Self::Declined(_) | Self::Withdrawn(_) => None,
        }
    }

    /// In one word, at this time: `waiting`, `approved`, `redeemed`, `declined`, `withdrawn`, `expired`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Waiting(proposal) | Self::Approved(proposal, _) if now >= proposal.expires_at => "expired",
            Self::Waiting(_) => "waiting",
            Self::Approved(_, _) => "approved",
            Self::Redeemed(_, _) => "redeemed",
            Self::Declined(_) => "declined",
            Self::Withdrawn(_) => "withdrawn",
        }
    }

    pub(super) fn fold(&mut self, event: &ApprovalEvent) {
        let before = std::mem::take(self);
        *self = match (event, before) {
            (ApprovalEvent::Proposed(proposed), _) => Self::Waiting(proposed.into()),
            (ApprovalEvent::Approved(approved), Self::Waiting(proposal)) => {
                let (by, grant_id) = (approved.by.clone(), approved.grant_id);
                Self::Approved(proposal, ApprovedBy { by, grant_id })
            }
            (ApprovalEvent::Declined(_), Self::Waiting(proposal)) => Self::Declined(proposal),
            (ApprovalEvent::Withdrawn(_), Self::Waiting(proposal) | Self::Approved(proposal, _)) => {
                Self::Withdrawn(proposal)
            }
            (ApprovalEvent::Redeemed(_), Self::Approved(proposal, by)) => Self::Redeemed(proposal, by),
            (
                ApprovalEvent::Approved(_)
                | ApprovalEvent::Declined(_)
                | ApprovalEvent::Withdrawn(_)
                | ApprovalEvent::Redeemed(_),
                other,
            ) => other,
        };
    }
}

impl From<&Proposed> for Proposal {
    fn from(proposed: &Proposed) -> Self {
        let Proposed { proposer, method, path, command_hash, needs, asked, reason, expires_at, told: _ } =
            proposed.clone();
        Self { proposer, method, path, command_hash, needs, asked, reason, expires_at }
    }
}
