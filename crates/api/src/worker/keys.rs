//! What is done to each of many keys.

use domain::{
    KeyId, OperationId, Reason, Refusal,
    api_key::{ApiKey, ApiKeyCommand, RevokeKey, SuspendKey},
    operation::{Item, ItemResult, OperationKind, Run},
};
use eventlog::{Execute, ExecuteError, Idempotency};
use sha2::{Digest as _, Sha256};

use super::{Stuck, metadata};
use crate::Api;

/// Revokes or suspends one key. What the rules say no to is what the report says of it.
pub(super) async fn item(
    api: &Api,
    id: OperationId,
    run: &Run,
    number: u32,
    key_id: KeyId,
) -> Result<Item, Stuck> {
    let now = api.clock.now();
    let reason: Reason = match &run.reason {
        Some(reason) => reason.clone(),
        None => format!("operation {id}").parse()?,
    };
    let command = match run.kind {
        OperationKind::SuspendKeys => ApiKeyCommand::Suspend(SuspendKey { reason }),
        OperationKind::RevokeKeys
        | OperationKind::ImportKeys
        | OperationKind::ReplayWebhook
        | OperationKind::ExportReport => ApiKeyCommand::Revoke(RevokeKey { now, at: None, reason }),
    };
    let command_id = format!("{id}/{number}");
    let request_digest = Sha256::digest(format!("{} {key_id}", run.kind.as_str())).into();
    let ask: Execute<ApiKey> = Execute {
        id: key_id,
        command,
        metadata: metadata(id, run, now, &command_id),
        expected_version: None,
        // Begun anew, the item finds what it did.
        idempotency: Some(Idempotency { key: format!("system:operations:{command_id}"), request_digest }),
        personal: vec![],
    };
    let item = |result| Item {
        number,
        subject: key_id.to_string(),
        key_id: Some(key_id),
        result,
        code: None,
        detail: None,
    };
    match api.log.execute(ask).await {
        Ok(done) if done.events.is_empty() => Ok(item(ItemResult::Unchanged)),
        Ok(_) | Err(ExecuteError::Repeated(_)) => Ok(item(ItemResult::Applied)),
        Err(ExecuteError::Refused(refusal)) => Ok(refused(item(ItemResult::Refused), &refusal)),
        Err(ExecuteError::Failed(failure)) => Err(failure.into()),
        Err(ExecuteError::VersionMismatch { .. }) => Err(eventlog::LogFailure::NotSequenced.into()),
    }
}

pub(super) fn refused(item: Item, refusal: &impl Refusal) -> Item {
    let (code, detail) = (Some(refusal.code().to_owned()), Some(refusal.to_string()));
    Item { result: ItemResult::Refused, code, detail, ..item }
}
