//! What may be asked of a client, and the rules that answer.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ApiClient, ApiClientEvent, Archived, ClientKind, Contact, ContactRole, ContactsChanged,
    EnvironmentAllowed, EnvironmentWithdrawn, LabelsChanged, Owner, OwnerChanged, Profile, Registered,
    Reinstated, Renamed, ScopeGranted, ScopeRevoked, Suspended,
};
use crate::{
    Aggregate, Environment, LabelKey, LabelValue, Name, Reason, Scope, personal::PersonalValue,
    refusal::refusals,
};

/// At most this many of each.
const CONTACTS_MAX: usize = 20;
const ENVIRONMENTS_MAX: usize = 16;
const SCOPES_MAX: usize = 200;
const LABELS_MAX: usize = 32;

/// What may be asked of a client.
#[derive(Debug)]
pub enum ApiClientCommand {
    Register(RegisterClient),
    Update(UpdateClient),
    Suspend(SuspendClient),
    Reinstate(ReinstateClient),
    Archive(ArchiveClient),
}

/// The owner as the caller names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOwner {
    pub team: Name,
    pub email: PersonalValue,
}

/// A contact as the caller names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewContact {
    pub name: PersonalValue,
    pub email: PersonalValue,
    pub role: ContactRole,
}

/// Makes a client, active at once.
#[derive(Debug)]
pub struct RegisterClient {
    pub name: Name,
    pub kind: ClientKind,
    pub owner: NewOwner,
    /// At most 20.
    pub contacts: Vec<NewContact>,
    /// 1 to 16.
    pub environments: BTreeSet<Environment>,
    /// At most 200. Empty: it may call what needs no scope.
    pub scopes: BTreeSet<Scope>,
    /// At most 32.
    pub labels: BTreeMap<LabelKey, LabelValue>,
}

/// Replaces what is given and leaves the rest. Scopes and environments are whole sets: what is missing in them
/// is revoked or withdrawn, each with an event of its own. An owner or a contact that is to stay as it is comes
/// with the salt it was committed under.
#[derive(Debug, Default)]
pub struct UpdateClient {
    pub name: Option<Name>,
    pub owner: Option<NewOwner>,
    pub contacts: Option<Vec<NewContact>>,
    pub environments: Option<BTreeSet<Environment>>,
    pub scopes: Option<BTreeSet<Scope>>,
    pub labels: Option<BTreeMap<LabelKey, LabelValue>>,
}

/// Refuses the calls of all its keys until it is reinstated.
#[derive(Debug)]
pub struct SuspendClient {
    pub reason: Reason,
}

/// Ends a suspension.
#[derive(Debug)]
pub struct ReinstateClient {
    pub reason: Reason,
}

/// Ends a client for good.
#[derive(Debug)]
pub struct ArchiveClient {
    pub reason: Reason,
}

refusals! {
    /// Why a command about a client was refused.
    pub enum ApiClientRefusal {
        NotRegistered = ("client_not_found", "there is no such client"),
        AlreadyRegistered = ("client_already_registered", "the client is already registered"),
        Archived = ("client_archived", "the client is archived, which is final"),
        NoEnvironment = ("client_needs_environment", "a client needs at least one environment"),
        TooMany { what: &'static str, given: usize, allowed: usize }
            = ("too_many_items", "{given} {what} are more than the {allowed} allowed"),
    }
}

impl Aggregate for ApiClient {
    const TYPE: &'static str = "api_client";
    type Command = ApiClientCommand;
    type Event = ApiClientEvent;
    type Refusal = ApiClientRefusal;

    fn decide(&self, command: &ApiClientCommand) -> Result<Vec<ApiClientEvent>, ApiClientRefusal> {
        match command {
            ApiClientCommand::Register(ask) => self.register(ask),
            ApiClientCommand::Update(ask) => self.update(ask),
            ApiClientCommand::Suspend(ask) => self.suspend(ask),
            ApiClientCommand::Reinstate(ask) => self.reinstate(ask),
            ApiClientCommand::Archive(ask) => self.archive(ask),
        }
    }

    fn apply(&mut self, event: &ApiClientEvent) {
        self.fold(event);
    }
}

impl ApiClient {
    fn register(&self, ask: &RegisterClient) -> Result<Vec<ApiClientEvent>, ApiClientRefusal> {
        let Self::Absent = self else { return Err(ApiClientRefusal::AlreadyRegistered) };
        let RegisterClient { name, kind, owner, contacts, environments, scopes, labels } = ask;
        check_contacts(contacts)?;
        check_environments(environments)?;
        check_scopes(scopes)?;
        check_labels(labels)?;
        Ok(vec![ApiClientEvent::Registered(Registered {
            name: name.clone(),
            kind: *kind,
            owner: owner.commit(),
            contacts: contacts.iter().map(NewContact::commit).collect(),
            environments: environments.clone(),
            scopes: scopes.clone(),
            labels: labels.clone(),
        })])
    }

    fn update(&self, ask: &UpdateClient) -> Result<Vec<ApiClientEvent>, ApiClientRefusal> {
        let UpdateClient { name, owner, contacts, environments, scopes, labels } = ask;
        let profile = self.changeable()?;
        let mut events = vec![];
        if let Some(name) = name.as_ref().filter(|name| **name != profile.name) {
            events.push(ApiClientEvent::Renamed(Renamed { name: name.clone() }));
        }
        // Salted commitments compare only under the same salt: a fresh salt makes the same text news.
        if let Some(owner) = owner.as_ref().map(NewOwner::commit).filter(|owner| *owner != profile.owner) {
            events.push(ApiClientEvent::OwnerChanged(OwnerChanged { owner }));
        }
        if let Some(contacts) = contacts {
            check_contacts(contacts)?;
            let contacts: Vec<Contact> = contacts.iter().map(NewContact::commit).collect();
            if contacts != profile.contacts {
                events.push(ApiClientEvent::ContactsChanged(ContactsChanged { contacts }));
            }
        }
        if let Some(labels) = labels.as_ref().filter(|labels| **labels != profile.labels) {
            check_labels(labels)?;
            events.push(ApiClientEvent::LabelsChanged(LabelsChanged { labels: labels.clone() }));
        }
        if let Some(environments) = environments {
            check_environments(environments)?;
            events.extend(environment_changes(&profile.environments, environments));
        }
        if let Some(scopes) = scopes {
            check_scopes(scopes)?;
            events.extend(scope_changes(&profile.scopes, scopes));
        }
        Ok(events)
    }

    fn suspend(&self, ask: &SuspendClient) -> Result<Vec<ApiClientEvent>, ApiClientRefusal> {
        match self {
            Self::Absent => Err(ApiClientRefusal::NotRegistered),
            Self::Archived(_) => Err(ApiClientRefusal::Archived),
            // A second one is a decision of its own, with its reason: what ends the first does not end it. A retry under the same
            // idempotency key does not come here.
            Self::Active(_) | Self::Suspended(_) => {
                Ok(vec![ApiClientEvent::Suspended(Suspended { reason: ask.reason.clone() })])
            }
        }
    }

    fn reinstate(&self, ask: &ReinstateClient) -> Result<Vec<ApiClientEvent>, ApiClientRefusal> {
        match self {
            Self::Absent => Err(ApiClientRefusal::NotRegistered),
            Self::Archived(_) => Err(ApiClientRefusal::Archived),
            Self::Active(_) => Ok(vec![]),
            Self::Suspended(_) => {
                Ok(vec![ApiClientEvent::Reinstated(Reinstated { reason: ask.reason.clone() })])
            }
        }
    }

    fn archive(&self, ask: &ArchiveClient) -> Result<Vec<ApiClientEvent>, ApiClientRefusal> {
        match self {
            Self::Absent => Err(ApiClientRefusal::NotRegistered),
            Self::Archived(_) => Ok(vec![]),
            Self::Active(_) | Self::Suspended(_) => {
                Ok(vec![ApiClientEvent::Archived(Archived { reason: ask.reason.clone() })])
            }
        }
    }

    fn changeable(&self) -> Result<&Profile, ApiClientRefusal> {
        match self {
            Self::Absent => Err(ApiClientRefusal::NotRegistered),
            Self::Archived(_) => Err(ApiClientRefusal::Archived),
            Self::Active(profile) | Self::Suspended(profile) => Ok(profile),
        }
    }
}

impl NewOwner {
    fn commit(&self) -> Owner {
        Owner { team: self.team.clone(), email: self.email.commitment() }
    }
}

impl NewContact {
    fn commit(&self) -> Contact {
        Contact { name: self.name.commitment(), email: self.email.commitment(), role: self.role }
    }
}

fn environment_changes(had: &BTreeSet<Environment>, wanted: &BTreeSet<Environment>) -> Vec<ApiClientEvent> {
    let allowed = wanted.difference(had).cloned();
    let withdrawn = had.difference(wanted).cloned();
    allowed
        .map(|environment| ApiClientEvent::EnvironmentAllowed(EnvironmentAllowed { environment }))
        .chain(
            withdrawn.map(|environment| {
                ApiClientEvent::EnvironmentWithdrawn(EnvironmentWithdrawn { environment })
            }),
        )
        .collect()
}

fn scope_changes(had: &BTreeSet<Scope>, wanted: &BTreeSet<Scope>) -> Vec<ApiClientEvent> {
    let granted = wanted.difference(had).cloned();
    let revoked = had.difference(wanted).cloned();
    granted
        .map(|scope| ApiClientEvent::ScopeGranted(ScopeGranted { scope }))
        .chain(revoked.map(|scope| ApiClientEvent::ScopeRevoked(ScopeRevoked { scope })))
        .collect()
}

fn check_contacts(contacts: &[NewContact]) -> Result<(), ApiClientRefusal> {
    at_most("contacts", contacts.len(), CONTACTS_MAX)
}

fn check_environments(environments: &BTreeSet<Environment>) -> Result<(), ApiClientRefusal> {
    if environments.is_empty() {
        return Err(ApiClientRefusal::NoEnvironment);
    }
    at_most("environments", environments.len(), ENVIRONMENTS_MAX)
}

fn check_scopes(scopes: &BTreeSet<Scope>) -> Result<(), ApiClientRefusal> {
    at_most("scopes", scopes.len(), SCOPES_MAX)
}

fn check_labels(labels: &BTreeMap<LabelKey, LabelValue>) -> Result<(), ApiClientRefusal> {
    at_most("labels", labels.len(), LABELS_MAX)
}

fn at_most(what: &'static str, given: usize, allowed: usize) -> Result<(), ApiClientRefusal> {
    if given > allowed { Err(ApiClientRefusal::TooMany { what, given, allowed }) } else { Ok(()) }
}
