//! A planned change as it is shown.

use domain::{
    ClientId, KeyId, PolicyId, ScheduledChangeId, Timestamp,
    access::{Principal, ResourceFacts},
};
use projections::{
    ChangeStatus, ReadFailure, ReadModel,
    queries::changes::{self, ChangeFailure, ChangeRow},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::Resource,
    docs::form,
    facts::{read_client, read_key},
};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScheduledChange)]
pub(crate) struct ChangeView {
    #[schema(value_type = form::ScheduledChangeId, inline)]
    id: ScheduledChangeId,
    /// `pending` until it happens. `applied` is final unless it has an end ahead.
    #[schema(value_type = form::ChangeStatus, inline)]
    status: ChangeStatus,
    /// Of what is to happen.
    #[schema(example = "suspend_key")]
    kind: String,
    /// What is to happen, as it was planned.
    #[schema(value_type = Object)]
    change: serde_json::Value,
    /// The client that it concerns, where there is one.
    #[schema(value_type = Option<String>)]
    client_id: Option<ClientId>,
    #[schema(value_type = Option<String>)]
    key_id: Option<KeyId>,
    #[schema(value_type = Option<String>)]
    policy_id: Option<PolicyId>,
    /// When it happens.
    at: Timestamp,
    /// When it is undone; null: it stays.
    until: Option<Timestamp>,
    /// When something is to happen next; null when nothing is.
    due_at: Option<Timestamp>,
    reason: String,
    /// The principal that planned it.
    requested_by: String,
    /// The same for the plan and for everything that it sets in motion.
    correlation_id: String,
    planned_at: Timestamp,
    applied_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    /// Why the rules refused it when its time came.
    failure: Option<FailureView>,
    /// Its `ETag`. Of a planned revocation, the key's.
    version: u64,
    updated_at: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangeFailure)]
pub(crate) struct FailureView {
    /// `apply`, or `end`: what it did stands then.
    #[schema(value_type = form::Phase, inline)]
    phase: domain::scheduled_change::Phase,
    #[schema(example = "key_revoked")]
    code: String,
    message: String,
    at: Timestamp,
}

impl From<ChangeRow> for ChangeView {
    fn from(row: ChangeRow) -> Self {
        let failure = row.failure.map(|ChangeFailure { phase, code, message, at }| FailureView {
            phase,
            code,
            message,
            at,
        });
        Self {
            id: row.change_id,
            status: row.status,
            kind: row.kind,
            change: row.change,
            client_id: row.client_id,
            key_id: row.key_id,
            policy_id: row.policy_id,
            at: row.at,
            until: row.until,
            due_at: row.due_at,
            reason: row.reason,
            requested_by: row.requested_by,
            correlation_id: row.correlation_id,
            planned_at: row.planned_at,
            applied_at: row.applied_at,
            ended_at: row.ended_at,
            failure,
            version: row.version,
            updated_at: row.updated_at,
        }
    }
}

impl Resource for ChangeView {
    type Id = ScheduledChangeId;
    const COLLECTION: &'static str = "/v1/scheduled-changes";

    async fn read(read: &ReadModel, id: ScheduledChangeId) -> Result<Option<Self>, ReadFailure> {
        Ok(changes::get(read, id).await?.map(Self::from))
    }

    fn version(&self) -> u64 {
        self.version
    }

    async fn facts(&self, read: &ReadModel, _: &Principal) -> Result<ResourceFacts, ReadFailure> {
        match (self.key_id, self.client_id) {
            (Some(key_id), _) => read_key(read, key_id).await,
            // Of an assignment the policy decides, which is nobody's.
            (None, Some(client_id)) if self.policy_id.is_none() => read_client(read, client_id).await,
            (None, Some(_) | None) => Ok(ResourceFacts::Shared),
        }
    }
}
