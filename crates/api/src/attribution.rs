//! Who set what an answer rests on: the events, with their actors and reasons.

use domain::{
    ClientId, KeyId, Position, RouteId, Timestamp,
    decision::{LimitStatus, RefusalReason},
};
use projections::queries::audit::{self, AuditEntry};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    guard::{Allowed, Needs},
    problem::Problem,
};

/// An event that an answer rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct EventRef {
    /// What it set: an `assignment` or a `policy` of the limits, or the `cause` of a refusal; a `reset` of a limit.
    about: &'static str,
    /// Its place in the audit log.
    pub(crate) position: Position,
    /// Such as `rate_limit_policy.revised`.
    event_type: String,
    /// The thing that it changed.
    subject_id: String,
    occurred_at: Timestamp,
    actor: String,
    reason: Option<String>,
}

impl EventRef {
    fn of(about: &'static str, entry: AuditEntry) -> Self {
        let AuditEntry { position, action, subject_id, occurred_at, actor, reason, .. } = entry;
        Self { about, position, event_type: action, subject_id, occurred_at, actor, reason }
    }
}

/// Those whose state may have been the cause.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Parties {
    pub(crate) client_id: Option<ClientId>,
    pub(crate) key_id: Option<KeyId>,
    pub(crate) route_id: Option<RouteId>,
}

/// Collects events, each once and in the order they are asked for.
pub(crate) struct Events<'a, P> {
    allowed: &'a Allowed<P>,
    /// How much of the log the answer rests on: what came later has nothing to do with it.
    until: Position,
    found: Vec<EventRef>,
}

impl<'a, P: Needs> Events<'a, P> {
    pub(crate) fn until(allowed: &'a Allowed<P>, until: Position) -> Self {
        Self { allowed, until, found: vec![] }
    }

    /// The assignments of limits, and the revisions of their policies.
    pub(crate) async fn of_limits(mut self, limits: &[LimitStatus]) -> Result<Self, Problem> {
        for LimitStatus { assigned_at, policy_id, .. } in limits {
            self.at("assignment", *assigned_at).await?;
            let revised = ["rate_limit_policy.defined", "rate_limit_policy.revised"];
            self.last("policy", &policy_id.to_string(), revised).await?;
        }
        Ok(self)
    }

    /// What led to a refusal, where one event did.
    pub(crate) async fn of_refusal(
        mut self,
        reason: Option<RefusalReason>,
        parties: Parties,
    ) -> Result<Self, Problem> {
        if let Some((subject, events)) = reason.and_then(|reason| cause(reason, parties)) {
            self.last("cause", &subject, events).await?;
        }
        Ok(self)
    }

    pub(crate) async fn at(&mut self, about: &'static str, position: Position) -> Result<(), Problem> {
        if position > Position::START && self.found.iter().all(|found| found.position != position) {
            let entry = audit::get(self.allowed.read(), position).await;
            let entry = entry.map_err(|failure| Problem::unread(&failure))?;
            self.found.extend(entry.map(|entry| EventRef::of(about, entry)));
        }
        Ok(())
    }

    async fn last(&mut self, about: &'static str, subject: &str, events: [&str; 2]) -> Result<(), Problem> {
        if self.found.iter().any(|found| found.about == about && found.subject_id == subject) {
            return Ok(());
        }
        let entry = audit::last_of(self.allowed.read(), subject, events, self.until).await;
        let entry = entry.map_err(|failure| Problem::unread(&failure))?;
        self.found.extend(entry.map(|entry| EventRef::of(about, entry)));
        Ok(())
    }

    pub(crate) fn found(self) -> Vec<EventRef> {
        self.found
    }
}

/// The thing whose last event of these kinds led to a refusal; none where it is not one event.
fn cause(reason: RefusalReason, parties: Parties) -> Option<(String, [&'static str; 2])> {
    use RefusalReason as R;
    let Parties { client_id, key_id, route_id } = parties;
    let key = |events| Some((key_id?.to_string(), events));
    let client = |events| Some((client_id?.to_string(), events));
    let route = |events| Some((route_id?.to_string(), events));
    match reason {
        R::KeyRevoked => key(["api_key.revoked", "api_key.revocation_scheduled"]),
        R::KeySuspended => key(["api_key.suspended"; 2]),
        R::KeyExpired | R::KeyNotYetValid => key(["api_key.issued", "api_key.rotated"]),
        R::KeyQuarantined => key(["api_key.quarantined"; 2]),
        R::SecretRetired => key(["api_key.rotated"; 2]),
        R::WrongEnvironment | R::AddressNotAllowed => key(["api_key.issued"; 2]),
        R::ClientSuspended => client(["api_client.suspended"; 2]),
        R::ClientArchived => client(["api_client.archived"; 2]),
        R::MissingScope => route(["route.defined", "route.revised"]),
        R::MissingSecret
        | R::MalformedSecret
        | R::UnknownSecret
        | R::BadPath
        | R::UnknownRoute
        | R::RateLimited
        | R::QuotaExceeded
        | R::QuotaUnavailable
        | R::StaleConfiguration => None,
    }
}
