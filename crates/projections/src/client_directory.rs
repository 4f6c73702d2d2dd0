//! The clients as they stand now.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::{
    Aggregate as _, ClientId, DomainEvent, Position, Timestamp,
    api_client::{ApiClient, ApiClientEvent, ClientKind, Contact, ContactRole, Owner, Registered},
    erasure::{Erased, Erasure, ErasureEvent, Holder},
    personal::{Personal, PersonalValues},
};
use serde::{Deserialize, Serialize};

use crate::{
    BadColumn, ClientStatus, Column, Columns, Directory, Fact, Folded, Poison, Row, Stored, Table, Value,
};

static TABLE: Table = Table {
    name: "client_directory",
    key_columns: 1,
    appended: false,
    columns: &[
        Column::text("client_id"),
        Column::text("name"),
        Column::text("name_folded"),
        Column::text("kind"),
        Column::text("status"),
        Column::text("owner_team"),
        Column::text("owner_email"),
        Column::text("owner_email_of"),
        Column::text("contacts"),
        Column::text("environments"),
        Column::text("scopes"),
        Column::text("labels"),
        Column::integer("version"),
        Column::integer("position"),
        Column::integer("registered_at_us"),
        Column::integer("updated_at_us"),
    ],
};

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientRow {
    pub client_id: ClientId,
    pub name: String,
    pub kind: ClientKind,
    pub status: ClientStatus,
    pub owner_team: String,
    /// None once erased.
    pub owner_email: Option<String>,
    /// What the owner's event commits to it by.
    #[serde(skip)]
    pub owner_email_of: Option<Personal>,
    pub contacts: Vec<ContactRow>,
    /// Sorted, as are the scopes.
    pub environments: Vec<String>,
    pub scopes: Vec<String>,
    pub labels: BTreeMap<String, String>,
    /// The aggregate's version after its last event; an `ETag`.
    pub version: u64,
    /// Of its last event.
    pub position: Position,
    pub registered_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A person on the client's side. Name and address are none once erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRow {
    pub name: Option<String>,
    pub email: Option<String>,
    pub role: ContactRole,
    /// What the client's event commits to them by.
    #[serde(default)]
    pub name_of: Option<Personal>,
    #[serde(default)]
    pub email_of: Option<Personal>,
}

impl Stored for ClientRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            client_id: columns.parsed("client_id")?,
            name: columns.text("name")?,
            kind: columns.word("kind")?,
            status: columns.parsed("status")?,
            owner_team: columns.text("owner_team")?,
            owner_email: columns.text_or_none("owner_email")?,
            owner_email_of: columns.parsed_or_none("owner_email_of")?,
            contacts: columns.json("contacts")?,
            environments: columns.json("environments")?,
            scopes: columns.json("scopes")?,
            labels: columns.json("labels")?,
            version: columns.count("version")?,
            position: Position::new(columns.count("position")?),
            registered_at: columns.time("registered_at_us")?,
            updated_at: columns.time("updated_at_us")?,
        })
    }
}

impl Folded for ClientRow {
    fn row(&self) -> Row {
        Row(vec![
            self.client_id.into(),
            self.name.as_str().into(),
            self.name.to_lowercase().into(),
            Value::word(&self.kind),
            self.status.into(),
            self.owner_team.as_str().into(),
            self.owner_email.clone().into(),
            self.owner_email_of.map(|of| of.to_string()).into(),
            Value::json(&self.contacts),
            Value::json(&self.environments),
            Value::json(&self.scopes),
            Value::json(&self.labels),
            self.version.into(),
            self.position.into(),
            self.registered_at.into(),
            self.updated_at.into(),
        ])
    }
}

pub(crate) struct ClientDirectory;

impl Directory for ClientDirectory {
    type Row = ClientRow;
    const TABLES: [&'static Table; 1] = [&TABLE];
    const AGGREGATES: &'static [&'static str] = &[ApiClient::TYPE, Erasure::TYPE];
    const PERSONAL: bool = true;
    const VERSION: u32 = 2;

    fn key(event: &DomainEvent) -> Option<Value> {
        match event {
            DomainEvent::ApiClient { id, .. } => Some((*id).into()),
            DomainEvent::Erasure { id: _, event: ErasureEvent::Erased(erased) } => match erased.of {
                Holder::Client { client_id } => Some(client_id.into()),
                Holder::Principal { .. } | Holder::Circumstances => None,
            },
            DomainEvent::ApiKey { .. }
            | DomainEvent::Route { .. }
            | DomainEvent::RateLimitPolicy { .. }
            | DomainEvent::Projection { .. }
            | DomainEvent::Operation { .. }
            | DomainEvent::ScheduledChange { .. }
            | DomainEvent::Principal { .. }
            | DomainEvent::Grant { .. }
            | DomainEvent::Observation { .. }
            | DomainEvent::Approval { .. }
            | DomainEvent::ApprovalRule { .. }
            | DomainEvent::Webhook { .. }
            | DomainEvent::NotificationRule { .. } => None,
        }
    }

    fn fold(row: Option<ClientRow>, fact: &Fact<'_>) -> Result<Option<ClientRow>, Poison> {
        // What is erased makes no version: nobody has changed the client.
        if let DomainEvent::Erasure { event: ErasureEvent::Erased(erased), .. } = fact.event {
            return Ok(row.map(|row| row.without(erased)));
        }
        let DomainEvent::ApiClient { id, event } = fact.event else { return Ok(row) };
        let mut row = if let ApiClientEvent::Registered(registered) = event {
            ClientRow::registered(*id, registered, fact)
        } else {
            row.ok_or_else(|| Poison::NoRow { table: TABLE.name, subject: id.to_string() })?
        };
        row.change(event, fact.personal);
        row.version = fact.sequence;
        row.position = fact.position;
        row.updated_at = fact.occurred_at;
        Ok(Some(row))
    }
}

impl ClientRow {
    fn without(mut self, erased: &Erased) -> Self {
        let gone = |of: Option<Personal>| erased.values.iter().any(|value| of == Some(value.commitment));
        self.owner_email = self.owner_email.filter(|_| !gone(self.owner_email_of));
        for contact in &mut self.contacts {
            contact.name = contact.name.take().filter(|_| !gone(contact.name_of));
            contact.email = contact.email.take().filter(|_| !gone(contact.email_of));
        }
        self
    }

    fn registered(id: ClientId, registered: &Registered, fact: &Fact<'_>) -> Self {
        let Registered { name, kind, owner, contacts, environments, scopes, labels } = registered;
        let labels = labels.iter().map(|(key, value)| (key.to_string(), value.to_string()));
        Self {
            client_id: id,
            name: name.to_string(),
            kind: *kind,
            status: ClientStatus::Active,
            owner_team: owner.team.to_string(),
            owner_email: value(owner.email, fact.personal),
            owner_email_of: Some(owner.email),
            contacts: people(contacts, fact.personal),
            environments: environments.iter().map(ToString::to_string).collect(),
            scopes: scopes.iter().map(ToString::to_string).collect(),
            labels: labels.collect(),
            version: fact.sequence,
            position: fact.position,
            registered_at: fact.occurred_at,
            updated_at: fact.occurred_at,
        }
    }

    fn change(&mut self, event: &ApiClientEvent, personal: &PersonalValues) {
        use ApiClientEvent as E;
        match event {
            E::Registered(_) => {}
            E::Renamed(renamed) => self.name = renamed.name.to_string(),
            E::OwnerChanged(changed) => {
                let Owner { team, email } = &changed.owner;
                self.owner_team = team.to_string();
                self.owner_email = value(*email, personal);
                self.owner_email_of = Some(*email);
            }
            E::ContactsChanged(changed) => self.contacts = people(&changed.contacts, personal),
            E::LabelsChanged(changed) => {
                let labels = changed.labels.iter().map(|(key, value)| (key.to_string(), value.to_string()));
                self.labels = labels.collect();
            }
            E::ScopeGranted(granted) => insert(&mut self.scopes, granted.scope.as_str()),
            E::ScopeRevoked(revoked) => remove(&mut self.scopes, revoked.scope.as_str()),
            E::EnvironmentAllowed(allowed) => insert(&mut self.environments, allowed.environment.as_str()),
            E::EnvironmentWithdrawn(gone) => remove(&mut self.environments, gone.environment.as_str()),
            E::Suspended(_) => self.status = ClientStatus::Suspended,
            E::Reinstated(_) => self.status = ClientStatus::Active,
            E::Archived(_) => self.status = ClientStatus::Archived,
        }
    }
}

fn people(contacts: &[Contact], personal: &PersonalValues) -> Vec<ContactRow> {
    let person = |Contact { name, email, role }: &Contact| ContactRow {
        name: value(*name, personal),
        email: value(*email, personal),
        role: *role,
        name_of: Some(*name),
        email_of: Some(*email),
    };
    contacts.iter().map(person).collect()
}

fn value(commitment: Personal, personal: &PersonalValues) -> Option<String> {
    personal.get(&commitment).map(ToString::to_string)
}

/// Into a sorted list, once.
fn insert(list: &mut Vec<String>, item: &str) {
    if let Err(at) = list.binary_search_by(|have| have.as_str().cmp(item)) {
        list.insert(at, item.to_owned());
    }
}

fn remove(list: &mut Vec<String>, item: &str) {
    list.retain(|have| have != item);
}
