//! Whose an event is, and where: by this it is decided whether a webhook is told of it.

use std::collections::{BTreeSet, HashMap};

use domain::{
    ClientId, DomainEvent, Environment, Name, Recorded,
    access::{Access, GrantScope, ResourceFacts},
    api_key::{ApiKeyEvent, Imported, Issued},
    webhook::WebhookSpec,
};

use crate::{BadColumn, Columns, ReadFailure, ReadModel, Stored, audit_log::Client, queries::Select};

/// Whose an event is, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The client that it concerns, where there is one.
    pub client_id: Option<ClientId>,
    /// Who owns that client.
    pub team: Option<Name>,
    /// Of the key that it is about.
    pub environment: Option<Environment>,
    /// What a grant has to reach to see it in the audit log.
    pub facts: ResourceFacts,
}

/// Whether a webhook is told of an event of that type.
#[must_use]
pub fn is_told(spec: &WebhookSpec, event_type: &str, about: &About) -> bool {
    let WebhookSpec { name: _, url: _, events, scope } = spec;
    events.iter().any(|pattern| pattern.matches(event_type)) && reaches(scope, about)
}

/// As a grant in that scope reaches the event's entry in the audit log.
#[must_use]
pub fn reaches(scope: &GrantScope, about: &About) -> bool {
    scope.reaches(Access::Read, &about.facts)
}

/// Asked for at once: below every engine's bound of parameters.
const AT_ONCE: usize = 500;

/// Whose these events are, in their order. Ask once the model shows the last of them: an event of a client that it does not
/// show yet is nobody's, and only those are told who are told of everything.
///
/// # Errors
/// When the read model cannot be read.
pub async fn about(model: &ReadModel, events: &[Recorded]) -> Result<Vec<About>, ReadFailure> {
    let known = Known::of(model, events).await?;
    Ok(events.iter().map(|recorded| known.about(&recorded.event)).collect())
}

#[derive(Default)]
struct Known {
    keys: HashMap<String, Key>,
    /// Of assignments and planned changes.
    belongings: HashMap<String, ClientId>,
    clients: HashMap<ClientId, Owned>,
}

impl Known {
    async fn of(model: &ReadModel, events: &[Recorded]) -> Result<Self, ReadFailure> {
        let (mut keys, mut belongings) = (BTreeSet::new(), BTreeSet::new());
        for recorded in events {
            match Client::of(&recorded.event) {
                Client::None | Client::Known(..) => {}
                Client::OfKey(id) => drop(keys.insert(id.to_string())),
                Client::OfAssignment(id) => drop(belongings.insert(id.to_string())),
                Client::OfChange(id) => drop(belongings.insert(id.to_string())),
            }
        }
        let file = include_str!("select_keys.sql");
        let keys: Vec<Key> = all(model, file, "key_id in ({})", keys).await?;
        let file = include_str!("select_belongings.sql");
        let belongings: Vec<Belonging> = all(model, file, "id in ({})", belongings).await?;
        let mut known = Self {
            keys: keys.into_iter().map(|key| (key.id.clone(), key)).collect(),
            belongings: belongings.into_iter().map(|one| (one.id, one.client_id)).collect(),
            clients: HashMap::new(),
        };
        let concerned = events.iter().filter_map(|recorded| known.client(&recorded.event));
        let clients: BTreeSet<String> = concerned.map(|id| id.to_string()).collect();
        let file = include_str!("select_clients.sql");
        let clients: Vec<Owned> = all(model, file, "client_id in ({})", clients).await?;
        known.clients = clients.into_iter().map(|owned| (owned.client_id, owned)).collect();
        Ok(known)
    }

    fn client(&self, event: &DomainEvent) -> Option<ClientId> {
        match Client::of(event) {
            Client::None => None,
            Client::Known(client_id, _) => Some(client_id),
            Client::OfKey(id) => self.keys.get(&id.to_string()).map(|key| key.client_id),
            Client::OfAssignment(id) => self.belongings.get(&id.to_string()).copied(),
            Client::OfChange(id) => self.belongings.get(&id.to_string()).copied(),
        }
    }

    fn environment(&self, event: &DomainEvent) -> Option<Environment> {
        let DomainEvent::ApiKey { id, event } = event else { return None };
        if let ApiKeyEvent::Issued(Issued { environment, .. })
        | ApiKeyEvent::Imported(Imported { environment, .. }) = event
        {
            return Some(environment.clone());
        }
        self.keys.get(&id.to_string()).map(|key| key.environment.clone())
    }

    fn about(&self, event: &DomainEvent) -> About {
        let (client_id, environment) = (self.client(event), self.environment(event));
        let Some(owned) = client_id.and_then(|id| self.clients.get(&id)) else {
            let facts = if client_id.is_none() && is_shared(event) {
                ResourceFacts::Shared
            } else {
                ResourceFacts::Owned { owner_team: None, environments: BTreeSet::new() }
            };
            return About { client_id, team: None, environment, facts };
        };
        let team = owned.owner_team.clone();
        let environments = match &environment {
            Some(environment) => [environment.clone()].into(),
            None => owned.environments.clone(),
        };
        let facts = ResourceFacts::Owned { owner_team: team.clone(), environments };
        About { client_id, team, environment, facts }
    }
}

/// What is nobody's, as the audit log has it: routes, and policies as far as they name no client.
fn is_shared(event: &DomainEvent) -> bool {
    match event {
        DomainEvent::Route { .. } | DomainEvent::RateLimitPolicy { .. } => true,
        DomainEvent::ApiClient { .. }
        | DomainEvent::ApiKey { .. }
        | DomainEvent::Projection { .. }
        | DomainEvent::Operation { .. }
        | DomainEvent::ScheduledChange { .. }
        | DomainEvent::Principal { .. }
        | DomainEvent::Grant { .. }
        | DomainEvent::Observation { .. }
        | DomainEvent::Erasure { .. }
        | DomainEvent::Approval { .. }
        | DomainEvent::ApprovalRule { .. }
        | DomainEvent::Webhook { .. }
        | DomainEvent::NotificationRule { .. } => false,
    }
}

async fn all<Row: Stored>(
    model: &ReadModel,
    file: &'static str,
    condition: &'static str,
    ids: BTreeSet<String>,
) -> Result<Vec<Row>, ReadFailure> {
    let (ids, mut found): (Vec<String>, _) = (ids.into_iter().collect(), vec![]);
    for some in ids.chunks(AT_ONCE) {
        let select = Select::new(file, vec![]).and_in(condition, some.iter().map(|id| id.as_str().into()));
        found.extend(model.fetch::<Row>(select).await?);
    }
    Ok(found)
}

struct Key {
    id: String,
    client_id: ClientId,
    environment: Environment,
}

impl Stored for Key {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            id: columns.text("key_id")?,
            client_id: columns.parsed("client_id")?,
            environment: columns.parsed("environment")?,
        })
    }
}

struct Belonging {
    id: String,
    client_id: ClientId,
}

impl Stored for Belonging {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self { id: columns.text("id")?, client_id: columns.parsed("client_id")? })
    }
}

struct Owned {
    client_id: ClientId,
    owner_team: Option<Name>,
    environments: BTreeSet<Environment>,
}

impl Stored for Owned {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let environments: Vec<String> = columns.json("environments")?;
        Ok(Self {
            client_id: columns.parsed("client_id")?,
            owner_team: columns.text("owner_team")?.parse().ok(),
            environments: environments.iter().filter_map(|name| name.parse().ok()).collect(),
        })
    }
}
