//! Whether a webhook may still be told what it was to be told once: its scope may have been narrowed since, and the webhook handed on with it.

use std::collections::BTreeSet;

use domain::{
    Environment, Position,
    access::{Access, GrantScope, ResourceFacts},
    webhook::Endpoint,
};
use jiff::SignedDuration;
use outbox::{Claimed, MessageKind};
use projections::{event_message, queries::clients};

use crate::{
    parts::{Failure, Parts},
    told::Kept,
};

/// What is tried sooner than that is told within the scope that it was found for. Later it was held, failed, or is sent again.
const FRESH: SignedDuration = SignedDuration::from_secs(60);

pub(super) async fn still_reaches(
    parts: &Parts,
    endpoint: &Endpoint,
    claimed: &Claimed,
) -> Result<bool, Failure> {
    let scope = &endpoint.spec.scope;
    if *scope == GrantScope::All || parts.clock.now().duration_since(claimed.created_at) < FRESH {
        return Ok(true);
    }
    match claimed.kind {
        MessageKind::Event => reaches_event(parts, scope, claimed).await,
        MessageKind::Notice => reaches_notice(parts, scope, claimed).await,
        MessageKind::Test | MessageKind::Verify | MessageKind::Digest => Ok(true),
    }
}

/// As it would be found now.
async fn reaches_event(parts: &Parts, scope: &GrantScope, claimed: &Claimed) -> Result<bool, Failure> {
    let Some(position) = claimed.position else { return Ok(false) };
    let before = Position::new(position.get().saturating_sub(1));
    let events = parts.log.read(before, 1).await?;
    let abouts = event_message::about(&parts.read, &events).await?;
    Ok(abouts.iter().any(|about| event_message::reaches(scope, about)))
}

/// What a rule tells, the rule decides. Of what is no client's the scope is not known any more: it was within it.
async fn reaches_notice(parts: &Parts, scope: &GrantScope, claimed: &Claimed) -> Result<bool, Failure> {
    let (Some(client_id), None) = (claimed.client_id, Kept::read(&claimed.body)?.rule) else {
        return Ok(true);
    };
    let Some(client) = clients::get(&parts.read, client_id).await? else { return Ok(false) };
    let environments: BTreeSet<Environment> = match &claimed.environment {
        Some(environment) => [environment.clone()].into(),
        None => client.environments.iter().filter_map(|name| name.parse().ok()).collect(),
    };
    let facts = ResourceFacts::Owned { owner_team: client.owner_team.parse().ok(), environments };
    Ok(scope.reaches(Access::Read, &facts))
}
