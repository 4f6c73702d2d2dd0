//! A client as it is shown.

use std::collections::BTreeMap;

use domain::{
    ClientId, Timestamp,
    access::{Principal, ResourceFacts},
    api_client::{ClientKind, ContactRole},
};
use projections::{
    ClientStatus, ReadFailure, ReadModel,
    queries::clients::{self, ClientRow, ContactRow},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{answer::Resource, docs::form, facts::of_row};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Client)]
pub(crate) struct ClientView {
    #[schema(value_type = form::ClientId, inline)]
    id: ClientId,
    name: String,
    #[schema(value_type = form::ClientKind, inline)]
    kind: ClientKind,
    #[schema(value_type = form::ClientStatus, inline)]
    status: ClientStatus,
    owner: OwnerView,
    contacts: Vec<ContactView>,
    environments: Vec<String>,
    scopes: Vec<String>,
    labels: BTreeMap<String, String>,
    /// Counts the client's events; its `ETag`.
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Who answers for the client on our side.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Owner)]
pub(crate) struct OwnerView {
    team: String,
    /// Null once erased.
    email: Option<String>,
}

/// A person on the client's side; name and address are null once erased.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Contact)]
pub(crate) struct ContactView {
    name: Option<String>,
    email: Option<String>,
    #[schema(value_type = form::ContactRole, inline)]
    role: ContactRole,
}

impl From<ClientRow> for ClientView {
    fn from(row: ClientRow) -> Self {
        let ClientRow {
            client_id,
            name,
            kind,
            status,
            owner_team,
            owner_email,
            contacts,
            environments,
            scopes,
            ..
        } = row;
        let contacts = contacts.into_iter().map(|ContactRow { name, email, role, .. }| ContactView {
            name,
            email,
            role,
        });
        Self {
            id: client_id,
            name,
            kind,
            status,
            owner: OwnerView { team: owner_team, email: owner_email },
            contacts: contacts.collect(),
            environments,
            scopes,
            labels: row.labels,
            version: row.version,
            created_at: row.registered_at,
            updated_at: row.updated_at,
        }
    }
}

impl Resource for ClientView {
    type Id = ClientId;
    const COLLECTION: &'static str = "/v1/clients";

    async fn read(read: &ReadModel, id: ClientId) -> Result<Option<Self>, ReadFailure> {
        Ok(clients::get(read, id).await?.map(Self::from))
    }

    fn version(&self) -> u64 {
        self.version
    }

    async fn facts(&self, _: &ReadModel, _: &Principal) -> Result<ResourceFacts, ReadFailure> {
        Ok(of_row(&self.owner.team, &self.environments))
    }
}
