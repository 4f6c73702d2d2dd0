//! An entry of the audit log as it is shown.

use domain::{ClientId, EventId, Timestamp, metadata::ActorKind};
use projections::queries::audit::{AuditEntry, Outcome};
use serde::Serialize;
use utoipa::ToSchema;

use crate::docs::form;

/// One event: who did what to which thing, when, from where and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct AuditEntryView {
    /// The event's contiguous place in the one log of all facts, from 1.
    position: u64,
    #[schema(value_type = form::EventId, inline)]
    event_id: EventId,
    /// When the command was decided.
    occurred_at: Timestamp,
    /// When the store took it.
    recorded_at: Timestamp,
    actor: Actor,
    /// The event's type: `api_key.revoked`.
    action: String,
    subject: Subject,
    /// The client concerned, where there is one.
    #[schema(value_type = Option<String>)]
    client_id: Option<ClientId>,
    #[schema(value_type = String, example = "succeeded")]
    outcome: Outcome,
    reason: Option<String>,
    request_id: String,
    /// The same for everything that one request set in motion.
    correlation_id: String,
    causation_id: Option<String>,
    /// The `Idempotency-Key`, where one was given.
    command_id: String,
    /// Null where there was none, and once erased.
    address: Option<String>,
    user_agent: Option<String>,
    /// The event, without anything that helps to find or prove a secret.
    #[schema(value_type = Object)]
    data: serde_json::Value,
    /// What it changed of its subject, as a JSON Patch (RFC 6902): before each `replace` and `remove` a `test` says what was
    /// there. Null where that is not known.
    #[schema(value_type = Option<Vec<Object>>)]
    changes: serde_json::Value,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Actor {
    #[schema(example = "bootstrap-admin")]
    id: String,
    #[schema(value_type = form::ActorKind, inline)]
    kind: ActorKind,
    #[schema(example = "bootstrap_token")]
    authenticated_by: String,
    on_behalf_of: Option<String>,
    /// The grant that allowed it.
    #[schema(example = "role:admin")]
    allowed_by: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Subject {
    #[schema(example = "api_key")]
    r#type: String,
    id: String,
}

impl From<AuditEntry> for AuditEntryView {
    fn from(entry: AuditEntry) -> Self {
        let actor = Actor {
            id: entry.actor,
            kind: entry.actor_kind,
            authenticated_by: entry.authenticated_by,
            on_behalf_of: entry.on_behalf_of,
            allowed_by: entry.allowed_by,
        };
        Self {
            position: entry.position.get(),
            event_id: entry.event_id,
            occurred_at: entry.occurred_at,
            recorded_at: entry.recorded_at,
            actor,
            action: entry.action,
            subject: Subject { r#type: entry.subject_type, id: entry.subject_id },
            client_id: entry.client_id,
            outcome: entry.outcome,
            reason: entry.reason,
            request_id: entry.request_id,
            correlation_id: entry.correlation_id,
            causation_id: entry.causation_id,
            command_id: entry.command_id,
            address: entry.address,
            user_agent: entry.user_agent,
            data: entry.data,
            changes: entry.changes,
        }
    }
}
