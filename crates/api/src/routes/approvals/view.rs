//! An approval as it is shown.

use domain::{
    ApprovalId, Timestamp,
    access::{Permission, ResourceFacts},
    approval::{Need, Proposal},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{access::KnownApproval, docs::form};

/// A request that waits, or waited, for a second person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Approval)]
pub(crate) struct ApprovalView {
    /// What the request is given again with, as `Tollgate-Approval`, once it is approved.
    #[schema(value_type = form::ApprovalId, inline)]
    id: ApprovalId,
    #[schema(value_type = form::ApprovalStatus, inline)]
    status: &'static str,
    #[schema(example = "prn_01jx3v6k9q8z7m5n4p3r2s1t0v")]
    proposer: String,
    #[schema(example = "POST")]
    method: String,
    #[schema(example = "/v1/clients/cli_01jx3v6k9q8z7m5n4p3r2s1t0v/keys")]
    path: String,
    /// SHA-256 of the request: no other is allowed by the approval.
    #[schema(
        pattern = "^[0-9a-f]{64}$",
        example = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
    )]
    command_hash: String,
    /// What whoever approves has to hold, too.
    needs: Vec<NeedView>,
    /// The body, and the dry run of the moment, without names and addresses of people; null where it is large or
    /// erased, once it is decided on, and once 2,000 others came after it.
    #[schema(value_type = Option<Object>)]
    asked: Option<Value>,
    reason: Option<String>,
    /// Who has approved or declined it, and why.
    decided_by: Option<String>,
    decided_because: Option<String>,
    /// It comes to nothing then.
    expires_at: Timestamp,
    /// Counts the approval's events; its `ETag`.
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A permission, and over what.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApprovalNeed)]
pub(crate) struct NeedView {
    #[schema(value_type = form::Permission, inline)]
    permission: Permission,
    /// None: of nobody in particular.
    #[schema(value_type = Option<String>)]
    team: Option<String>,
    environments: Vec<String>,
}

impl From<&Need> for NeedView {
    fn from(need: &Need) -> Self {
        let (team, environments) = match &need.facts {
            ResourceFacts::Shared => (None, vec![]),
            ResourceFacts::Owned { owner_team, environments } => {
                let environments = environments.iter().map(ToString::to_string).collect();
                (owner_team.as_ref().map(ToString::to_string), environments)
            }
        };
        Self { permission: need.permission, team, environments }
    }
}

impl ApprovalView {
    /// As it stands at this time.
    pub(crate) fn of(id: ApprovalId, known: KnownApproval, now: Timestamp) -> Self {
        let KnownApproval { state, asked, decided, version, created_at, updated_at } = known;
        let status = state.status(now);
        let (decided_by, decided_because) = decided.unzip();
        let proposal = state.proposal();
        let text = |of: fn(&Proposal) -> &str| proposal.map(of).unwrap_or_default().to_owned();
        Self {
            id,
            status,
            proposer: text(|proposal| &proposal.proposer),
            method: text(|proposal| &proposal.method),
            path: text(|proposal| &proposal.path),
            command_hash: proposal.map(|proposal| proposal.command_hash.to_string()).unwrap_or_default(),
            needs: proposal.map(|of| of.needs.iter().map(NeedView::from).collect()).unwrap_or_default(),
            asked: asked.and_then(|asked| serde_json::from_str(&asked).ok()),
            reason: proposal.and_then(|proposal| proposal.reason.as_ref()).map(ToString::to_string),
            decided_by,
            decided_because: decided_because.flatten().map(|reason| reason.to_string()),
            expires_at: proposal.map(|proposal| proposal.expires_at).unwrap_or_default(),
            version,
            created_at,
            updated_at,
        }
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }
}
