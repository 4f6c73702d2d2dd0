//! Calls per minute and per quarter of an hour, and the last use of each secret version. A batch counts once: its
//! sums, the checkpoint on its number and its sequence within its gateway's run are written in one transaction. The
//! number tells what was read before, the sequence what was counted under another number.

mod decisions;
mod levels;
mod marks;
mod shadow;
pub(crate) mod sightings;
mod source;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use domain::{ClientId, Position, RouteId, Timestamp, decision::Outcome, usage::UsageFact};
use eventlog::usage::ArrivedBatch;

use crate::{
    BadColumn, Change, Column, Columns, Merge, ReadFailure, ReadModel, Row, Stored, Table, Value,
    WriteFailure,
    queries::Select,
    store::{Checkpoint, Commit, Committed, Owner},
};
use decisions::{DECISIONS, LEFT_OUT};
use levels::Levels;
use marks::Marks;
use sightings::Presentations;
pub use source::{Forgetting, Reading, UsageSource};

/// Names the usage tables among the projections.
pub const NAME: &str = "usage";

const QUARTER_S: i64 = 15 * 60;
const DAY_S: i64 = 24 * 60 * 60;

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

static ALLOWED_DAYS: Table = Table {
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

static ROUTES_LAST_USED: Table = Table {
    name: "route_last_used",
    key_columns: 1,
    appended: false,
    columns: &[Column::text("route_id"), Column::merged("last_used_at_us", Merge::Latest)],
};

/// The last batch that is counted of each run of each gateway.
static SEQUENCES: Table = Table {
    name: "usage_sequences",
    key_columns: 2,
    appended: false,
    columns: &[Column::text("node"), Column::text("boot"), Column::merged("sequence", Merge::Latest)],
};

static TABLES: [&Table; 12] = [
    &MINUTES,
    &QUARTERS,
    &LAST_USED,
    &SEQUENCES,
    &shadow::TABLE,
    &sightings::TABLE,
    &ALLOWED_DAYS,
    &ROUTES_LAST_USED,
    &DECISIONS,
    &LEFT_OUT,
    &levels::TABLE,
    &marks::TABLE,
];

pub(crate) const OWNER: Owner = Owner { name: NAME, version: 1, tables: &TABLES, durable: true };

/// Batches were not counted; they may be given again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CountFailure {
    #[error(transparent)]
    Read(#[from] ReadFailure),
    #[error(transparent)]
    Write(#[from] WriteFailure),
}

/// Adds up what the checkpoint does not have yet.
///
/// # Errors
/// When the store failed; then nothing is counted, and the batches may be given again.
pub(crate) async fn apply(
    model: &ReadModel,
    checkpoint: Position,
    batches: &[ArrivedBatch],
) -> Result<(Position, Committed), CountFailure> {
    let news = batches.iter().filter(|arrived| arrived.batch_no > checkpoint.get());
    let Some(last) = news.clone().map(|arrived| arrived.batch_no).max() else {
        return Ok((checkpoint, Committed::Yes));
    };
    // Read outside the transaction: whoever counts in between moves the checkpoint, and then this is not written.
    let mut counted = counted(model, news.clone()).await?;
    let (mut sums, mut presented, mut decided) = (Sums::default(), Presentations::default(), vec![]);
    let (mut levels, mut marks) = (Levels::default(), Marks::default());
    for ArrivedBatch { batch_no, batch } in news {
        if counted.is_new(&batch.node, &batch.boot, batch.sequence) {
            for fact in &batch.facts {
                sums.add(fact);
                presented.add_fact(fact);
            }
            batch.shadow.iter().for_each(|fact| sums.shadow.add(fact));
            batch.sightings.iter().for_each(|sighting| presented.add_sighting(sighting));
            for level in &batch.quota_levels {
                levels.add(*batch_no, &batch.node, level);
                marks.add(batch.flushed_at, &batch.node, level);
            }
            decided.extend(decisions::changes(batch));
        } else {
            metrics::counter!("tollgate_usage_repeated_batches_total").increment(1);
        }
    }
    let position = Position::new(last);
    let to = Checkpoint { version: OWNER.version, position, leaf: String::new() };
    let presented = presented.into_changes(model).await?.into_iter().chain(marks.into_changes(model).await?);
    let changes = sums.into_changes().chain(counted.into_changes()).chain(presented);
    let changes = changes.chain(decided).chain(levels.into_changes()).collect();
    let commit = Commit { owner: OWNER, from: checkpoint, to, changes };
    Ok(match model.commit(commit).await? {
        Committed::Yes => (position, Committed::Yes),
        Committed::Fenced => (checkpoint, Committed::Fenced),
    })
}

/// How far each run of a gateway is counted.
#[derive(Debug, Default)]
struct Sequences(BTreeMap<(String, String), (u64, bool)>);

impl Sequences {
    /// Whether a batch is above what is counted of its run; from then on it is not.
    fn is_new(&mut self, node: &str, boot: &str, sequence: u64) -> bool {
        let (last, changed) = self.0.entry((node.to_owned(), boot.to_owned())).or_default();
        if sequence <= *last {
            return false;
        }
        (*last, *changed) = (sequence, true);
        true
    }

    fn into_changes(self) -> impl Iterator<Item = Change> {
        let changed = self.0.into_iter().filter(|(_, (_, changed))| *changed);
        changed.map(|((node, boot), (sequence, _))| Change::Put {
            table: &SEQUENCES,
            row: Row(vec![node.into(), boot.into(), sequence.into()]),
        })
    }
}

/// The last counted batch of each run that is among these.
async fn counted(
    model: &ReadModel,
    batches: impl Iterator<Item = &ArrivedBatch>,
) -> Result<Sequences, ReadFailure> {
    let runs: BTreeSet<_> = batches.map(|arrived| (&arrived.batch.node, &arrived.batch.boot)).collect();
    let pairs = (1..=runs.len()).map(|pair| format!("(${}, ${})", pair * 2 - 1, pair * 2));
    let pairs = pairs.collect::<Vec<_>>().join(", ");
    let values = runs.into_iter().flat_map(|(node, boot)| [node.as_str().into(), boot.as_str().into()]);
    let select = Select::new(include_str!("usage/sequences.sql"), values.collect());
    let rows: Vec<LastOf> = model.fetch(select.then(&format!(" (values {pairs})"))).await?;
    let rows = rows.into_iter().map(|LastOf { node, boot, sequence }| ((node, boot), (sequence, false)));
    Ok(Sequences(rows.collect()))
}

struct LastOf {
    node: String,
    boot: String,
    sequence: u64,
}

impl Stored for LastOf {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            node: columns.text("node")?,
            boot: columns.text("boot")?,
            sequence: columns.count("sequence")?,
        })
    }
}

/// What some batches add to the tables, each row once.
#[derive(Debug, Default)]
struct Sums {
    minutes: BTreeMap<Vec<Value>, u64>,
    quarters: BTreeMap<Vec<Value>, u64>,
    last_used: BTreeMap<(String, u32), Timestamp>,
    shadow: shadow::Sums,
    allowed_days: BTreeMap<Vec<Value>, u64>,
    routes_last_used: BTreeMap<RouteId, Timestamp>,
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

    fn into_changes(self) -> impl Iterator<Item = Change> {
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
        let shadow = self.shadow.into_changes();
        minutes.chain(quarters).chain(last_used).chain(shadow).chain(days).chain(routes)
    }
}

fn windowed(table: &'static Table, (mut key, calls): (Vec<Value>, u64)) -> Change {
    key.push(calls.into());
    Change::Put { table, row: Row(key) }
}

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

fn text(id: Option<String>) -> Value {
    Value::Text(id.unwrap_or_default())
}
