//! Which limits refused whom, by the minute.

use std::collections::BTreeMap;

use domain::{Timestamp, usage::ThrottleFact};

use super::calls::text;
use crate::{Change, Column, Merge, Row, Table, Value};

pub(super) static TABLE: Table = Table {
    name: "usage_throttled",
    key_columns: 9,
    appended: false,
    columns: &[
        Column::integer("start_s"),
        Column::text("client_id"),
        Column::text("key_id"),
        Column::text("route_id"),
        Column::text("environment"),
        Column::text("policy_id"),
        Column::integer("revision"),
        Column::text("kind"),
        Column::text("limit_name"),
        Column::merged("calls", Merge::Add),
        Column::merged("first_at_us", Merge::Earliest),
        Column::merged("last_at_us", Merge::Latest),
    ],
};

/// What some batches add to the table, each row once: calls, the first and the last.
#[derive(Debug, Default)]
pub(super) struct Sums(BTreeMap<Vec<Value>, (u64, Timestamp, Timestamp)>);

impl Sums {
    pub(super) fn add(&mut self, fact: &ThrottleFact) {
        let ThrottleFact { calls, first_at, last_at, .. } = fact;
        let (sum, first, last) = self.0.entry(key(fact)).or_insert((0, *first_at, *last_at));
        *sum = sum.saturating_add(*calls);
        *first = (*first).min(*first_at);
        *last = (*last).max(*last_at);
    }

    pub(super) fn into_changes(self) -> impl Iterator<Item = Change> {
        self.0.into_iter().map(|(mut row, (calls, first, last))| {
            row.extend([calls.into(), first.into(), last.into()]);
            Change::Put { table: &TABLE, row: Row(row) }
        })
    }
}

/// In the order of the columns.
fn key(fact: &ThrottleFact) -> Vec<Value> {
    let ThrottleFact { minute, client_id, key_id, route_id, environment, policy_id, .. } = fact;
    vec![
        (minute.div_euclid(60) * 60).into(),
        text(client_id.map(|id| id.to_string())),
        text(key_id.map(|id| id.to_string())),
        text(route_id.map(|id| id.to_string())),
        environment.as_str().into(),
        policy_id.to_string().into(),
        fact.policy_revision.into(),
        fact.kind.as_str().into(),
        fact.limit.as_str().into(),
    ]
}
