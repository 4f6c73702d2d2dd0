//! A dry run as it is shown.

use std::borrow::Cow;

use domain::{ClientId, RouteId, Timestamp, api_client::ContactRole};
use projections::queries::blast::{BlastRadius, CalledRoute, TouchedContact, TouchedOwner};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::docs::form;

/// What a write would do. Nothing is on record of it, not even its `Idempotency-Key`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DryRun)]
pub(crate) struct DryRunView {
    /// Always `true`.
    pub(crate) dry_run: bool,
    /// In the order in which they would be appended.
    pub(crate) events: Vec<EventView>,
    pub(crate) blast_radius: BlastRadiusView,
    /// The version that the write would make. `ETag` is the one that it was decided on.
    pub(crate) version: u64,
    /// Whether the write would wait for a second person.
    pub(crate) approval_required: bool,
    /// What is worth knowing before the write is given.
    pub(crate) warnings: Vec<Warning>,
}

/// An event that would be appended, as the audit log would show it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RehearsedEvent)]
pub(crate) struct EventView {
    #[schema(example = "api_key.revoked")]
    pub(crate) r#type: &'static str,
    #[schema(example = "api_key")]
    pub(crate) aggregate: &'static str,
    /// Null for what would be made: it gets its identifier then. Other new identifiers in `data` are examples.
    pub(crate) id: Option<String>,
    #[schema(value_type = Object)]
    pub(crate) data: Value,
}

/// Something to know about a write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Warning {
    /// For programs.
    #[schema(value_type = String, example = "no_change")]
    pub(crate) code: &'static str,
    /// For people. Its wording may change.
    #[schema(value_type = String)]
    pub(crate) message: Cow<'static, str>,
    /// What it is about, as a JSON pointer into the policy (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pointer: Option<String>,
}

impl Warning {
    pub(super) const NO_CHANGE: Self = Self::plain("no_change", "the write would change nothing");
    pub(super) const BEHIND: Self =
        Self::plain("read_models_behind", "the blast radius lacks what was put on record last");
    pub(super) const PEOPLE_HIDDEN: Self =
        Self::plain("people_hidden", "owners and contacts are shown to holders of `client.read`");

    const fn plain(code: &'static str, message: &'static str) -> Self {
        Self { code, message: Cow::Borrowed(message), pointer: None }
    }
}

/// Whom a write would touch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BlastRadius)]
pub(crate) struct BlastRadiusView {
    /// Calls of the last 24 hours, whatever became of them, counted from `since` on.
    calls_last_24h: u64,
    /// Those of them that were let through.
    allowed_last_24h: u64,
    /// The beginning of the quarter of an hour that was under way 24 hours ago.
    since: Timestamp,
    /// Of keys their latest use; of routes and policies the latest minute of the last 24 hours with a call.
    last_used_at: Option<Timestamp>,
    /// Keys that may still be used; of a route, those that called it.
    keys: u64,
    /// Clients that are not archived; likewise.
    clients: u64,
    /// At most 50, the busiest first.
    routes: Vec<CalledRouteView>,
    /// At most 50.
    environments: Vec<String>,
    /// Each once; those of at most 50 clients.
    owners: Vec<TouchedOwnerView>,
    /// At most 50.
    contacts: Vec<TouchedContactView>,
    /// Whether one of the lists is cut, or only the first 200 of a policy's assignments were looked at.
    truncated: bool,
}

/// A route that was called.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CalledRoute)]
pub(crate) struct CalledRouteView {
    #[schema(value_type = form::RouteId, inline)]
    id: RouteId,
    name: Option<String>,
    calls: u64,
}

/// Who answers for clients that are touched.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TouchedOwner)]
pub(crate) struct TouchedOwnerView {
    team: String,
    /// Null once erased.
    email: Option<String>,
}

/// A person of a client that is touched; name and address are null once erased.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TouchedContact)]
pub(crate) struct TouchedContactView {
    #[schema(value_type = form::ClientId, inline)]
    client_id: ClientId,
    name: Option<String>,
    email: Option<String>,
    #[schema(value_type = form::ContactRole, inline)]
    role: ContactRole,
}

impl BlastRadiusView {
    /// `people`: whether owners and contacts are shown.
    pub(super) fn of(radius: BlastRadius, people: bool) -> Self {
        let BlastRadius { since, calls, allowed, last_used_at, keys, clients, .. } = radius;
        let route = |CalledRoute { route_id, name, calls }| CalledRouteView { id: route_id, name, calls };
        let owner = |TouchedOwner { team, email }| TouchedOwnerView { team, email };
        let contact = |TouchedContact { client_id, name, email, role }| TouchedContactView {
            client_id,
            name,
            email,
            role,
        };
        Self {
            calls_last_24h: calls,
            allowed_last_24h: allowed,
            since,
            last_used_at,
            keys,
            clients,
            routes: radius.routes.into_iter().map(route).collect(),
            environments: radius.environments,
            owners: radius.owners.into_iter().filter(|_| people).map(owner).collect(),
            contacts: radius.contacts.into_iter().filter(|_| people).map(contact).collect(),
            truncated: radius.truncated,
        }
    }
}
