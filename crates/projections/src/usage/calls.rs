//! Calls by second, minute, quarter of an hour and day, and when secrets and routes were last used.

use std::collections::BTreeMap;

use domain::{ClientId, RouteId, Timestamp, decision::Outcome, usage::UsageFact};

use super::{DAY_S, QUARTER_S};
use crate::{Change, Column, Merge, Row, Table, Value};

macro_rules! windows {
    ($name:literal) => {
        Table {
            name: $name,
            key_columns: 7,
            appended: false,
            columns: &[
                Column::integer("start_s"),
                Column::text("client_id"),
                Column::text("key_id"),
                Column::integer("secret_version"),
                Column::text("route_id"),
                Column::text("environment"),
                Column::text("outcome"),
                Column::merged("calls", Merge::Add),
            ],
        }
    };
}

pub(super) static MINUTES: Table = windows!("usage_minute");
pub(super) static QUARTERS: Table = windows!("usage_quarter");
/// Days of UTC.
pub(super) static DAYS: Table = windows!("usage_day");

macro_rules! windows_of {
    ($name:literal, $of:literal) => {
        Table {
            name: $name,
            key_columns: 4,
            appended: false,
            columns: &[
                Column::integer("start_s"),
                Column::text($of),
                Column::text("environment"),
                Column::text("outcome"),
                Column::merged("calls", Merge::Add),
            ],
        }
    };
}

// Sums of the above, for who asks of clients or of routes alone.
pub(super) static QUARTERS_OF_CLIENTS: Table = windows_of!("usage_quarter_of_client", "client_id");
pub(super) static DAYS_OF_CLIENTS: Table = windows_of!("usage_day_of_client", "client_id");
pub(super) static QUARTERS_OF_ROUTES: Table = windows_of!("usage_quarter_of_route", "route_id");
pub(super) static DAYS_OF_ROUTES: Table = windows_of!("usage_day_of_route", "route_id");

/// Calls that met limits, by the second.
pub(super) static SECONDS: Table = Table {
    name: "usage_second",
    key_columns: 5,
    appended: false,
    columns: &[
        Column::integer("start_s"),
        Column::text("client_id"),
        Column::text("key_id"),
        Column::text("route_id"),
        Column::text("environment"),
        Column::merged("calls", Merge::Add),
    ],
};

pub(super) static LAST_USED: Table = Table {
    name: "key_last_used",
    key_columns: 2,
    appended: false,
    columns: &[
        Column::text("key_id"),
        Column::integer("secret_version"),
        Column::merged("last_used_at_us", Merge::Latest),
    ],
};

pub(super) static ALLOWED_DAYS: Table = Table {
    name: "allowed_day",
    key_columns: 5,
    appended: false,
    columns: &[
        Column::text("client_id"),
        Column::integer("day_s"),
        Column::text("key_id"),
        Column::text("route_id"),
        Column::text("environment"),
        Column::merged("calls", Merge::Add),
    ],
};

pub(super) static ROUTES_LAST_USED: Table = Table {
    name: "route_last_used",
    key_columns: 1,
    appended: false,
    columns: &[Column::text("route_id"), Column::merged("last_used_at_us", Merge::Latest)],
};

/// What some batches add to the tables, each row once.
#[derive(Debug, Default)]
pub(super) struct Sums {
    minutes: BTreeMap<Vec<Value>, u64>,
    quarters: BTreeMap<Vec<Value>, u64>,
    days: BTreeMap<Vec<Value>, u64>,
    seconds: BTreeMap<Vec<Value>, u64>,
    last_used: BTreeMap<(String, u32), Timestamp>,
    allowed_days: BTreeMap<Vec<Value>, u64>,
    routes_last_used: BTreeMap<RouteId, Timestamp>,
}

impl Sums {
    pub(super) fn add(&mut self, fact: &UsageFact) {
        let UsageFact { minute, key_id, secret_version, calls, last_at, outcome, .. } = fact;
        for (sums, length_s) in
            [(&mut self.minutes, 60), (&mut self.quarters, QUARTER_S), (&mut self.days, DAY_S)]
        {
            let sum = sums.entry(key(minute.div_euclid(length_s) * length_s, fact)).or_default();
            *sum = sum.saturating_add(*calls);
        }
        for (second, calls) in &fact.seconds {
            let second = minute.div_euclid(60) * 60 + i64::from(*second).min(59);
            let sum = self.seconds.entry(second_key(second, fact)).or_default();
            *sum = sum.saturating_add(*calls);
        }
        if let (Some(client_id), Outcome::Allowed) = (fact.client_id, *outcome) {
            let sum = self.allowed_days.entry(day_key(client_id, fact)).or_default();
            *sum = sum.saturating_add(*calls);
        }
        if let Some(route_id) = fact.route_id {
            let latest = self.routes_last_used.entry(route_id).or_insert(*last_at);
            *latest = (*latest).max(*last_at);
        }
        // A secret that no longer opens anything was presented, not used.
        if let (Some(key_id), false) = (key_id, *outcome == Outcome::Unauthenticated) {
            let used = (key_id.to_string(), secret_version.unwrap_or_default());
            let latest = self.last_used.entry(used).or_insert(*last_at);
            *latest = (*latest).max(*last_at);
        }
    }

    pub(super) fn into_changes(self) -> impl Iterator<Item = Change> {
        let of_each = of_each(&self.quarters, &self.days);
        let seconds = self.seconds.into_iter().map(|sum| windowed(&SECONDS, sum));
        let utc_days = self.days.into_iter().map(|sum| windowed(&DAYS, sum));
        let minutes = self.minutes.into_iter().map(|sum| windowed(&MINUTES, sum));
        let quarters = self.quarters.into_iter().map(|sum| windowed(&QUARTERS, sum));
        let last_used = self.last_used.into_iter().map(|((key_id, version), last_at)| Change::Put {
            table: &LAST_USED,
            row: Row(vec![key_id.into(), version.into(), last_at.into()]),
        });
        let days = self.allowed_days.into_iter().map(|sum| windowed(&ALLOWED_DAYS, sum));
        let routes = self.routes_last_used.into_iter().map(|(route_id, last_at)| Change::Put {
            table: &ROUTES_LAST_USED,
            row: Row(vec![route_id.into(), last_at.into()]),
        });
        let windows = minutes.chain(quarters).chain(utc_days).chain(seconds);
        windows.chain(of_each).chain(last_used).chain(days).chain(routes)
    }
}

/// What quarters and days come to for each client, and for each route.
fn of_each(quarters: &BTreeMap<Vec<Value>, u64>, days: &BTreeMap<Vec<Value>, u64>) -> Vec<Change> {
    let coarser = [
        (&QUARTERS_OF_CLIENTS, quarters, CLIENT),
        (&DAYS_OF_CLIENTS, days, CLIENT),
        (&QUARTERS_OF_ROUTES, quarters, ROUTE),
        (&DAYS_OF_ROUTES, days, ROUTE),
    ];
    let sums = coarser.map(|(table, fine, of)| {
        let mut sums = BTreeMap::<Vec<Value>, u64>::new();
        for (key, calls) in fine {
            let kept = [START, of, ENVIRONMENT, OUTCOME];
            let sum = sums.entry(kept.iter().filter_map(|at| key.get(*at).cloned()).collect()).or_default();
            *sum = sum.saturating_add(*calls);
        }
        sums.into_iter().map(|sum| windowed(table, sum))
    });
    sums.into_iter().flatten().collect()
}

fn windowed(table: &'static Table, (mut key, calls): (Vec<Value>, u64)) -> Change {
    key.push(calls.into());
    Change::Put { table, row: Row(key) }
}

// Places in what `key` makes.
const START: usize = 0;
const CLIENT: usize = 1;
const ROUTE: usize = 4;
const ENVIRONMENT: usize = 5;
const OUTCOME: usize = 6;

/// In the order of the columns; '' and 0 stand for none.
fn key(start_s: i64, fact: &UsageFact) -> Vec<Value> {
    let UsageFact { client_id, key_id, secret_version, route_id, environment, outcome, .. } = fact;
    vec![
        start_s.into(),
        text(client_id.map(|id| id.to_string())),
        text(key_id.map(|id| id.to_string())),
        secret_version.unwrap_or_default().into(),
        text(route_id.map(|id| id.to_string())),
        environment.as_str().into(),
        outcome.as_str().into(),
    ]
}

/// The same of a second.
fn second_key(start_s: i64, fact: &UsageFact) -> Vec<Value> {
    let UsageFact { client_id, key_id, route_id, environment, .. } = fact;
    vec![
        start_s.into(),
        text(client_id.map(|id| id.to_string())),
        text(key_id.map(|id| id.to_string())),
        text(route_id.map(|id| id.to_string())),
        environment.as_str().into(),
    ]
}

/// The same of the days of a client.
fn day_key(client_id: ClientId, fact: &UsageFact) -> Vec<Value> {
    let UsageFact { minute, key_id, route_id, environment, .. } = fact;
    vec![
        client_id.into(),
        (minute.div_euclid(DAY_S) * DAY_S).into(),
        text(key_id.map(|id| id.to_string())),
        text(route_id.map(|id| id.to_string())),
        environment.as_str().into(),
    ]
}

/// '' stands for none.
pub(super) fn text(id: Option<String>) -> Value {
    Value::Text(id.unwrap_or_default())
}
