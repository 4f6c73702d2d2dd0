//! The claim of an installation: what is left of one that broke off between its two events, and how it is opened anew.

use std::{sync::Arc, time::Duration};

use domain::{
    GrantId, Metadata, PrincipalId, Reason,
    access::{GrantScope, HeldGrant, Role},
    grant::{GiveGrant, GivenGrant, GrantCommand, GrantRefusal},
    metadata::ActorKind,
    principal::HolderFacts,
};
use eventlog::{Execute, ExecuteError, LogFailure};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{Api, random::token_id};

const LOOKED_EACH: Duration = Duration::from_secs(30);

/// Puts the grants of claims on record that broke off before: at once, and now and then, for another process may have
/// made one. The person holds theirs already; until then it can be neither listed nor withdrawn.
pub async fn finish_claims(api: Arc<Api>, stop: CancellationToken) {
    loop {
        if api.access.is_complete() {
            for (person, grant) in api.access.unfinished_claims() {
                match give(&api, person, grant, metadata(&api)).await {
                    Ok(()) => {
                        info!(principal.id = %person, grant.id = %grant, "Finished the claim of `{person}`")
                    }
                    Err(failure) => warn!(error = %failure, "Cannot finish the claim of `{person}` now"),
                }
            }
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOKED_EACH) => {}
        }
    }
}

/// The second half of a claim. That it is on record already is as good.
pub(crate) async fn give(
    api: &Api,
    principal_id: PrincipalId,
    id: GrantId,
    metadata: Metadata,
) -> Result<(), LogFailure> {
    let Ok(reason) = "the installation was claimed".parse::<Reason>() else { return Ok(()) };
    let command = GiveGrant {
        now: metadata.occurred_at,
        principal_id,
        // As they stood when they claimed.
        holder: HolderFacts::Person { enabled: true },
        role: Role::Admin,
        scope: GrantScope::All,
        until: None,
        reason,
        granter: vec![HeldGrant::built_in(Role::Admin)],
    };
    let command = GrantCommand::Give(command);
    let ask: Execute<GivenGrant> =
        Execute { id, command, metadata, expected_version: None, idempotency: None, personal: vec![] };
    match api.log.execute(ask).await {
        Ok(_) | Err(ExecuteError::Refused(GrantRefusal::AlreadyGiven)) => Ok(()),
        Err(ExecuteError::Failed(failure)) => Err(failure),
        Err(why) => {
            warn!(error = %why, "The grant of a claim was refused");
            Ok(())
        }
    }
}

fn metadata(api: &Api) -> Metadata {
    let now = api.clock.now();
    let id = token_id("cmd", &*api.random, now);
    Metadata {
        occurred_at: now,
        actor: "access".to_owned(),
        actor_kind: ActorKind::System,
        authenticated_by: "internal".to_owned(),
        on_behalf_of: None,
        allowed_by: "claim".to_owned(),
        address: None,
        user_agent: None,
        request_id: id.clone(),
        correlation_id: id.clone(),
        causation_id: None,
        reason: None,
        command_id: id,
    }
}
