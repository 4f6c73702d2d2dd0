//! A policy as it is shown, and whom it binds.

use std::collections::BTreeSet;

use domain::{
    AssignmentId, ClientId, Environment, Name, PolicyId, RouteId, Timestamp,
    access::{Principal, Reach, ResourceFacts},
    rate_limit_policy::{Assignment, Counting, Mode, PolicySpec, QuotaLimit, RateLimit},
};
use projections::{
    PolicyStatus, ReadFailure, ReadModel,
    queries::{
        clients,
        policies::{self, AssignedPolicy, AssignmentRow, PolicyRow},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{answer::Resource, docs::form};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Policy)]
pub(crate) struct PolicyView {
    #[schema(value_type = form::PolicyId, inline)]
    id: PolicyId,
    #[schema(value_type = String)]
    name: Name,
    #[schema(value_type = form::PolicyStatus, inline)]
    status: PolicyStatus,
    #[schema(value_type = Vec<form::RateLimit>, inline)]
    rates: Vec<RateLimit>,
    #[schema(value_type = Vec<form::QuotaLimit>, inline)]
    quotas: Vec<QuotaLimit>,
    #[schema(value_type = form::Counting, inline)]
    counting: Counting,
    #[schema(value_type = form::Mode, inline)]
    mode: Mode,
    /// Percentages of a quota at which its use is worth a notice.
    thresholds: BTreeSet<u8>,
    /// Counts what the policy has said, from 1; decisions name it.
    revision: u32,
    /// Counts the policy's events, those about its assignments too; its `ETag`.
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A policy with all its assignments, in the order in which they were made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AssignedPolicy)]
pub(crate) struct AssignedPolicyView {
    #[serde(flatten)]
    policy: PolicyView,
    assignments: Vec<AssignmentView>,
}

/// Whom a policy binds: all of what is given must fit the call; nothing given is the default for everyone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Assignment)]
pub(crate) struct AssignmentView {
    #[schema(value_type = form::AssignmentId, inline)]
    id: AssignmentId,
    #[schema(value_type = form::PolicyId, inline)]
    policy_id: PolicyId,
    #[schema(value_type = Option<String>)]
    client_id: Option<ClientId>,
    #[schema(value_type = Option<String>)]
    route_id: Option<RouteId>,
    #[schema(value_type = Option<String>)]
    environment: Option<Environment>,
    /// How specific it is: of those that fit a call, `client_and_route` goes before `client`, then `route`, `environment`,
    /// `default`; at each, one that names the environment too goes before one that does not.
    #[schema(value_type = String, pattern = "^(client_and_route|client|route|environment|default)$")]
    level: &'static str,
    /// Binds from then on.
    from: Option<Timestamp>,
    /// Binds before then.
    until: Option<Timestamp>,
}

impl AssignmentView {
    pub(crate) fn of(policy_id: PolicyId, assignment: Assignment) -> Self {
        let Assignment { assignment_id, client_id, route_id, environment, from, until } = assignment;
        let level = level(client_id, route_id, environment.as_ref());
        Self { id: assignment_id, policy_id, client_id, route_id, environment, level, from, until }
    }
}

fn level(
    client: Option<ClientId>,
    route: Option<RouteId>,
    environment: Option<&Environment>,
) -> &'static str {
    match (client, route, environment) {
        (Some(_), Some(_), _) => "client_and_route",
        (Some(_), None, _) => "client",
        (None, Some(_), _) => "route",
        (None, None, Some(_)) => "environment",
        (None, None, None) => "default",
    }
}

impl From<AssignmentRow> for AssignmentView {
    fn from(row: AssignmentRow) -> Self {
        let AssignmentRow { assignment_id, policy_id, client_id, route_id, environment, from, until, .. } =
            row;
        let environment: Option<Environment> = environment.and_then(|environment| environment.parse().ok());
        let level = level(client_id, route_id, environment.as_ref());
        Self { id: assignment_id, policy_id, client_id, route_id, environment, level, from, until }
    }
}

impl From<PolicyRow> for PolicyView {
    fn from(row: PolicyRow) -> Self {
        let PolicyRow { policy_id, status, revision, spec, version, position: _, defined_at, updated_at } =
            row;
        let PolicySpec { name, rates, quotas, counting, mode, thresholds } = spec;
        Self {
            id: policy_id,
            name,
            status,
            rates,
            quotas,
            counting,
            mode,
            thresholds,
            revision,
            version,
            created_at: defined_at,
            updated_at,
        }
    }
}

impl AssignedPolicyView {
    /// What the policy says.
    pub(super) fn spec(&self) -> PolicySpec {
        let PolicyView { name, rates, quotas, counting, mode, thresholds, .. } = &self.policy;
        PolicySpec {
            name: name.clone(),
            rates: rates.clone(),
            quotas: quotas.clone(),
            counting: *counting,
            mode: *mode,
            thresholds: thresholds.clone(),
        }
    }
}

impl From<AssignedPolicy> for AssignedPolicyView {
    fn from(AssignedPolicy { policy, assignments }: AssignedPolicy) -> Self {
        Self { policy: policy.into(), assignments: assignments.into_iter().map(Into::into).collect() }
    }
}

impl Resource for AssignedPolicyView {
    type Id = PolicyId;
    const COLLECTION: &'static str = "/v1/policies";

    async fn read(read: &ReadModel, id: PolicyId) -> Result<Option<Self>, ReadFailure> {
        Ok(policies::get(read, id).await?.map(Self::from))
    }

    fn version(&self) -> u64 {
        self.policy.version
    }

    /// An assignment that names a client is that client's.
    async fn within(mut self, read: &ReadModel, reach: &Reach) -> Result<Self, ReadFailure> {
        let named: BTreeSet<ClientId> =
            self.assignments.iter().filter_map(|assignment| assignment.client_id).collect();
        let seen = clients::within(read, named, reach).await?;
        self.assignments.retain(|assignment| assignment.client_id.is_none_or(|id| seen.contains(&id)));
        Ok(self)
    }

    async fn facts(&self, _: &ReadModel, _: &Principal) -> Result<ResourceFacts, ReadFailure> {
        Ok(ResourceFacts::Shared)
    }
}
