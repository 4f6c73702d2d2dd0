//! A route as it is shown.

use std::collections::BTreeSet;

use domain::{
    Name, RouteId, Scope, Timestamp,
    access::{Principal, ResourceFacts},
    route::{CostFromHeader, Host, Method, PathTemplate, RouteSpec},
};
use projections::{
    ReadFailure, ReadModel, RouteStatus,
    queries::routes::{self, RouteRow},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{answer::Resource, docs::form};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Route)]
pub(crate) struct RouteView {
    #[schema(value_type = form::RouteId, inline)]
    id: RouteId,
    #[schema(value_type = String)]
    name: Name,
    #[schema(value_type = form::RouteStatus, inline)]
    status: RouteStatus,
    /// The first of the hosts; null: any host.
    #[schema(value_type = Option<String>)]
    host: Option<Host>,
    /// All of them; empty: any host.
    #[schema(value_type = Vec<form::Host>, inline)]
    hosts: BTreeSet<Host>,
    #[schema(value_type = Vec<form::Method>, inline)]
    methods: BTreeSet<Method>,
    #[schema(value_type = String, example = "/orders/{id}")]
    path: PathTemplate,
    #[schema(value_type = Vec<form::Scope>, inline)]
    required_scopes: BTreeSet<Scope>,
    /// What one call takes from every limit.
    cost: u32,
    /// Where a trusted proxy may say that a call costs something else.
    #[schema(value_type = Option<form::CostFromHeader>, inline)]
    cost_from_header: Option<CostFromHeader>,
    /// Counts the route's events; its `ETag`.
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<RouteRow> for RouteView {
    fn from(row: RouteRow) -> Self {
        let RouteRow { route_id, status, spec, version, position: _, defined_at, updated_at } = row;
        let RouteSpec { name, hosts, methods, path, required_scopes, cost, cost_from_header } = spec;
        Self {
            id: route_id,
            name,
            status,
            host: hosts.first().cloned(),
            hosts,
            methods,
            path,
            required_scopes,
            cost,
            cost_from_header,
            version,
            created_at: defined_at,
            updated_at,
        }
    }
}

impl Resource for RouteView {
    type Id = RouteId;
    const COLLECTION: &'static str = "/v1/routes";

    async fn read(read: &ReadModel, id: RouteId) -> Result<Option<Self>, ReadFailure> {
        Ok(routes::get(read, id).await?.map(Self::from))
    }

    fn version(&self) -> u64 {
        self.version
    }

    async fn facts(&self, _: &ReadModel, _: &Principal) -> Result<ResourceFacts, ReadFailure> {
        Ok(ResourceFacts::Shared)
    }
}
