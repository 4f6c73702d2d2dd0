//! An observation on its way into the log.

use domain::{
    Metadata, ObservationId, Timestamp,
    observation::{Observation, ObservationEvent, Observe},
    personal::PersonalValue,
};
use eventlog::{Execute, ExecuteError, LogFailure};

use super::Doer;
use crate::{
    Api,
    circumstances::Circumstances,
    random::{salt, token_id},
};

/// What is to be put on record. Given twice, it is on record once.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) id: ObservationId,
    pub(super) at: Timestamp,
    pub(super) doer: Doer,
    pub(super) circumstances: Circumstances,
    pub(super) event: ObservationEvent,
    /// What the event commits to.
    pub(super) personal: Vec<PersonalValue>,
}

pub(super) async fn record(api: &Api, draft: &Draft) -> Result<(), LogFailure> {
    let Draft { id, at, doer, circumstances, event, personal } = draft.clone();
    let Circumstances { request_id, correlation_id, address, user_agent, traceparent: _ } = circumstances;
    let address = address.map(|address| PersonalValue::new(salt(&*api.random), &address.to_string()));
    let metadata = Metadata {
        occurred_at: at,
        actor: doer.id,
        actor_kind: doer.kind,
        authenticated_by: doer.authenticated_by,
        on_behalf_of: None,
        allowed_by: doer.allowed_by,
        address: address.as_ref().map(PersonalValue::commitment),
        user_agent,
        request_id,
        correlation_id,
        causation_id: None,
        reason: None,
        command_id: token_id("cmd", &*api.random, at),
    };
    let ask: Execute<Observation> = Execute {
        id,
        command: Observe(event),
        metadata,
        expected_version: None,
        idempotency: None,
        personal: address.into_iter().chain(personal).collect(),
    };
    match Box::pin(api.log.execute(ask)).await {
        Ok(_) => Ok(()),
        Err(ExecuteError::Failed(failure)) => Err(failure),
        // Nothing of it is any better when it is given again.
        Err(ExecuteError::Refused(refusal)) => {
            tracing::error!(error = %refusal, "An observation was refused");
            Ok(())
        }
        Err(ExecuteError::VersionMismatch { .. } | ExecuteError::Repeated(_)) => Ok(()),
    }
}
