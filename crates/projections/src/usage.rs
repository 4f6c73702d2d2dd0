//! What batches of usage tell, in tables of minutes, quarters of an hour and days. A batch counts once: its sums, the
//! checkpoint on its number and its sequence within its gateway's run are written in one transaction. The number tells what was read before, the sequence what was counted under another number.

pub(crate) mod addresses;
mod answers;
mod calls;
mod corrections;
mod decisions;
mod levels;
mod marks;
pub(crate) mod reconcile;
mod retention;
mod shadow;
pub(crate) mod sightings;
mod source;
#[cfg(test)]
mod tests;
mod throttled;

use std::collections::{BTreeMap, BTreeSet};

use domain::{Position, Timestamp};
use eventlog::usage::ArrivedBatch;

use crate::{
    BadColumn, Change, Column, Columns, Merge, ReadFailure, ReadModel, Row, Stored, Table, WriteFailure,
    queries::Select,
    store::{Checkpoint, Commit, Committed, Owner},
};
use corrections::Corrections;
pub(crate) use corrections::counted_until;
use decisions::{DECISIONS, LEFT_OUT};
use levels::Levels;
use marks::Marks;
pub use reconcile::{Difference, GrainCompared, ReconcileFailure, Reconciliation, reconcile};
pub use retention::UsageRetention;
use sightings::Presentations;
pub use source::{Forgetting, Reading, Told, ToldUsage, UsageSource};

/// Names the usage tables among the projections.
pub const NAME: &str = "usage";

pub(crate) const QUARTER_S: i64 = 15 * 60;
pub(crate) const DAY_S: i64 = 24 * 60 * 60;

/// The last batch that is counted of each run of each gateway.
static SEQUENCES: Table = Table {
    name: "usage_sequences",
    key_columns: 2,
    appended: false,
    columns: &[
        Column::text("node"),
        Column::text("boot"),
        Column::merged("sequence", Merge::Latest),
        Column::merged("flushed_at_us", Merge::Latest),
    ],
};

static TABLES: [&Table; 24] = [
    &calls::MINUTES,
    &calls::QUARTERS,
    &calls::DAYS,
    &calls::QUARTERS_OF_CLIENTS,
    &calls::DAYS_OF_CLIENTS,
    &calls::QUARTERS_OF_ROUTES,
    &calls::DAYS_OF_ROUTES,
    &calls::SECONDS,
    &calls::LAST_USED,
    &calls::ALLOWED_DAYS,
    &calls::ROUTES_LAST_USED,
    &SEQUENCES,
    &answers::MINUTES,
    &answers::QUARTERS,
    &answers::DAYS,
    &throttled::TABLE,
    &corrections::TABLE,
    &shadow::TABLE,
    &sightings::TABLE,
    &DECISIONS,
    &LEFT_OUT,
    &levels::TABLE,
    &marks::TABLE,
    &addresses::TABLE,
];

/// Version 2 writes what each client and each route comes to, too: whoever does not is fenced by the migration that brings these.
pub(crate) const OWNER: Owner = Owner { name: NAME, version: 2, tables: &TABLES, durable: true };

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
    let mut sums = Sums::after(counted_until(model).await?);
    for arrived in news {
        let batch = &arrived.batch;
        if counted.is_new(&batch.node, &batch.boot, batch.sequence, batch.flushed_at) {
            sums.add(arrived);
        } else {
            metrics::counter!("tollgate_usage_repeated_batches_total").increment(1);
        }
    }
    let position = Position::new(last);
    let to = Checkpoint { version: OWNER.version, position, leaf: String::new() };
    let changes = sums.into_changes(model).await?.into_iter().chain(counted.into_changes()).collect();
    let commit = Commit { owner: OWNER, from: checkpoint, to, changes };
    Ok(match model.commit(commit).await? {
        Committed::Yes => (position, Committed::Yes),
        Committed::Fenced => (checkpoint, Committed::Fenced),
    })
}

/// What some batches add to the tables, each row once.
#[derive(Debug)]
struct Sums<'batches> {
    calls: calls::Sums,
    throttled: throttled::Sums,
    answers: answers::Sums,
    shadow: shadow::Sums,
    corrections: Corrections,
    presented: Presentations<'batches>,
    levels: Levels<'batches>,
    marks: Marks<'batches>,
    addresses: addresses::Sums,
    decided: Vec<Change>,
}

impl<'batches> Sums<'batches> {
    /// The latest flush that was counted before.
    fn after(counted_until: Option<Timestamp>) -> Self {
        Self {
            calls: calls::Sums::default(),
            throttled: throttled::Sums::default(),
            answers: answers::Sums::default(),
            shadow: shadow::Sums::default(),
            corrections: Corrections::after(counted_until),
            presented: Presentations::default(),
            levels: Levels::default(),
            marks: Marks::default(),
            addresses: addresses::Sums::default(),
            decided: vec![],
        }
    }

    fn add(&mut self, ArrivedBatch { batch_no, batch }: &'batches ArrivedBatch) {
        for fact in &batch.facts {
            self.calls.add(fact);
            self.presented.add_fact(fact);
        }
        self.corrections.add(*batch_no, batch);
        batch.throttled.iter().for_each(|fact| self.throttled.add(fact));
        batch.responses.iter().for_each(|fact| self.answers.add(fact));
        batch.shadow.iter().for_each(|fact| self.shadow.add(fact));
        batch.sightings.iter().for_each(|sighting| self.presented.add_sighting(sighting));
        batch.addresses.iter().for_each(|fact| self.addresses.add(fact));
        for level in &batch.quota_levels {
            self.levels.add(*batch_no, &batch.node, level);
            self.marks.add(batch.flushed_at, &batch.node, level);
        }
        self.decided.extend(decisions::changes(batch));
    }

    async fn into_changes(self, model: &ReadModel) -> Result<Vec<Change>, CountFailure> {
        let Self { calls, throttled, answers, shadow, corrections, presented, .. } = self;
        let Self { levels, marks, addresses, decided, .. } = self;
        let mut changes = presented.into_changes(model).await?.into_iter().collect::<Vec<_>>();
        changes.extend(marks.into_changes(model).await?);
        changes.extend(addresses.into_changes(model).await?);
        changes.extend(calls.into_changes());
        changes.extend(throttled.into_changes());
        changes.extend(answers.into_changes());
        changes.extend(shadow.into_changes());
        changes.extend(corrections.into_changes());
        changes.extend(levels.into_changes());
        changes.extend(decided);
        Ok(changes)
    }
}

/// How far each run of a gateway is counted.
#[derive(Debug, Default)]
struct Sequences(BTreeMap<(String, String), Counted>);

#[derive(Debug, Default)]
struct Counted {
    sequence: u64,
    /// Of the batch that moved it; none where none did.
    flushed_at: Option<Timestamp>,
}

impl Sequences {
    /// Whether a batch is above what is counted of its run; from then on it is not.
    fn is_new(&mut self, node: &str, boot: &str, sequence: u64, flushed_at: Timestamp) -> bool {
        let last = self.0.entry((node.to_owned(), boot.to_owned())).or_default();
        if sequence <= last.sequence {
            return false;
        }
        *last = Counted { sequence, flushed_at: last.flushed_at.max(Some(flushed_at)) };
        true
    }

    fn into_changes(self) -> impl Iterator<Item = Change> {
        self.0.into_iter().filter_map(|((node, boot), Counted { sequence, flushed_at })| {
            let row = Row(vec![node.into(), boot.into(), sequence.into(), flushed_at?.into()]);
            Some(Change::Put { table: &SEQUENCES, row })
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
    let rows = rows
        .into_iter()
        .map(|LastOf { node, boot, sequence }| ((node, boot), Counted { sequence, flushed_at: None }));
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
