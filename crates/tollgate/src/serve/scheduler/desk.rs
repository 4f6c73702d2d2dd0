//! One look at what is due at a given time, and what is done about it. What cannot be done now is due again at the next.

use domain::{
    KeyId, Metadata, Timestamp,
    api_key::{ApiKey, ApiKeyCommand, ExpireKey, JudgePrevious},
    metadata::ActorKind,
};
use eventlog::{
    EventLog, Execute, ExecuteError,
    changes::{ACTOR, CarriedOut, Order, carry_out},
};
use jiff::SignedDuration;
use projections::{
    ReadModel,
    queries::{
        changes::{self, ChangeRow},
        keys::{self, Overlap},
    },
};
use tracing::{info, warn};

/// What is left is due at the next look.
const DUE_MAX: u32 = 500;
/// An old secret in use is told of when its end is so near.
const NEAR: SignedDuration = SignedDuration::from_hours(24);
/// What is due so long has had its look.
const OVERDUE_AFTER: SignedDuration = SignedDuration::from_secs(10);

pub(super) struct Desk {
    pub(super) log: EventLog,
    pub(super) read: ReadModel,
}

impl Desk {
    /// Puts on record whichever end of a key has come: the expiry or the planned revocation. The log decides which.
    pub(super) async fn end_keys(&self, now: Timestamp) {
        let due = match keys::due(&self.read, now, DUE_MAX).await {
            Ok(due) => due,
            Err(failure) => return warn!(error = %failure, "Cannot look for keys that are due"),
        };
        for key in due {
            let id = key.key_id;
            if self.ask(id, ApiKeyCommand::Expire(ExpireKey { now }), metadata("end", id, now)).await {
                info!(key.id = %id, "Ended key `{id}` as its time had come");
            }
        }
    }

    /// Gives the commands of the changes whose time has come.
    pub(super) async fn carry_out(&self, now: Timestamp) {
        let due = match changes::due(&self.read, now, DUE_MAX).await {
            Ok(due) => due,
            Err(failure) => return warn!(error = %failure, "Cannot look for changes that are due"),
        };
        for ChangeRow { change_id: id, kind, requested_by, correlation_id, planned_by, .. } in due {
            let order = Order { id, requested_by, correlation_id, planned_by };
            match carry_out(&self.log, &order, now).await {
                Ok(CarriedOut::Nothing) => {}
                Ok(CarriedOut::Applied) => info!(change.id = %id, "Carried out the change `{id}` ({kind})"),
                Ok(CarriedOut::Ended) => info!(change.id = %id, "Ended the change `{id}` ({kind})"),
                Ok(CarriedOut::Refused) => {
                    warn!(change.id = %id, "The change `{id}` ({kind}) was refused when its time came");
                }
                Err(failure) => {
                    warn!(change.id = %id, error = %failure, "Cannot carry out a change that is due")
                }
            }
        }
    }

    /// Retires old secrets that are idle, and tells of those that are busy shortly before their end.
    pub(super) async fn judge_overlaps(&self, now: Timestamp) {
        let overlaps = match keys::overlaps(&self.read, now, NEAR, DUE_MAX).await {
            Ok(overlaps) => overlaps,
            Err(failure) => return warn!(error = %failure, "Cannot look after the old secrets of rotations"),
        };
        for Overlap { key_id: id, version, last_used_at } in overlaps {
            let command = ApiKeyCommand::JudgePrevious(JudgePrevious { now, version, last_used_at });
            if self.ask(id, command, metadata("overlap", id, now)).await {
                info!(key.id = %id, "Looked after the old secret of key `{id}`");
            }
        }
    }

    /// How many changes should have happened and have not; none where that cannot be known now.
    pub(super) async fn overdue(&self, now: Timestamp) -> Option<u64> {
        let before = now.checked_sub(OVERDUE_AFTER).unwrap_or(Timestamp::MIN);
        changes::overdue(&self.read, before).await.ok()
    }

    /// Whether the command had anything new to say.
    async fn ask(&self, id: KeyId, command: ApiKeyCommand, metadata: Metadata) -> bool {
        let (expected_version, idempotency) = (None, None);
        let ask: Execute<ApiKey> =
            Execute { id, command, metadata, expected_version, idempotency, personal: vec![] };
        match self.log.execute(ask).await {
            Ok(done) => !done.events.is_empty(),
            // Rotated or revoked in between: the next look sees it.
            Err(ExecuteError::Refused(_)) => false,
            Err(failure) => {
                warn!(key.id = %id, error = %failure, "Cannot look after a key now");
                false
            }
        }
    }
}

fn metadata(what: &str, key_id: KeyId, now: Timestamp) -> Metadata {
    let id = format!("scheduler-{what}-{key_id}-{}", now.as_second());
    Metadata {
        occurred_at: now,
        actor: ACTOR.to_owned(),
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
