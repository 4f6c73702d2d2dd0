//! A time counted again from the batches as gateways told them, beside what is kept of it: both are the same, to the call.

use std::collections::BTreeMap;

use domain::Timestamp;
use eventlog::{LogFailure, usage::ArrivedBatch};
use jiff::SignedDuration;
use serde::Serialize;

use super::{DAY_S, NAME, QUARTER_S, Sequences, ToldUsage, calls};
use crate::{
    BadColumn, Columns, ReadFailure, ReadModel, Stored, Table,
    queries::{Select, usage::instant},
};

/// So many differences are named; the others are counted.
const DIFFERENCES_MAX: usize = 1_000;
const BATCHES_AT_ONCE: usize = 500;
const MINUTE_S: i64 = 60;
/// Clocks of gateways, and of whoever keeps their batches, agree within half of it.
const MARGIN: SignedDuration = SignedDuration::from_mins(10);

/// What became of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// Rounded down to the day of UTC, or the first day of which every batch is there: from then on …
    pub from: Timestamp,
    /// … before then, rounded up likewise.
    pub until: Timestamp,
    /// Every batch up to this one is in both.
    pub batch_no: u64,
    pub grains: Vec<GrainCompared>,
    /// At most 1,000, in the order of the grains and their windows.
    pub differences: Vec<Difference>,
    pub differences_total: u64,
}

/// One grain of what is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GrainCompared {
    /// `minute`, `quarter` or `day`; of the sums for each client and each route, `quarter_of_client` and so on.
    pub name: &'static str,
    /// What is older has been let go of, and was not compared. None: none of it was.
    pub since: Option<Timestamp>,
    /// In which there were calls.
    pub windows: u64,
    pub calls_kept: u64,
    pub calls_again: u64,
}

/// A window whose calls of one outcome are not as many as gateways told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub grain: &'static str,
    pub window_start: Timestamp,
    pub outcome: String,
    pub kept: u64,
    pub again: u64,
}

/// A time cannot be counted again.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileFailure {
    #[error("usage of that time cannot be counted again: the batches of its beginning are gone")]
    Incomplete,
    #[error("{batches} batches would have to be read, and it is {batches_max} at most")]
    TooMany { batches: u64, batches_max: u64 },
    #[error("the batches end at {found} where {counted} are counted")]
    Short { found: u64, counted: u64 },
    #[error(transparent)]
    Log(#[from] LogFailure),
    #[error(transparent)]
    Read(#[from] ReadFailure),
}

/// By the start of a window and the outcome.
type Sums = BTreeMap<(i64, String), u64>;

struct Grain {
    name: &'static str,
    table: &'static Table,
    length_s: i64,
}

static GRAINS: [Grain; 7] = [
    Grain { name: "minute", table: &calls::MINUTES, length_s: MINUTE_S },
    Grain { name: "quarter", table: &calls::QUARTERS, length_s: QUARTER_S },
    Grain { name: "day", table: &calls::DAYS, length_s: DAY_S },
    Grain { name: "quarter_of_client", table: &calls::QUARTERS_OF_CLIENTS, length_s: QUARTER_S },
    Grain { name: "day_of_client", table: &calls::DAYS_OF_CLIENTS, length_s: DAY_S },
    Grain { name: "quarter_of_route", table: &calls::QUARTERS_OF_ROUTES, length_s: QUARTER_S },
    Grain { name: "day_of_route", table: &calls::DAYS_OF_ROUTES, length_s: DAY_S },
];

/// Counts whole days of UTC again and compares each grain as far back as it is kept. What is counted meanwhile makes no difference: what
/// is kept must lie between what the batches before and those after the look at it come to.
///
/// Batches that were flushed before these days are not read. One that comes again tells of nothing later than its first coming, so that
/// none of them is needed to tell repeated ones.
///
/// # Errors
/// When not every batch of these days is there, when they are more than `batches_max`, or something cannot be read.
pub async fn reconcile(
    model: &ReadModel,
    usage: &dyn ToldUsage,
    (from, until): (Timestamp, Timestamp),
    batches_max: u64,
) -> Result<Reconciliation, ReconcileFailure> {
    let last = until.as_second().saturating_sub(i64::from(until.subsec_nanosecond() == 0));
    let until_s = (last.div_euclid(DAY_S) + 1) * DAY_S;
    let from_s = (from.as_second().div_euclid(DAY_S) * DAY_S).max(whole_from(usage).await?);
    if from_s >= until_s {
        return Err(ReconcileFailure::Incomplete);
    }
    let before = model.checkpoint(NAME).await?.get();
    let after = usage.before(instant(from_s).saturating_sub(MARGIN).unwrap_or(Timestamp::MIN)).await?;
    let batches = before.saturating_sub(after);
    if batches > batches_max {
        return Err(ReconcileFailure::TooMany { batches, batches_max });
    }
    let mut looked = vec![];
    for grain in &GRAINS {
        let since_s = first_kept(model, grain.table).await?;
        let begins_s = begins(grain, since_s, from_s);
        looked.push((grain, since_s, begins_s, kept(model, grain.table, begins_s, until_s).await?));
    }
    let now = model.checkpoint(NAME).await?.get();
    let mut reading = Reading { usage, sequences: Sequences::default(), span: from_s..until_s };
    let again = reading.sums(after, before).await?;
    let meanwhile = reading.sums(before.max(after), now).await?;
    let mut told = Reconciliation {
        from: instant(from_s),
        until: instant(until_s),
        batch_no: before,
        grains: vec![],
        differences: vec![],
        differences_total: 0,
    };
    for (grain, since_s, begins_s, kept) in looked {
        let of = |minutes| coarse(minutes, grain.length_s, begins_s);
        let counted = Counted { kept, again: of(&again), meanwhile: of(&meanwhile) };
        told.compare(grain, begins_s.max(from_s), since_s, &counted);
    }
    Ok(told)
}

/// The first day of which every batch is there.
async fn whole_from(usage: &dyn ToldUsage) -> Result<i64, ReconcileFailure> {
    let since = usage.whole_since().await?.ok_or(ReconcileFailure::Incomplete)?;
    if since == Timestamp::MIN {
        return Ok(i64::MIN);
    }
    let since_s = since.as_second().saturating_add(MARGIN.as_secs());
    Ok((since_s.div_euclid(DAY_S) + 1) * DAY_S)
}

/// Days are kept longest: one that is not there is a difference. Of the others the first day that is there may be half gone.
fn begins(grain: &Grain, since_s: Option<i64>, from_s: i64) -> i64 {
    if grain.length_s == DAY_S {
        return from_s;
    }
    since_s.map_or(i64::MAX, |since_s| since_s.max(from_s))
}

/// Batches on their way into sums, each once.
struct Reading<'of> {
    usage: &'of dyn ToldUsage,
    sequences: Sequences,
    span: std::ops::Range<i64>,
}

impl Reading<'_> {
    /// By the minute, of the batches after the one up to the other.
    async fn sums(&mut self, after: u64, upto: u64) -> Result<Sums, ReconcileFailure> {
        let (mut sums, mut reached) = (Sums::new(), after);
        while reached < upto {
            let batches = self.usage.read(reached, BATCHES_AT_ONCE).await?;
            let Some(last) = batches.last().map(|arrived| arrived.batch_no) else {
                return Err(ReconcileFailure::Short { found: reached, counted: upto });
            };
            for arrived in batches.iter().filter(|arrived| arrived.batch_no <= upto) {
                self.add(&mut sums, arrived);
            }
            reached = last;
        }
        Ok(sums)
    }

    fn add(&mut self, sums: &mut Sums, ArrivedBatch { batch_no: _, batch }: &ArrivedBatch) {
        if !self.sequences.is_new(&batch.node, &batch.boot, batch.sequence, batch.flushed_at) {
            return;
        }
        for fact in batch.facts.iter().filter(|fact| self.span.contains(&fact.minute)) {
            let minute = fact.minute.div_euclid(MINUTE_S) * MINUTE_S;
            let sum = sums.entry((minute, fact.outcome.as_str().to_owned())).or_default();
            *sum = sum.saturating_add(fact.calls);
        }
    }
}

/// What is kept of a grain, and what batches come to: those before the look at what is kept, and those that were counted during it.
struct Counted {
    kept: Sums,
    again: Sums,
    meanwhile: Sums,
}

fn coarse(minutes: &Sums, length_s: i64, begins_s: i64) -> Sums {
    let mut sums = Sums::new();
    for ((minute, outcome), calls) in minutes {
        let start_s = minute.div_euclid(length_s) * length_s;
        if start_s >= begins_s {
            let sum = sums.entry((start_s, outcome.clone())).or_default();
            *sum = sum.saturating_add(*calls);
        }
    }
    sums
}

impl Reconciliation {
    fn compare(&mut self, grain: &Grain, begins_s: i64, since_s: Option<i64>, counted: &Counted) {
        let Counted { kept, again, meanwhile } = counted;
        let total = |sums: &Sums| sums.values().copied().fold(0, u64::saturating_add);
        let starts = |sums: &Sums| sums.keys().map(|(start_s, _)| *start_s).collect::<Vec<_>>();
        let mut windows = [starts(kept), starts(again)].concat();
        windows.sort_unstable();
        windows.dedup();
        self.grains.push(GrainCompared {
            name: grain.name,
            since: since_s.map(|_| instant(begins_s)),
            windows: u64::try_from(windows.len()).unwrap_or(u64::MAX),
            calls_kept: total(kept),
            calls_again: total(again),
        });
        let both: std::collections::BTreeSet<_> = kept.keys().chain(again.keys()).collect();
        for key in both {
            let of = |sums: &Sums| sums.get(key).copied().unwrap_or_default();
            if (of(again)..=of(again).saturating_add(of(meanwhile))).contains(&of(kept)) {
                continue;
            }
            self.differences_total = self.differences_total.saturating_add(1);
            if self.differences.len() < DIFFERENCES_MAX {
                let (start_s, outcome) = key;
                self.differences.push(Difference {
                    grain: grain.name,
                    window_start: instant(*start_s),
                    outcome: outcome.clone(),
                    kept: of(kept),
                    again: of(again),
                });
            }
        }
    }
}

async fn first_kept(model: &ReadModel, table: &Table) -> Result<Option<i64>, ReadFailure> {
    let sql = include_str!("first_kept.sql").replace("{table}", table.name);
    let first: Option<First> = model.fetch_one(Select::new(&sql, vec![])).await?;
    Ok(first.and_then(|first| first.first_s))
}

async fn kept(model: &ReadModel, table: &Table, from_s: i64, until_s: i64) -> Result<Sums, ReadFailure> {
    let sql = include_str!("kept_sums.sql").replace("{table}", table.name);
    let rows: Vec<Sum> = model.fetch(Select::new(&sql, vec![from_s.into(), until_s.into()])).await?;
    Ok(rows.into_iter().map(|Sum { start_s, outcome, calls }| ((start_s, outcome), calls)).collect())
}

struct First {
    first_s: Option<i64>,
}

impl Stored for First {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self { first_s: columns.integer_or_none("first_s")? })
    }
}

struct Sum {
    start_s: i64,
    outcome: String,
    calls: u64,
}

impl Stored for Sum {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            start_s: columns.integer_or_none("start_s")?.unwrap_or_default(),
            outcome: columns.text("outcome")?,
            calls: columns.count("calls")?,
        })
    }
}
