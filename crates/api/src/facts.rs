//! Whose a thing is, and where: nothing is handed out to somebody before that is known.

use domain::{
    ClientId, Environment, KeyId,
    access::{Permission, Principal, ResourceFacts},
    api_client::ApiClient,
    api_key::ApiKey,
    approval::Approval,
    approval_rule::ApprovalRule,
    erasure::Erasure,
    grant::GivenGrant,
    notification_rule::{About, NotificationRule},
    operation::Operation,
    principal::{Account, Holder},
    rate_limit_policy::RateLimitPolicy,
    route::Route,
    scheduled_change::{PlannedChange, ScheduledChange},
    webhook::Webhook,
};
use eventlog::{EventLog, LogFailure, Stored};
use projections::{
    ReadFailure, ReadModel,
    queries::{clients, keys},
};

/// What only a grant over everything reaches.
pub(crate) const ANYTHING: ResourceFacts =
    ResourceFacts::Owned { owner_team: None, environments: std::collections::BTreeSet::new() };

/// An aggregate that is handed out only to those who may see it.
pub(crate) trait Guarded: Stored {
    /// What lets somebody see it.
    fn seen_by(&self) -> Permission;

    /// Whose it is; none while it is nothing.
    fn facts(
        &self,
        log: &EventLog,
        asker: &Principal,
    ) -> impl Future<Output = Result<Option<ResourceFacts>, LogFailure>> + Send;
}

impl Guarded for ApiClient {
    fn seen_by(&self) -> Permission {
        Permission::ClientRead
    }

    async fn facts(&self, _: &EventLog, _: &Principal) -> Result<Option<ResourceFacts>, LogFailure> {
        Ok(of_client(self))
    }
}

impl Guarded for ApiKey {
    fn seen_by(&self) -> Permission {
        Permission::KeyRead
    }

    async fn facts(&self, log: &EventLog, _: &Principal) -> Result<Option<ResourceFacts>, LogFailure> {
        let Some(lineage) = self.lineage() else { return Ok(None) };
        let client = log.load::<ApiClient>(lineage.client_id).await?.state;
        Ok(Some(in_environment(&client, &lineage.environment)))
    }
}

impl Guarded for Route {
    fn seen_by(&self) -> Permission {
        Permission::RouteRead
    }

    async fn facts(&self, _: &EventLog, _: &Principal) -> Result<Option<ResourceFacts>, LogFailure> {
        Ok(Some(ResourceFacts::Shared))
    }
}

impl Guarded for RateLimitPolicy {
    fn seen_by(&self) -> Permission {
        Permission::PolicyRead
    }

    async fn facts(&self, _: &EventLog, _: &Principal) -> Result<Option<ResourceFacts>, LogFailure> {
        Ok(Some(ResourceFacts::Shared))
    }
}

impl Guarded for ScheduledChange {
    fn seen_by(&self) -> Permission {
        Permission::ChangeRead
    }

    async fn facts(&self, log: &EventLog, _: &Principal) -> Result<Option<ResourceFacts>, LogFailure> {
        match self.plan() {
            Some(plan) => of_change(log, &plan.change).await.map(Some),
            None => Ok(None),
        }
    }
}

impl Guarded for Operation {
    fn seen_by(&self) -> Permission {
        Permission::OperationRead
    }

    /// The keys in it may be anybody's: it is shown to whoever ordered it, and to those who see everything.
    async fn facts(&self, _: &EventLog, asker: &Principal) -> Result<Option<ResourceFacts>, LogFailure> {
        Ok(self.run().map(|run| of_order(&run.ordered.by, asker)))
    }
}

impl Guarded for Account {
    fn seen_by(&self) -> Permission {
        match self.profile().map(|profile| &profile.holder) {
            Some(Holder::ServiceAccount { .. }) => Permission::ServiceAccountRead,
            Some(Holder::Person { .. }) | None => Permission::PrincipalRead,
        }
    }

    async fn facts(&self, _: &EventLog, _: &Principal) -> Result<Option<ResourceFacts>, LogFailure> {
        Ok(self.profile().map(|profile| match &profile.holder {
            Holder::Person { .. } => ResourceFacts::Shared,
            Holder::ServiceAccount { name: _, team } => ResourceFacts::owned(team, []),
        }))
    }
}

/// Anybody's values may be in it.
impl Guarded for Erasure {
    fn seen_by(&self) -> Permission {
        Permission::PersonalErase
    }

    async fn facts(&self, _: &EventLog, _: &Principal) -> Result<Option<ResourceFacts>, LogFailure> {
        Ok(Some(ANYTHING))
    }
}

impl Guarded for GivenGrant {
    fn seen_by(&self) -> Permission {
        Permission::GrantRead
    }

    async fn facts(&self, _: &EventLog, _: &Principal) -> Result<Option<ResourceFacts>, LogFailure> {
        Ok(self.terms().map(|terms| terms.scope.facts()))
    }
}

impl Guarded for Approval {
    fn seen_by(&self) -> Permission {
        Permission::ApprovalRead
    }

    /// One's own proposal is nobody else's; of the others, what they are about has to be in sight.
    async fn facts(&self, _: &EventLog, asker: &Principal) -> Result<Option<ResourceFacts>, LogFailure> {
        let Some(proposal) = self.proposal() else { return Ok(None) };
        if proposal.proposer == asker.id {
            return Ok(Some(ResourceFacts::Shared));
        }
        let facts = proposal.needs.iter().map(|need| need.facts.clone());
        Ok(Some(facts.reduce(both).unwrap_or(ANYTHING)))
    }
}

impl Guarded for ApprovalRule {
    fn seen_by(&self) -> Permission {
        Permission::ApprovalRead
    }

    async fn facts(&self, _: &EventLog, _: &Principal) -> Result<Option<ResourceFacts>, LogFailure> {
        Ok((*self != Self::Absent).then_some(ResourceFacts::Shared))
    }
}

/// A webhook is of its scope: who makes it is to see what it is told.
impl Guarded for Webhook {
    fn seen_by(&self) -> Permission {
        Permission::WebhookRead
    }

    async fn facts(&self, _: &EventLog, _: &Principal) -> Result<Option<ResourceFacts>, LogFailure> {
        Ok(self.endpoint().map(|endpoint| endpoint.spec.scope.facts()))
    }
}

impl Guarded for NotificationRule {
    fn seen_by(&self) -> Permission {
        Permission::NotificationRuleRead
    }

    async fn facts(&self, log: &EventLog, _: &Principal) -> Result<Option<ResourceFacts>, LogFailure> {
        match self.spec() {
            Some(spec) => of_about(log, &spec.about).await.map(Some),
            None => Ok(None),
        }
    }
}

/// A rule is of what it is about: of a client, a team, an environment. One about everything is for whoever holds everything.
pub(crate) async fn of_about(log: &EventLog, about: &About) -> Result<ResourceFacts, LogFailure> {
    let About { client_id, team, environment } = about;
    if let Some(client_id) = client_id {
        let client = log.load::<ApiClient>(*client_id).await?.state;
        return Ok(match environment {
            Some(environment) => in_environment(&client, environment),
            None => of_client(&client).unwrap_or(ANYTHING),
        });
    }
    let environments = environment.iter().cloned().collect();
    Ok(ResourceFacts::Owned { owner_team: team.clone(), environments })
}

/// What only those see who see the one and the other.
fn both(one: ResourceFacts, other: ResourceFacts) -> ResourceFacts {
    match (one, other) {
        (ResourceFacts::Shared, other) | (other, ResourceFacts::Shared) => other,
        (one, other) if one == other => one,
        (_, _) => ANYTHING,
    }
}

/// None where the client is not registered.
pub(crate) fn of_client(client: &ApiClient) -> Option<ResourceFacts> {
    let profile = client.profile()?;
    Some(ResourceFacts::owned(&profile.owner.team, profile.environments.iter().cloned()))
}

/// What lies in one environment of a client.
pub(crate) fn in_environment(client: &ApiClient, environment: &Environment) -> ResourceFacts {
    match client.profile() {
        Some(profile) => ResourceFacts::owned(&profile.owner.team, [environment.clone()]),
        None => ANYTHING,
    }
}

/// An order on many things.
pub(crate) fn of_order(ordered_by: &str, asker: &Principal) -> ResourceFacts {
    if ordered_by == asker.id { ResourceFacts::Shared } else { ANYTHING }
}

/// A planned change is its subject's.
pub(crate) async fn of_change(log: &EventLog, change: &PlannedChange) -> Result<ResourceFacts, LogFailure> {
    let client =
        async |client_id: ClientId| log.load::<ApiClient>(client_id).await.map(|loaded| loaded.state);
    Ok(match change {
        PlannedChange::SuspendKey { key_id, client_id } => {
            let key = log.load::<ApiKey>(*key_id).await?.state;
            match key.lineage() {
                Some(lineage) => in_environment(&*client(*client_id).await?, &lineage.environment),
                None => ANYTHING,
            }
        }
        PlannedChange::SuspendClient { client_id } => {
            of_client(&*client(*client_id).await?).unwrap_or(ANYTHING)
        }
        // What is assigned, and to whom, is a matter of the policy, which is nobody's.
        PlannedChange::AssignPolicy { .. }
        | PlannedChange::UnassignPolicy { .. }
        | PlannedChange::RevisePolicy { .. } => ResourceFacts::Shared,
    })
}

/// The same of a client as the read models have it.
pub(crate) async fn read_client(read: &ReadModel, id: ClientId) -> Result<ResourceFacts, ReadFailure> {
    Ok(clients::get(read, id).await?.map_or(ANYTHING, |row| of_row(&row.owner_team, &row.environments)))
}

/// The same of a key.
pub(crate) async fn read_key(read: &ReadModel, id: KeyId) -> Result<ResourceFacts, ReadFailure> {
    match keys::get(read, id).await? {
        Some(row) => read_within(read, Some(row.client_id), &row.environment).await,
        None => Ok(ANYTHING),
    }
}

/// What was recorded of a client in one environment, or of nobody there.
pub(crate) async fn read_within(
    read: &ReadModel,
    client_id: Option<ClientId>,
    environment: &str,
) -> Result<ResourceFacts, ReadFailure> {
    let client = match client_id {
        Some(id) => clients::get(read, id).await?,
        None => None,
    };
    let owner_team = client.and_then(|row| row.owner_team.parse().ok());
    Ok(ResourceFacts::Owned { owner_team, environments: environment.parse().into_iter().collect() })
}

pub(crate) fn of_row(owner_team: &str, environments: &[String]) -> ResourceFacts {
    let environments = environments.iter().filter_map(|name| name.parse().ok()).collect();
    ResourceFacts::Owned { owner_team: owner_team.parse().ok(), environments }
}
