//! A grant as it is shown.

use domain::{
    GrantId, PrincipalId, Timestamp,
    access::{GrantScope, Principal, ResourceFacts, Role},
};
use projections::{
    GrantStatus, ReadFailure, ReadModel,
    queries::grants::{self, GrantRow},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{answer::Resource, docs::form};

/// A role that somebody holds within a scope.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Grant)]
pub(crate) struct GrantView {
    #[schema(value_type = form::GrantId, inline)]
    id: GrantId,
    #[schema(value_type = form::PrincipalId, inline)]
    principal_id: PrincipalId,
    #[schema(value_type = form::Role, inline)]
    role: Role,
    #[schema(value_type = form::GrantScope, inline)]
    scope: GrantScope,
    /// From then on it allows nothing, whatever its status.
    until: Option<Timestamp>,
    #[schema(value_type = form::GrantStatus, inline)]
    status: GrantStatus,
    reason: String,
    withdrawn_because: Option<String>,
    /// Counts the grant's events; its `ETag`.
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<GrantRow> for GrantView {
    fn from(row: GrantRow) -> Self {
        let GrantRow { grant_id, principal_id, role, scope, until, reason, status, .. } = row;
        let GrantRow { withdrawn_because, version, given_at, updated_at, .. } = row;
        Self {
            id: grant_id,
            principal_id,
            role,
            scope,
            until,
            status,
            reason,
            withdrawn_because,
            version,
            created_at: given_at,
            updated_at,
        }
    }
}

impl Resource for GrantView {
    type Id = GrantId;
    const COLLECTION: &'static str = "/v1/grants";

    async fn read(read: &ReadModel, id: GrantId) -> Result<Option<Self>, ReadFailure> {
        Ok(grants::get(read, id).await?.map(Self::from))
    }

    fn version(&self) -> u64 {
        self.version
    }

    async fn facts(&self, _: &ReadModel, _: &Principal) -> Result<ResourceFacts, ReadFailure> {
        Ok(self.scope.facts())
    }
}
