//! What can be planned, each with what its command needs.
//!
//! A key's revocation is not among them: the key itself holds its time, and the gateway judges it to the second.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    AssignmentId, ClientId, DomainEvent, KeyId, PolicyId,
    access::Permission,
    api_client::ApiClientEvent,
    api_key::ApiKeyEvent,
    rate_limit_policy::{Assignment, RateLimitPolicyEvent, RevisePolicy},
};

/// What is to happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PlannedChange {
    /// Ends with its reinstatement.
    SuspendKey {
        key_id: KeyId,
        /// The key's.
        client_id: ClientId,
    },
    /// Ends with its reinstatement.
    SuspendClient { client_id: ClientId },
    /// Ends with the removal of the assignment.
    AssignPolicy { policy_id: PolicyId, assignment: Assignment },
    /// Has no end: what is removed is assigned again under another identifier.
    UnassignPolicy {
        policy_id: PolicyId,
        assignment_id: AssignmentId,
        /// Whom it bound.
        client_id: Option<ClientId>,
    },
    /// Ends with the specification that there was before.
    RevisePolicy { policy_id: PolicyId, revision: RevisePolicy },
}

impl PlannedChange {
    /// As it is written.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SuspendKey { .. } => "suspend_key",
            Self::SuspendClient { .. } => "suspend_client",
            Self::AssignPolicy { .. } => "assign_policy",
            Self::UnassignPolicy { .. } => "unassign_policy",
            Self::RevisePolicy { .. } => "revise_policy",
        }
    }

    /// What whoever plans or cancels it must hold: the same as for doing it now.
    #[must_use]
    pub fn permission(&self) -> Permission {
        match self {
            Self::SuspendKey { .. } => Permission::KeySuspend,
            Self::SuspendClient { .. } => Permission::ClientSuspend,
            Self::AssignPolicy { .. } | Self::UnassignPolicy { .. } => Permission::PolicyAssign,
            Self::RevisePolicy { .. } => Permission::PolicyWrite,
        }
    }

    /// Whether it can end by itself.
    #[must_use]
    pub fn can_end(&self) -> bool {
        match self {
            Self::UnassignPolicy { .. } => false,
            Self::SuspendKey { .. }
            | Self::SuspendClient { .. }
            | Self::AssignPolicy { .. }
            | Self::RevisePolicy { .. } => true,
        }
    }

    /// The client that it concerns, where there is one.
    #[must_use]
    pub fn client_id(&self) -> Option<ClientId> {
        match self {
            Self::SuspendKey { client_id, .. } | Self::SuspendClient { client_id } => Some(*client_id),
            Self::AssignPolicy { assignment, .. } => assignment.client_id,
            Self::UnassignPolicy { client_id, .. } => *client_id,
            Self::RevisePolicy { .. } => None,
        }
    }

    #[must_use]
    pub fn key_id(&self) -> Option<KeyId> {
        match self {
            Self::SuspendKey { key_id, .. } => Some(*key_id),
            Self::SuspendClient { .. }
            | Self::AssignPolicy { .. }
            | Self::UnassignPolicy { .. }
            | Self::RevisePolicy { .. } => None,
        }
    }

    #[must_use]
    pub fn policy_id(&self) -> Option<PolicyId> {
        match self {
            Self::AssignPolicy { policy_id, .. }
            | Self::UnassignPolicy { policy_id, .. }
            | Self::RevisePolicy { policy_id, .. } => Some(*policy_id),
            Self::SuspendKey { .. } | Self::SuspendClient { .. } => None,
        }
    }

    /// Whether somebody has decided the same matter anew by this event of its subject: then its end has nothing left to
    /// undo, and would undo theirs.
    #[must_use]
    pub fn is_overtaken_by(&self, event: &DomainEvent) -> bool {
        match self {
            Self::RevisePolicy { .. } => {
                matches!(event, DomainEvent::RateLimitPolicy { event: RateLimitPolicyEvent::Revised(_), .. })
            }
            // Whoever suspends beside it holds the subject as well.
            Self::SuspendKey { .. } | Self::SuspendClient { .. } => false,
            // An assignment has an identifier of its own: the rules know whether it is still there.
            Self::AssignPolicy { .. } | Self::UnassignPolicy { .. } => false,
        }
    }

    /// What an event of its subject does to a suspension.
    #[must_use]
    pub fn hold(&self, event: &DomainEvent) -> Option<Hold> {
        use DomainEvent::{ApiClient, ApiKey};
        let (taken, released) = match self {
            Self::SuspendKey { .. } => (
                matches!(event, ApiKey { event: ApiKeyEvent::Suspended(_), .. }),
                matches!(event, ApiKey { event: ApiKeyEvent::Reinstated(_), .. }),
            ),
            Self::SuspendClient { .. } => (
                matches!(event, ApiClient { event: ApiClientEvent::Suspended(_), .. }),
                matches!(event, ApiClient { event: ApiClientEvent::Reinstated(_), .. }),
            ),
            Self::AssignPolicy { .. } | Self::UnassignPolicy { .. } | Self::RevisePolicy { .. } => {
                (false, false)
            }
        };
        if taken { Some(Hold::Taken) } else { released.then_some(Hold::Released) }
    }
}

/// What becomes of whoever is suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// One more suspension holds them.
    Taken,
    /// None does any more.
    Released,
}
