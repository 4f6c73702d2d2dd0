//! Commands that the notifier gives itself: what an endpoint has answered becomes an event like any other.

use domain::{
    Metadata, WebhookId,
    metadata::ActorKind,
    webhook::{Webhook, WebhookCommand},
};
use eventlog::{Execute, ExecuteError};
use tracing::info;

use crate::parts::{Failure, Parts};

const ACTOR: &str = "system:notifier";

/// Whether it was taken. What is refused is over: the webhook was deleted, or has another URL by now.
///
/// # Errors
/// When the log cannot be written.
pub(crate) async fn webhook(
    parts: &Parts,
    id: WebhookId,
    command: WebhookCommand,
    what: &str,
) -> Result<bool, Failure> {
    let now = parts.clock.now();
    let named = format!("{ACTOR}:{what}:{id}:{}", now.as_microsecond());
    let metadata = Metadata {
        occurred_at: now,
        actor: ACTOR.to_owned(),
        actor_kind: ActorKind::System,
        authenticated_by: "internal".to_owned(),
        on_behalf_of: None,
        allowed_by: "system".to_owned(),
        address: None,
        user_agent: None,
        request_id: named.clone(),
        correlation_id: named.clone(),
        causation_id: None,
        reason: None,
        command_id: named,
    };
    let (expected_version, idempotency) = (None, None);
    let ask: Execute<Webhook> =
        Execute { id, command, metadata, expected_version, idempotency, personal: vec![] };
    match parts.log.execute(ask).await {
        Ok(done) => {
            if !done.events.is_empty() {
                info!(webhook.id = %id, "The webhook `{id}` is {what}");
            }
            Ok(true)
        }
        Err(ExecuteError::Refused(_) | ExecuteError::VersionMismatch { .. } | ExecuteError::Repeated(_)) => {
            Ok(false)
        }
        Err(ExecuteError::Failed(failure)) => Err(failure.into()),
    }
}
