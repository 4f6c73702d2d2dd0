//! Who holds scopes, and the calls that were allowed to them.

use std::collections::BTreeMap;

use domain::{ClientId, KeyId, RouteId};

use super::{DAY_S, HeldBy, HolderId, ScopePlace, ScopeQuery};
use crate::{
    BadColumn, Columns, ReadFailure, ReadModel, Stored,
    queries::{
        Select,
        select::{Belongs, Places, escape_like},
    },
};

/// A client, or one of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub client_id: ClientId,
    pub client_name: String,
    pub owner_team: String,
    /// None where the client itself is the holder.
    pub key: Option<(KeyId, String)>,
    /// Sorted.
    pub scopes: Vec<String>,
}

impl Holder {
    pub(super) fn id(&self) -> HolderId {
        match &self.key {
            Some((id, _)) => HolderId::Key(*id),
            None => HolderId::Client(self.client_id),
        }
    }

    pub(super) fn text(&self) -> String {
        ScopePlace { holder: self.id(), scope: None }.to_string()
    }
}

impl Stored for Holder {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let key: Option<KeyId> = columns.parsed_or_none("key_id")?;
        let name = columns.text_or_none("name")?.unwrap_or_default();
        Ok(Self {
            client_id: columns.parsed("client_id")?,
            client_name: columns.text("client_name")?,
            owner_team: columns.text("owner_team")?,
            key: key.map(|key| (key, name)),
            scopes: columns.json("scopes")?,
        })
    }
}

const CLIENTS: Belongs =
    Belongs { team: Some("c.owner_team = {}"), environment: Places::Listed("c.environments") };
const KEYS: Belongs = Belongs { team: Some("c.owner_team = {}"), environment: Places::One("k.environment") };

/// From this place on, at most so many, in the order of their ids.
pub(super) async fn after(
    model: &ReadModel,
    query: &ScopeQuery,
    after: Option<&ScopePlace>,
    limit: u32,
) -> Result<Vec<Holder>, ReadFailure> {
    let whose = &query.whose;
    // A place behind some of a holder's scopes has others of them to come.
    let (begun, done) = match after {
        Some(ScopePlace { holder, scope: Some(_) }) => (Some(*holder), None),
        Some(ScopePlace { holder, scope: None }) => (None, Some(*holder)),
        None => (None, None),
    };
    let select = match query.held_by {
        HeldBy::Clients => Select::new(include_str!("clients.sql"), vec![])
            .and_some("c.client_id >= {}", begun.map(text))
            .and_some("c.client_id > {}", done.map(text))
            .and_some("c.client_id = {}", whose.client_id)
            .and_some("c.owner_team = {}", whose.owner_team.as_deref())
            .and_some(
                "c.environments like {} escape '\\'",
                whose.environment.as_ref().map(|name| format!("%\"{}\"%", escape_like(name.as_str()))),
            )
            .and_within(&whose.reach, &CLIENTS)
            .then(" order by c.client_id"),
        HeldBy::Keys => Select::new(include_str!("keys.sql"), vec![])
            .and_some("k.key_id >= {}", begun.map(text))
            .and_some("k.key_id > {}", done.map(text))
            .and_some("k.client_id = {}", whose.client_id)
            .and_some("k.environment = {}", whose.environment.clone())
            .and_some("c.owner_team = {}", whose.owner_team.as_deref())
            .and_within(&whose.reach, &KEYS)
            .then(" order by k.key_id"),
    };
    model.fetch(select.limit(limit)).await
}

fn text(holder: HolderId) -> String {
    ScopePlace { holder, scope: None }.to_string()
}

/// Calls by holder and route.
pub(super) type Calls = BTreeMap<String, BTreeMap<Option<RouteId>, u64>>;

struct Sum {
    holder: String,
    route_id: Option<RouteId>,
    calls: u64,
}

impl Stored for Sum {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let route = columns.text("route_id")?;
        let bad = BadColumn { column: "route_id", expected: "a well-formed text" };
        let route_id = if route.is_empty() { None } else { Some(route.parse().map_err(|_| bad)?) };
        Ok(Self { holder: columns.text("holder")?, route_id, calls: columns.count("calls")? })
    }
}

/// What was allowed to each of them in these days.
pub(super) async fn calls(
    model: &ReadModel,
    query: &ScopeQuery,
    holders: &[Holder],
) -> Result<Calls, ReadFailure> {
    let mut calls = Calls::new();
    match query.held_by {
        HeldBy::Clients if holders.is_empty() => {}
        HeldBy::Clients => add(&mut calls, model.fetch(of_clients(query, holders)).await?),
        HeldBy::Keys => {
            for holder in holders {
                if let Some((key_id, _)) = holder.key {
                    add(&mut calls, model.fetch(of_key(query, holder.client_id, key_id)).await?);
                }
            }
        }
    }
    Ok(calls)
}

fn add(calls: &mut Calls, sums: Vec<Sum>) {
    for Sum { holder, route_id, calls: sum } in sums {
        calls.entry(holder).or_default().insert(route_id, sum);
    }
}

fn of_clients(query: &ScopeQuery, holders: &[Holder]) -> Select {
    let days = query.days;
    Select::new(include_str!("calls_of_clients.sql"), vec![days.from_s.into(), days.until_s.into()])
        .and_in("client_id in ({})", holders.iter().map(|holder| holder.client_id.into()))
        .and_some("environment = {}", query.whose.environment.clone())
        .then(" group by client_id, route_id")
}

/// Each day is looked up: what is between the days of one key are the days of the client's other keys.
fn of_key(query: &ScopeQuery, client_id: ClientId, key_id: KeyId) -> Select {
    let days = (query.days.from_s..query.days.until_s).step_by(usize::try_from(DAY_S).unwrap_or(1));
    let days = days.map(|day_s| day_s.to_string()).collect::<Vec<_>>().join(", ");
    let sql = include_str!("calls_of_key.sql").replace("{days}", &days);
    Select::new(&sql, vec![client_id.into(), key_id.into()]).then(" group by key_id, route_id")
}
