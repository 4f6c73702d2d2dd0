//! Puts on record what the clock has done: expiries and planned revocations that have come.
//!
//! The gateway refuses from the second on by itself; this makes it an event, as a command like any other.

use std::time::Duration;

use domain::{
    KeyId, Metadata, SharedClock, Timestamp,
    api_key::{ApiKey, ApiKeyCommand, ExpireKey},
    metadata::ActorKind,
};
use eventlog::{EventLog, Execute, ExecuteError};
use projections::{ReadModel, queries::keys};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

const EVERY: Duration = Duration::from_secs(1);
/// What is left is due at the next look.
const DUE_MAX: u32 = 500;

/// Looks for keys that are due until stopped. A key that cannot be put on record now is due again at the next look.
pub(super) async fn run(
    log: EventLog,
    read: ReadModel,
    clock: SharedClock,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(EVERY) => {}
        }
        let now = clock.now();
        match keys::due(&read, now, DUE_MAX).await {
            Ok(due) => {
                for key in due {
                    record(&log, key.key_id, now).await;
                }
            }
            Err(failure) => warn!(error = %failure, "Cannot look for keys that are due"),
        }
    }
}

/// Puts on record whichever end has come: the expiry or the planned revocation. The log decides which.
async fn record(log: &EventLog, key_id: KeyId, now: Timestamp) {
    let ask: Execute<ApiKey> = Execute {
        id: key_id,
        command: ApiKeyCommand::Expire(ExpireKey { now }),
        metadata: metadata(key_id, now),
        expected_version: None,
        idempotency: None,
        personal: vec![],
    };
    match log.execute(ask).await {
        Ok(done) if done.events.is_empty() => {}
        Ok(done) => {
            info!(key.id = %key_id, event.position = done.position.get(), "Ended key `{key_id}` as its time had come")
        }
        // Rotated or revoked in between: the next look sees it.
        Err(ExecuteError::Refused(_)) => {}
        Err(failure) => warn!(key.id = %key_id, error = %failure, "Cannot end a key whose time has come"),
    }
}

fn metadata(key_id: KeyId, now: Timestamp) -> Metadata {
    let id = format!("lifecycle-{key_id}-{}", now.as_second());
    Metadata {
        occurred_at: now,
        actor: "system:lifecycle".to_owned(),
        actor_kind: ActorKind::System,
        authenticated_by: "internal".to_owned(),
        on_behalf_of: None,
        allowed_by: "system".to_owned(),
        address: None,
        user_agent: None,
        request_id: id.clone(),
        correlation_id: id.clone(),
        causation_id: None,
        reason: None,
        command_id: id,
    }
}
