//! What is said of a change that is planned.

use domain::{
    AssignmentId, ClientId, Environment, KeyId, PolicyId, Reason, RouteId,
    api_key::{ApiKey, ApiKeyRefusal},
    rate_limit_policy::{Assignment, RateLimitPolicy, RateLimitPolicyRefusal},
    scheduled_change::PlannedChange,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::planning::Refusing;
use crate::{
    ask::Ask,
    body::Object,
    docs::form,
    guard::Needs,
    problem::{Problem, kinds},
    random::id_parts,
    routes::policies::revise::PolicyPatch,
    values::Moment,
};

/// A change, and when it is to happen and to end; one of the two must be given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewScheduledChange {
    #[schema(value_type = ChangeBody)]
    pub(super) change: Object<ChangeBody>,
    /// A time ahead, at most ten years; absent: now.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) at: Option<Moment>,
    /// When it is undone; absent: it stays.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) until: Option<Moment>,
    #[schema(value_type = form::Reason, inline)]
    pub(super) reason: Reason,
}

/// What is to happen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = PlannedChange)]
pub(crate) enum ChangeBody {
    /// All its secrets stop, to the second. It has no end.
    RevokeKey {
        #[schema(value_type = form::KeyId, inline)]
        key_id: KeyId,
    },
    /// It ends with its reinstatement.
    SuspendKey {
        #[schema(value_type = form::KeyId, inline)]
        key_id: KeyId,
    },
    /// It ends with its reinstatement.
    SuspendClient {
        #[schema(value_type = form::ClientId, inline)]
        client_id: ClientId,
    },
    /// It ends with the removal of the assignment.
    AssignPolicy {
        #[schema(value_type = form::PolicyId, inline)]
        policy_id: PolicyId,
        #[schema(value_type = Option<form::ClientId>, inline)]
        client_id: Option<ClientId>,
        #[schema(value_type = Option<form::RouteId>, inline)]
        route_id: Option<RouteId>,
        #[schema(value_type = Option<form::Environment>, inline)]
        environment: Option<Environment>,
    },
    /// It has no end.
    UnassignPolicy {
        #[schema(value_type = form::PolicyId, inline)]
        policy_id: PolicyId,
        #[schema(value_type = form::AssignmentId, inline)]
        assignment_id: AssignmentId,
    },
    /// It ends with what the policy said before, unless somebody has revised it since.
    RevisePolicy {
        #[schema(value_type = form::PolicyId, inline)]
        policy_id: PolicyId,
        /// What is to change, as in `PATCH /v1/policies/{id}`, without times and reason.
        #[schema(value_type = PolicyPatch)]
        revision: Object<PolicyPatch>,
    },
}

/// Of a body: what is held by its key, and all else.
pub(super) enum Intended {
    Revocation(KeyId),
    Change(PlannedChange),
}

/// Where the body names the subject of a change.
pub(super) const REFUSING: Refusing = Refusing::Reference { pointer: "/change" };

impl ChangeBody {
    pub(super) async fn intended<P: Needs, W, Q>(self, ask: &Ask<P, W, Q>) -> Result<Intended, Problem> {
        Ok(Intended::Change(match self {
            Self::RevokeKey { key_id } => return Ok(Intended::Revocation(key_id)),
            Self::SuspendKey { key_id } => {
                PlannedChange::SuspendKey { key_id, client_id: client_of(ask, key_id).await? }
            }
            Self::SuspendClient { client_id } => PlannedChange::SuspendClient { client_id },
            Self::AssignPolicy { policy_id, client_id, route_id, environment } => {
                let (unix_ms, random) = id_parts(ask.random(), ask.now());
                let assignment_id = AssignmentId::from_parts(unix_ms, random);
                let (from, until) = (None, None);
                let assignment = Assignment { assignment_id, client_id, route_id, environment, from, until };
                PlannedChange::AssignPolicy { policy_id, assignment }
            }
            Self::UnassignPolicy { policy_id, assignment_id } => {
                let client_id = bound(ask, policy_id, assignment_id).await?;
                PlannedChange::UnassignPolicy { policy_id, assignment_id, client_id }
            }
            Self::RevisePolicy { policy_id, revision: Object(patch) } => {
                if patch.is_timed() {
                    let said = "takes its times and its reason from the change around it";
                    return Err(
                        Problem::because(kinds::BODY_INVALID, said).with("pointer", "/change/revision")
                    );
                }
                PlannedChange::RevisePolicy { policy_id, revision: patch.revision()? }
            }
        }))
    }
}

async fn client_of<P: Needs, W, Q>(ask: &Ask<P, W, Q>, key_id: KeyId) -> Result<ClientId, Problem> {
    let key = ask.load::<ApiKey>(key_id).await?;
    let lineage = key.state.lineage().ok_or_else(|| REFUSING.because(&ApiKeyRefusal::NotIssued))?;
    Ok(lineage.client_id)
}

/// Whom an assignment binds.
async fn bound<P: Needs, W, Q>(
    ask: &Ask<P, W, Q>,
    policy_id: PolicyId,
    assignment_id: AssignmentId,
) -> Result<Option<ClientId>, Problem> {
    let refusal = match &*ask.load::<RateLimitPolicy>(policy_id).await?.state {
        RateLimitPolicy::Absent => RateLimitPolicyRefusal::NotDefined,
        RateLimitPolicy::Retired(_) => RateLimitPolicyRefusal::Retired,
        RateLimitPolicy::Active(policy) => match policy.assignments.get(&assignment_id) {
            Some(assignment) => return Ok(assignment.client_id),
            None => RateLimitPolicyRefusal::NoAssignment { assignment_id },
        },
    };
    Err(REFUSING.because(&refusal))
}
