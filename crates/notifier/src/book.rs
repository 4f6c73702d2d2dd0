//! What is known of the things that notices are about, from the read models: they are as new as the event that is told.

use domain::{
    ClientId, KeyId, Name, PolicyId, PrincipalId, WebhookId, access::ResourceFacts, api_client::ContactRole,
    webhook::Endpoint,
};
use projections::{
    ReadFailure, ReadModel,
    queries::{
        Page,
        clients::{self, ClientRow},
        keys::{self, KeyRow},
        policies::{self, AssignmentFilter, AssignmentRow, PolicyRow},
        principals, webhooks,
    },
};

use crate::{
    notice::{ClientRef, KeyRef},
    notices::EndpointRef,
};

/// A policy is told of to so many clients at most; beyond that the rule of a team is the better way.
const ASSIGNMENTS_MAX: u32 = 10_000;

/// The read models, asked as notices need them.
#[derive(Clone, Debug)]
pub(crate) struct Book {
    read: ReadModel,
}

/// A client with what tells whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownClient {
    pub(crate) told: ClientRef,
    pub(crate) row: ClientRow,
}

/// A key and its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownKey {
    pub(crate) told: KeyRef,
    pub(crate) client: KnownClient,
    pub(crate) row: KeyRow,
}

impl Book {
    pub(crate) fn new(read: ReadModel) -> Self {
        Self { read }
    }

    pub(crate) fn read(&self) -> &ReadModel {
        &self.read
    }

    pub(crate) async fn client(&self, id: ClientId) -> Result<Option<KnownClient>, ReadFailure> {
        Ok(clients::get(&self.read, id).await?.and_then(KnownClient::of))
    }

    /// With its client; none where one of them is not known.
    pub(crate) async fn key(&self, id: KeyId) -> Result<Option<KnownKey>, ReadFailure> {
        match keys::get(&self.read, id).await? {
            Some(row) => self.with_client(row).await,
            None => Ok(None),
        }
    }

    pub(crate) async fn with_client(&self, row: KeyRow) -> Result<Option<KnownKey>, ReadFailure> {
        let Some(client) = self.client(row.client_id).await? else { return Ok(None) };
        Ok(KnownKey::of(row, client))
    }

    pub(crate) async fn policy(&self, id: PolicyId) -> Result<Option<PolicyRow>, ReadFailure> {
        policies::row(&self.read, id).await
    }

    /// The clients that assignments of the policy name, each once.
    pub(crate) async fn named_by(&self, id: PolicyId) -> Result<Vec<ClientId>, ReadFailure> {
        let filter = AssignmentFilter { policy_id: Some(id), ..AssignmentFilter::default() };
        let assignments = policies::assignments(&self.read, &filter, &Page::first(ASSIGNMENTS_MAX)).await?;
        let named: std::collections::BTreeSet<ClientId> =
            assignments.into_iter().filter_map(|AssignmentRow { client_id, .. }| client_id).collect();
        Ok(named.into_iter().collect())
    }

    /// Where somebody can be written to; none of a service account, of who is not there, and once erased.
    pub(crate) async fn address_of(&self, id: PrincipalId) -> Result<Option<String>, ReadFailure> {
        Ok(principals::get(&self.read, id).await?.and_then(|row| row.email))
    }

    pub(crate) async fn endpoint(&self, id: WebhookId) -> Result<Option<Endpoint>, ReadFailure> {
        Ok(webhooks::get(&self.read, id).await?.map(|row| row.endpoint))
    }
}

impl KnownClient {
    pub(crate) fn of(row: ClientRow) -> Option<Self> {
        let (name, owner_team) = (row.name.parse().ok()?, row.owner_team.parse().ok()?);
        Some(Self { told: ClientRef { id: row.client_id, name, owner_team }, row })
    }

    /// Whose it is, and in which environments.
    pub(crate) fn facts(&self) -> ResourceFacts {
        let environments = self.row.environments.iter().filter_map(|name| name.parse().ok());
        ResourceFacts::owned(&self.told.owner_team, environments)
    }

    /// Addresses of contacts in this role, or all, as far as they are not erased.
    pub(crate) fn contacts(&self, role: Option<ContactRole>) -> impl Iterator<Item = &str> {
        let wanted =
            self.row.contacts.iter().filter(move |contact| role.is_none_or(|role| contact.role == role));
        wanted.filter_map(|contact| contact.email.as_deref())
    }

    pub(crate) fn owner(&self) -> Option<&str> {
        self.row.owner_email.as_deref()
    }
}

impl KnownKey {
    pub(crate) fn of(row: KeyRow, client: KnownClient) -> Option<Self> {
        let name: Name = row.name.parse().ok()?;
        let environment = row.environment.parse().ok()?;
        let told = KeyRef { id: row.key_id, name, environment, hint: row.hint.clone() };
        Some(Self { told, client, row })
    }

    pub(crate) fn facts(&self) -> ResourceFacts {
        ResourceFacts::owned(&self.client.told.owner_team, [self.told.environment.clone()])
    }
}

/// As it is told of: without what its path may know.
pub(crate) fn endpoint_ref(id: WebhookId, endpoint: &Endpoint) -> EndpointRef {
    let team = match &endpoint.spec.scope {
        domain::access::GrantScope::All => None,
        domain::access::GrantScope::Limited(limits) => limits.team.clone(),
    };
    EndpointRef { id, host: endpoint.spec.url.host().to_owned(), team }
}
