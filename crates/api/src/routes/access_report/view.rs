//! What the report shows.

use domain::{ClientId, KeyId, RouteId, Timestamp};
use projections::queries::access_report::{Access, AccessLimit};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{csv::Cell, docs::form, listing::Line, query::Page};

/// Who could call what at a moment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessReport {
    items: Vec<AccessLine>,
    /// Give it as `cursor` for the next page; null on the last one.
    next_cursor: Option<String>,
    /// The moment at which expiry and windows were judged.
    at: Timestamp,
}

/// A key can call a route.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessLine {
    #[schema(value_type = form::KeyId, inline)]
    pub(super) key_id: KeyId,
    key_name: String,
    #[schema(value_type = form::ClientId, inline)]
    client_id: ClientId,
    client_name: String,
    owner_team: String,
    environment: String,
    /// The earlier of expiry and planned revocation.
    ends_at: Option<Timestamp>,
    /// Empty: from anywhere.
    allowed_cidrs: Vec<String>,
    /// Reported as leaked: known addresses only, and the limits of its environment's quarantine.
    quarantined: bool,
    #[schema(value_type = form::RouteId, inline)]
    pub(super) route_id: RouteId,
    route_name: String,
    methods: Vec<String>,
    /// Empty: any.
    hosts: Vec<String>,
    path: String,
    required_scopes: Vec<String>,
    /// Those in force first, rates before quotas, then those in shadow. Empty: nothing limits these calls.
    limits: Vec<AccessLimitView>,
}

/// A limit that binds such calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AccessLimit)]
pub(crate) struct AccessLimitView {
    /// `rate` or `quota`.
    kind: &'static str,
    /// `enforce` or `shadow`.
    mode: &'static str,
    name: String,
    policy_id: String,
    policy_name: String,
    policy_revision: u32,
    assignment_id: String,
    /// When the assignment ends by itself.
    until: Option<Timestamp>,
    /// In words: `100 per 60 s, burst 20, by client`.
    #[schema(example = "100 per 60 s, burst 20, by client")]
    says: String,
}

impl AccessReport {
    pub(super) fn of(at: Timestamp, Page { items, next_cursor }: Page<AccessLine>) -> Self {
        Self { items, next_cursor, at }
    }
}

impl From<AccessLimit> for AccessLimitView {
    fn from(limit: AccessLimit) -> Self {
        let AccessLimit { kind, mode, name, policy_id, policy_name, policy_revision, .. } = limit;
        let AccessLimit { assignment_id, until, says, .. } = limit;
        let (kind, mode) = (kind.as_str(), mode.as_str());
        Self { kind, mode, name, policy_id, policy_name, policy_revision, assignment_id, until, says }
    }
}

impl From<Access> for AccessLine {
    fn from(access: Access) -> Self {
        Self {
            key_id: access.key_id,
            key_name: access.key_name,
            client_id: access.client_id,
            client_name: access.client_name,
            owner_team: access.owner_team,
            environment: access.environment,
            ends_at: access.ends_at,
            allowed_cidrs: access.allowed_cidrs,
            quarantined: access.quarantined,
            route_id: access.route_id,
            route_name: access.route_name,
            methods: access.methods,
            hosts: access.hosts,
            path: access.path,
            required_scopes: access.required_scopes,
            limits: access.limits.into_iter().map(AccessLimitView::from).collect(),
        }
    }
}

impl AccessLine {
    /// Whether something else may be called by it, or by other limits.
    pub(super) fn differs(&self, other: &Self) -> bool {
        let shown = |line: &Self| {
            let Self { allowed_cidrs, quarantined, methods, hosts, path, limits, ends_at, .. } = line;
            (
                allowed_cidrs.clone(),
                *quarantined,
                methods.clone(),
                hosts.clone(),
                path.clone(),
                limits.clone(),
                *ends_at,
            )
        };
        shown(self) != shown(other)
    }

    pub(super) fn limits_in_words(&self) -> String {
        let one = |limit: &AccessLimitView| {
            let AccessLimitView { mode, name, policy_name, policy_revision, says, .. } = limit;
            let shadow = if *mode == "shadow" { " (shadow)" } else { "" };
            format!("{name}: {says}{shadow} [{policy_name} r{policy_revision}]")
        };
        self.limits.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}

impl Line for AccessLine {
    const COLUMNS: &'static [&'static str] = &[
        "key_id",
        "key_name",
        "client_id",
        "client_name",
        "owner_team",
        "environment",
        "ends_at",
        "allowed_cidrs",
        "quarantined",
        "route_id",
        "route_name",
        "methods",
        "hosts",
        "path",
        "required_scopes",
        "limits",
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.key_id),
            Cell::text(&self.key_name),
            Cell::text(self.client_id),
            Cell::text(&self.client_name),
            Cell::text(&self.owner_team),
            Cell::text(&self.environment),
            Cell::text_or_empty(self.ends_at),
            Cell::text(self.allowed_cidrs.join(" ")),
            Cell::text(self.quarantined),
            Cell::text(self.route_id),
            Cell::text(&self.route_name),
            Cell::text(self.methods.join(" ")),
            Cell::text(self.hosts.join(" ")),
            Cell::text(&self.path),
            Cell::text(self.required_scopes.join(" ")),
            Cell::text(self.limits_in_words()),
        ]
    }
}
