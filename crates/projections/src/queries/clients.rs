//! Clients: one, and lists.

use std::{collections::BTreeSet, str::FromStr};

use domain::{
    ClientId, Environment, InvalidValue, LabelKey, LabelValue, Scope, Timestamp, access::Reach,
    api_client::ClientKind,
};

pub use crate::client_directory::{ClientRow, ContactRow};
use crate::{
    ClientStatus, Kind, ReadFailure, ReadModel, Value,
    queries::select::{Belongs, Places},
    queries::{
        Page, Select,
        order::{Field, Listed, Seek},
        select::{escape_like, quoted},
    },
};

/// Which clients; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientFilter {
    pub status: Option<ClientStatus>,
    pub kind: Option<ClientKind>,
    pub owner_team: Option<String>,
    /// May be used by the client.
    pub environment: Option<Environment>,
    /// In any case.
    pub name_contains: Option<String>,
    /// In any case.
    pub name_prefix: Option<String>,
    /// Held by the client.
    pub scope: Option<Scope>,
    pub label: Option<LabelFilter>,
    /// Registered then or later.
    pub registered_from: Option<Timestamp>,
    /// Registered before then.
    pub registered_until: Option<Timestamp>,
    /// How far whoever asks sees.
    pub reach: Reach,
}

/// Clients that have a label, whatever its value unless that is given too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelFilter {
    pub key: LabelKey,
    pub value: Option<LabelValue>,
}

impl FromStr for LabelFilter {
    type Err = InvalidValue;

    /// `tier` or `tier=gold`.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let (key, value) = text.split_once('=').map_or((text, None), |(key, value)| (key, Some(value)));
        Ok(Self { key: key.parse()?, value: value.map(str::parse).transpose()? })
    }
}

impl LabelFilter {
    /// A part of the labels' JSON: where a quote stands before a key and a colon behind it, it is no value, for a
    /// quote in a value has a backslash before it.
    pub(crate) fn written(&self) -> String {
        let Self { key, value } = self;
        let value = value.as_ref().map(|value| serde_json::Value::from(value.as_str()).to_string());
        format!("{}:{}", quoted(key.as_str()), value.unwrap_or_default())
    }
}

impl Listed for ClientRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field {
            name: "name",
            sql: "name_folded",
            kind: Kind::Text,
            value: |row| row.name.to_lowercase().into(),
        },
        Field {
            name: "created_at",
            sql: "registered_at_us",
            kind: Kind::Integer,
            value: |row| row.registered_at.into(),
        },
        Field {
            name: "updated_at",
            sql: "updated_at_us",
            kind: Kind::Integer,
            value: |row| row.updated_at.into(),
        },
        Field {
            name: "owner_team",
            sql: "owner_team",
            kind: Kind::Text,
            value: |row| row.owner_team.as_str().into(),
        },
    ];
    const KEY: Field<Self> =
        Field { name: "id", sql: "client_id", kind: Kind::Text, value: |row| row.client_id.into() };
}

/// # Errors
/// When the read model cannot be read.
pub async fn get(model: &ReadModel, id: ClientId) -> Result<Option<ClientRow>, ReadFailure> {
    let select = Select::new(include_str!("clients/select.sql"), vec![]).and("client_id = {}", id);
    model.fetch_one(select).await
}

/// In the order of their ids, which is that of their registration.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(
    model: &ReadModel,
    filter: &ClientFilter,
    page: &Page,
) -> Result<Vec<ClientRow>, ReadFailure> {
    sorted(model, filter, &page.into()).await
}

/// In the order that is asked for.
///
/// # Errors
/// When the read model cannot be read.
pub async fn sorted(
    model: &ReadModel,
    filter: &ClientFilter,
    seek: &Seek<ClientRow>,
) -> Result<Vec<ClientRow>, ReadFailure> {
    model.fetch(filter.narrow(Select::new(include_str!("clients/select.sql"), vec![])).page(seek)).await
}

/// So many are asked for in one statement.
const AT_ONCE: usize = 500;

const CLIENTS: Belongs =
    Belongs { team: Some("owner_team = {}"), environment: Places::Listed("environments") };

impl ClientFilter {
    fn narrow(&self, select: Select) -> Select {
        let Self { status, kind, owner_team, environment, name_contains, name_prefix, .. } = self;
        let Self { scope, label, registered_from, registered_until, reach, .. } = self;
        // Environments are a-z and 0-9: one in quotes is found in the JSON list only where it is an item.
        let environment = environment.as_ref().map(|name| format!("%\"{}\"%", escape_like(name.as_str())));
        select
            .and_some("status = {}", *status)
            .and_some("kind = {}", kind.as_ref().map(Value::word))
            .and_some("owner_team = {}", owner_team.as_deref())
            .and_some("environments like {} escape '\\'", environment)
            .and_contains("name_folded like {} escape '\\'", name_contains.as_deref())
            .and_begins("name_folded like {} escape '\\'", name_prefix.as_deref())
            .and_some("replace(scopes, {}, '') <> scopes", scope.as_ref().map(|scope| quoted(scope.as_str())))
            .and_some("replace(labels, {}, '') <> labels", label.as_ref().map(LabelFilter::written))
            .and_some("registered_at_us >= {}", *registered_from)
            .and_some("registered_at_us < {}", *registered_until)
            .and_within(reach, &CLIENTS)
    }
}

/// Those of these clients that are in reach.
///
/// # Errors
/// When the read model cannot be read.
pub async fn within(
    model: &ReadModel,
    clients: BTreeSet<ClientId>,
    reach: &Reach,
) -> Result<BTreeSet<ClientId>, ReadFailure> {
    if *reach == Reach::Everything || clients.is_empty() {
        return Ok(clients);
    }
    let mut seen = BTreeSet::new();
    for some in clients.into_iter().collect::<Vec<_>>().chunks(AT_ONCE) {
        let select = Select::new(include_str!("clients/select.sql"), vec![])
            .and_in("client_id in ({})", some.iter().map(|id| (*id).into()))
            .and_within(reach, &CLIENTS);
        let rows: Vec<ClientRow> = model.fetch(select).await?;
        seen.extend(rows.into_iter().map(|row| row.client_id));
    }
    Ok(seen)
}

/// Those in reach that are called exactly so, at most two: a name need not be one client's alone.
///
/// # Errors
/// When the read model cannot be read.
pub async fn named(model: &ReadModel, name: &str, reach: &Reach) -> Result<Vec<ClientRow>, ReadFailure> {
    let select = Select::new(include_str!("clients/select.sql"), vec![])
        .and("name = {}", name)
        .and_within(reach, &CLIENTS)
        .then(" order by client_id")
        .limit(2);
    model.fetch(select).await
}
