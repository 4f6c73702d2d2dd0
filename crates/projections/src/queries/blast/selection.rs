//! Which calls, keys and clients are meant, as conditions on the tables that have them.

use domain::{ClientId, Environment, KeyId, RouteId};

use super::{ReadFailure, ReadModel, Select, Value};
use crate::queries::{keys, select::escape_like};

/// Calls that all of what is given fits; nothing given is every call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Which {
    pub client_id: Option<ClientId>,
    pub key_id: Option<KeyId>,
    pub route_id: Option<RouteId>,
    pub environment: Option<Environment>,
}

impl Which {
    #[must_use]
    pub fn client(client_id: ClientId) -> Self {
        Self { client_id: Some(client_id), ..Self::default() }
    }

    #[must_use]
    pub fn key(key_id: KeyId) -> Self {
        Self { key_id: Some(key_id), ..Self::default() }
    }

    #[must_use]
    pub fn route(route_id: RouteId) -> Self {
        Self { route_id: Some(route_id), ..Self::default() }
    }
}

/// Those that one of several fits, each counted once.
#[derive(Debug)]
pub(super) struct Selection {
    any: Vec<Which>,
    since_s: i64,
}

impl Selection {
    /// A key brings the client that it belongs to: usage is found by clients.
    pub(super) async fn of(
        model: &ReadModel,
        mut any: Vec<Which>,
        since_s: i64,
    ) -> Result<Self, ReadFailure> {
        for which in &mut any {
            if let (Some(key_id), None) = (which.key_id, which.client_id) {
                which.client_id = keys::get(model, key_id).await?.map(|key| key.client_id);
            }
        }
        // A key that the directory does not have yet has not been used.
        any.retain(|which| which.key_id.is_none() || which.client_id.is_some());
        Ok(Self { any, since_s })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.any.is_empty()
    }

    /// Those, and these.
    pub(super) fn with(mut self, others: impl Iterator<Item = Which>) -> Self {
        self.any.extend(others);
        self
    }

    /// Whether the last use of keys says when these were used last.
    pub(super) fn is_of_whole_keys(&self) -> bool {
        self.any.iter().all(|which| which.client_id.is_some() && which.route_id.is_none())
    }

    /// On usage. The first value is the time.
    pub(super) fn calls(&self, sql: &str) -> Select {
        let mut values = vec![Value::Integer(self.since_s)];
        let selected = self.any_of(&mut values, |which, values| {
            let Which { client_id, key_id, route_id, environment } = which;
            all_of([
                client_id.map(|id| equals("client_id", id.into(), values)),
                key_id.map(|id| equals("key_id", id.into(), values)),
                route_id.map(|id| equals("route_id", id.into(), values)),
                environment.clone().map(|name| equals("environment", name.into(), values)),
            ])
        });
        Select::new(&sql.replace("{selected}", &selected), values)
    }

    /// On the directory of keys: those that called, where nothing but a route tells them.
    pub(super) fn keys(&self, sql: &str) -> Select {
        let mut values = vec![];
        let selected = self.any_of(&mut values, |which, values| {
            let Which { client_id, key_id, route_id, environment } = which;
            let callers = route_id.filter(|_| client_id.is_none());
            all_of([
                client_id.map(|id| equals("k.client_id", id.into(), values)),
                key_id.map(|id| equals("k.key_id", id.into(), values)),
                callers.map(|id| self.called("k.key_id", "key_id", id, values)),
                environment.clone().map(|name| equals("k.environment", name.into(), values)),
            ])
        });
        Select::new(&sql.replace("{selected}", &selected), values)
    }

    /// On the directory of clients, likewise.
    pub(super) fn clients(&self, sql: &str) -> Select {
        let mut values = vec![];
        let selected = self.any_of(&mut values, |which, values| {
            let Which { client_id, key_id: _, route_id, environment } = which;
            let callers = route_id.filter(|_| client_id.is_none());
            let allowed = environment.as_ref().filter(|_| client_id.is_none());
            all_of([
                client_id.map(|id| equals("client_id", id.into(), values)),
                callers.map(|id| self.called("client_id", "client_id", id, values)),
                // Environments are a-z and 0-9: one in quotes is found in the JSON list only where it is an item.
                allowed.map(|name| {
                    let pattern = format!("%\"{}\"%", escape_like(name.as_str()));
                    format!("environments like {} escape '\\'", bind(pattern.into(), values))
                }),
            ])
        });
        Select::new(&sql.replace("{selected}", &selected), values)
    }

    /// Who has called a route since the time.
    fn called(&self, of: &str, column: &str, route_id: RouteId, values: &mut Vec<Value>) -> String {
        let (since, route) = (bind(self.since_s.into(), values), bind(route_id.into(), values));
        let callers = include_str!("callers.sql").trim_end().replace("{column}", column);
        let callers = callers.replace("{route}", &route).replace("{since}", &since);
        format!("{of} in ({callers})")
    }

    fn any_of(
        &self,
        values: &mut Vec<Value>,
        condition: impl Fn(&Which, &mut Vec<Value>) -> String,
    ) -> String {
        let conditions = self.any.iter().map(|which| format!("({})", condition(which, values)));
        let conditions: Vec<_> = conditions.collect();
        if conditions.is_empty() { "1 = 0".to_owned() } else { conditions.join(" or ") }
    }
}

fn all_of<const N: usize>(conditions: [Option<String>; N]) -> String {
    let given: Vec<_> = conditions.into_iter().flatten().collect();
    if given.is_empty() { "1 = 1".to_owned() } else { given.join(" and ") }
}

fn equals(column: &str, value: Value, values: &mut Vec<Value>) -> String {
    format!("{column} = {}", bind(value, values))
}

fn bind(value: Value, values: &mut Vec<Value>) -> String {
    values.push(value);
    format!("${}", values.len())
}
