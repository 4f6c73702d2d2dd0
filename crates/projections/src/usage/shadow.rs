//! What policies in shadow would have refused, by quarter of an hour.

use std::collections::BTreeMap;

use domain::usage::ShadowFact;

use super::QUARTER_S;
use crate::{Change, Column, Merge, Row, Table, Value};

pub(super) static TABLE: Table = Table {
    name: "usage_shadow",
    key_columns: 7,
    appended: false,
    columns: &[
        Column::integer("start_s"),
        Column::text("policy_id"),
        Column::integer("revision"),
        Column::text("limit_name"),
        Column::text("client_id"),
        Column::text("route_id"),
        Column::text("environment"),
        Column::merged("calls", Merge::Add),
        Column::merged("refused", Merge::Add),
    ],
};

/// What some batches add to the table, each row once: calls, and those refused.
#[derive(Debug, Default)]
pub(super) struct Sums(BTreeMap<Vec<Value>, (u64, u64)>);

impl Sums {
    pub(super) fn add(&mut self, fact: &ShadowFact) {
        let (calls, refused) = self.0.entry(key(fact)).or_default();
        *calls = calls.saturating_add(fact.calls);
        *refused = refused.saturating_add(fact.refused);
    }

    pub(super) fn into_changes(self) -> impl Iterator<Item = Change> {
        self.0.into_iter().map(|(mut row, (calls, refused))| {
            row.extend([calls.into(), refused.into()]);
            Change::Put { table: &TABLE, row: Row(row) }
        })
    }
}

/// In the order of the columns; '' stands for none.
fn key(fact: &ShadowFact) -> Vec<Value> {
    let ShadowFact { minute, client_id, route_id, environment, policy_id, policy_revision, limit, .. } = fact;
    let text = |id: Option<String>| Value::Text(id.unwrap_or_default());
    vec![
        (minute.div_euclid(QUARTER_S) * QUARTER_S).into(),
        policy_id.to_string().into(),
        (*policy_revision).into(),
        text(limit.as_ref().map(ToString::to_string)),
        text(client_id.map(|id| id.to_string())),
        text(route_id.map(|id| id.to_string())),
        environment.as_str().into(),
    ]
}
