//! Calls per minute and per quarter of an hour, and the last use of each secret version. A batch counts once: its
//! sums and the checkpoint on its number are written in one transaction.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::{Position, Timestamp, decision::Outcome, usage::UsageFact};
use eventlog::usage::ArrivedBatch;

use crate::{
    Change, Column, Merge, ReadModel, Row, Table, Value, WriteFailure,
    store::{Checkpoint, Commit, Committed, Owner},
};

/// Names the usage tables among the projections.
pub const NAME: &str = "usage";

const QUARTER_S: i64 = 15 * 60;

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

static MINUTES: Table = windows!("usage_minute");
static QUARTERS: Table = windows!("usage_quarter");

static LAST_USED: Table = Table {
    name: "key_last_used",
    key_columns: 2,
    appended: false,
    columns: &[
        Column::text("key_id"),
        Column::integer("secret_version"),
        Column::merged("last_used_at_us", Merge::Latest),
    ],
};

/// The last batch that is counted of each run of each gateway.
static SEQUENCES: Table = Table {
    name: "usage_sequences",
    key_columns: 2,
    appended: false,
    columns: &[Column::text("node"), Column::text("boot"), Column::merged("sequence", Merge::Latest)],
};

pub(crate) const OWNER: Owner =
    Owner { name: NAME, version: 1, tables: &[&MINUTES, &QUARTERS, &LAST_USED, &SEQUENCES], durable: true };

/// Adds up what the checkpoint does not have yet.
///
/// # Errors
/// When the store failed; then nothing is counted, and the batches may be given again.
pub(crate) async fn apply(
    model: &ReadModel,
    checkpoint: Position,
    batches: &[ArrivedBatch],
) -> Result<(Position, Committed), WriteFailure> {
    let news = batches.iter().filter(|arrived| arrived.batch_no > checkpoint.get());
    let Some(last) = news.clone().map(|arrived| arrived.batch_no).max() else {
        return Ok((checkpoint, Committed::Yes));
    };
    let mut sums = Sums::default();
    news.flat_map(|arrived| &arrived.batch.facts).for_each(|fact| sums.add(fact));
    let position = Position::new(last);
    let to = Checkpoint { version: OWNER.version, position, leaf: String::new() };
    let commit = Commit { owner: OWNER, from: checkpoint, to, changes: sums.into_changes() };
    Ok(match model.commit(commit).await? {
        Committed::Yes => (position, Committed::Yes),
        Committed::Fenced => (checkpoint, Committed::Fenced),
    })
}

/// What some batches add to the tables, each row once.
#[derive(Debug, Default)]
struct Sums {
    minutes: BTreeMap<Vec<Value>, u64>,
    quarters: BTreeMap<Vec<Value>, u64>,
    last_used: BTreeMap<(String, u32), Timestamp>,
}

impl Sums {
    fn add(&mut self, fact: &UsageFact) {
        let UsageFact { minute, key_id, secret_version, calls, last_at, outcome, .. } = fact;
        for (sums, start_s) in [
            (&mut self.minutes, minute.div_euclid(60) * 60),
            (&mut self.quarters, minute.div_euclid(QUARTER_S) * QUARTER_S),
        ] {
            let sum = sums.entry(key(start_s, fact)).or_default();
            *sum = sum.saturating_add(*calls);
        }
        // A secret that no longer opens anything was presented, not used.
        if let (Some(key_id), false) = (key_id, *outcome == Outcome::Unauthenticated) {
            let used = (key_id.to_string(), secret_version.unwrap_or_default());
            let latest = self.last_used.entry(used).or_insert(*last_at);
            *latest = (*latest).max(*last_at);
        }
    }

    fn into_changes(self) -> Vec<Change> {
        let row = |table, (mut key, calls): (Vec<Value>, u64)| {
            key.push(calls.into());
            Change::Put { table, row: Row(key) }
        };
        let minutes = self.minutes.into_iter().map(|sum| row(&MINUTES, sum));
        let quarters = self.quarters.into_iter().map(|sum| row(&QUARTERS, sum));
        let last_used = self.last_used.into_iter().map(|((key_id, version), last_at)| Change::Put {
            table: &LAST_USED,
            row: Row(vec![key_id.into(), version.into(), last_at.into()]),
        });
        minutes.chain(quarters).chain(last_used).collect()
    }
}

/// In the order of the columns; '' and 0 stand for none.
fn key(start_s: i64, fact: &UsageFact) -> Vec<Value> {
    let UsageFact { client_id, key_id, secret_version, route_id, environment, outcome, .. } = fact;
    let text = |id: Option<String>| Value::Text(id.unwrap_or_default());
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
