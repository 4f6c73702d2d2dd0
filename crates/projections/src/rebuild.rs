//! Makes read models again from the first event on.
//!
//! The tables are emptied and their checkpoints put to the start in one transaction; then each batch is again one.
//! Whenever it is cut off, the rows and the checkpoint agree, and following or rebuilding again ends the same.

#[cfg(test)]
mod tests;

use domain::{Position, Recorded};
use eventlog::{EventLog, LogFailure};

use crate::{
    ALL, Projection, ReadFailure, ReadModel, USAGE, UsageSource, WriteFailure,
    runner::{self, Halt},
    store::{Checkpoint, Committed, Lead, Owner},
    usage::{CountFailure, OWNER, apply as count},
};

/// Large batches: a transaction has a price, and nobody waits for its rows.
const EVENTS_MAX: usize = 5_000;
const BATCHES_MAX: usize = 500;

/// A rebuild did not get to the end. What it has done stays, and is consistent.
#[derive(Debug, thiserror::Error)]
pub enum RebuildFailure {
    #[error("no projection is called `{name}`; there are: {known}")]
    Unknown { name: String, known: String },
    #[error("the projection `{projection}` {why}")]
    Halted { projection: &'static str, why: String },
    #[error(
        "a running Tollgate moves the projection `{projection}`; stop the instances that run projections first"
    )]
    Busy { projection: &'static str },
    #[error("usage cannot be counted again: the batches of its beginning are gone")]
    Incomplete,
    #[error("asking for the lock of a projection")]
    Lock { source: sqlx::Error },
    #[error(transparent)]
    Read(#[from] LogFailure),
    #[error(transparent)]
    ReadModel(#[from] ReadFailure),
    #[error(transparent)]
    Write(#[from] WriteFailure),
}

/// Makes one read model again, or all: every projection of events, then usage where its batches are all there.
/// Nothing else may follow the log into them meanwhile; on Postgres their locks see to it. `progress` hears how many of how many events and batches are done.
///
/// # Errors
/// When there is no such projection, an event does not fit, or a file cannot be read or written.
pub async fn rebuild(
    model: &ReadModel,
    log: &EventLog,
    usage: &dyn UsageSource,
    name: Option<&str>,
    progress: impl Fn(u64, u64),
) -> Result<(), RebuildFailure> {
    let sources = Sources { model, log, usage, events_max: EVENTS_MAX };
    rebuild_from(&sources, name, progress).await
}

impl From<CountFailure> for RebuildFailure {
    fn from(failure: CountFailure) -> Self {
        match failure {
            CountFailure::Read(failure) => failure.into(),
            CountFailure::Write(failure) => failure.into(),
        }
    }
}

/// What a rebuild reads and writes, and how many events at once.
struct Sources<'of> {
    model: &'of ReadModel,
    log: &'of EventLog,
    usage: &'of dyn UsageSource,
    events_max: usize,
}

async fn rebuild_from(
    sources: &Sources<'_>,
    name: Option<&str>,
    progress: impl Fn(u64, u64),
) -> Result<(), RebuildFailure> {
    let Sources { usage, .. } = sources;
    let chosen = |of: &str| name.is_none_or(|name| name == of);
    let projections: Vec<_> = ALL.into_iter().filter(|projection| chosen(projection.name())).collect();
    let batches = match chosen(USAGE) {
        true if usage.is_whole() => Some(*usage.watch().borrow()),
        true if name.is_some() => return Err(RebuildFailure::Incomplete),
        true | false => None,
    };
    if let Some(name) = name.filter(|_| projections.is_empty() && batches.is_none()) {
        let known: Vec<_> = ALL.iter().map(|projection| projection.name()).chain([USAGE]).collect();
        return Err(RebuildFailure::Unknown { name: name.to_owned(), known: known.join(", ") });
    }
    let of_events = projections.iter().map(|projection| projection.name());
    let mut locks = lock(sources.model, of_events.chain(batches.map(|_| USAGE))).await?;
    let done = rebuild_locked(sources, &projections, batches, progress).await;
    for lock in &mut locks {
        lock.release().await;
    }
    done
}

/// No running instance may come in between.
async fn lock(
    model: &ReadModel,
    names: impl Iterator<Item = &'static str>,
) -> Result<Vec<Lead>, RebuildFailure> {
    let mut locks = vec![];
    for name in names {
        let mut lead = model.lead(name);
        if !lead.take().await.map_err(|source| RebuildFailure::Lock { source })? {
            return Err(RebuildFailure::Busy { projection: name });
        }
        locks.push(lead);
    }
    Ok(locks)
}

async fn rebuild_locked(
    sources: &Sources<'_>,
    projections: &[&'static dyn Projection],
    batches: Option<u64>,
    progress: impl Fn(u64, u64),
) -> Result<(), RebuildFailure> {
    let Sources { log, .. } = sources;
    let events = if projections.is_empty() { 0 } else { log.head().get() };
    let total = events.saturating_add(batches.unwrap_or_default());
    let made = events_again(sources, projections, events, |done| progress(done, total)).await;
    // Also when it ended early: what is there is to be read.
    for projection in projections {
        sources.model.complete(Owner::of(*projection)).await?;
    }
    made?;
    if let Some(batches) = batches {
        usage_again(sources, batches, |done| progress(events.saturating_add(done), total)).await?;
    }
    Ok(())
}

/// Reads each batch of events once, for all projections, and the next one while it is applied.
async fn events_again(
    Sources { model, log, events_max, .. }: &Sources<'_>,
    projections: &[&'static dyn Projection],
    head: u64,
    progress: impl Fn(u64),
) -> Result<(), RebuildFailure> {
    let mut rebuilt = vec![];
    for projection in projections.iter().copied() {
        let owner = Owner::of(projection);
        model.strip(owner).await?;
        rebuilt.push((projection, Checkpoint { version: owner.version, ..Checkpoint::default() }));
    }
    progress(0);
    if head == 0 {
        return Ok(());
    }
    let mut batch = log.read(Position::START, *events_max).await?;
    while let Some(last) = batch.last().map(|recorded| recorded.position) {
        let (next, applied) =
            tokio::join!(log.read(last, *events_max), apply_to_all(model, &mut rebuilt, &batch));
        applied?;
        progress(last.get().min(head));
        if last.get() >= head {
            return Ok(());
        }
        batch = next?;
    }
    let reached = rebuilt.first().map(|(_, checkpoint)| checkpoint.position).unwrap_or_default();
    Err(halted("log", &Halt::Gap { after: reached, found: Position::new(head) }))
}

async fn apply_to_all(
    model: &ReadModel,
    rebuilt: &mut [(&'static dyn Projection, Checkpoint)],
    batch: &[Recorded],
) -> Result<(), RebuildFailure> {
    for (projection, checkpoint) in rebuilt {
        let applied = runner::apply(model, *projection, checkpoint.clone(), batch).await?;
        *checkpoint = applied.checkpoint;
        if let Some(why) = applied.halt {
            return Err(halted(projection.name(), &why));
        }
    }
    Ok(())
}

async fn usage_again(
    Sources { model, usage, .. }: &Sources<'_>,
    head: u64,
    progress: impl Fn(u64),
) -> Result<(), RebuildFailure> {
    model.reset(OWNER).await?;
    let mut position = Position::START;
    progress(0);
    while position.get() < head {
        let batches = usage.read(position.get(), BATCHES_MAX).await?;
        let (reached, committed) = count(model, position, &batches).await?;
        if committed == Committed::Fenced || reached == position {
            return Err(halted(USAGE, &Halt::Fenced { position }));
        }
        position = reached;
        progress(position.get());
    }
    Ok(())
}

fn halted(projection: &'static str, why: &Halt) -> RebuildFailure {
    RebuildFailure::Halted { projection, why: why.to_string() }
}
