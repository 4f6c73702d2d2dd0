//! Makes read models again from the first event on.
//!
//! The tables are emptied and their checkpoints put to the start in one transaction; then each batch is again one.
//! Whenever it is cut off, the rows and the checkpoint agree, and following or rebuilding again ends the same.

mod reader;
mod remade;
#[cfg(test)]
mod tests;

use domain::Position;
use eventlog::{EventLog, LogFailure, Wanted};

use crate::{
    ALL, Projection, ReadFailure, ReadModel, USAGE, UsageSource, WriteFailure,
    follow::said,
    runner::{Applied, Halt},
    skip::{self, PassFailure, Skips},
    store::{Committed, Lead, Owner},
    usage::{CountFailure, OWNER, apply as count},
};
use remade::Remade;

/// Large batches: a transaction has a price, and nobody waits for its rows. Some are in memory at the same time, and
/// larger ones leave the processor's caches.
const EVENTS_MAX: usize = 5_000;
/// A row that changes again before so many have changed is written once. What a rebuild that is cut off loses is some
/// seconds' work.
const ROWS_MAX: usize = 250_000;
const BATCHES_MAX: usize = 500;

/// A rebuild did not get to the end. What it has done stays, and is consistent.
#[derive(Debug, thiserror::Error)]
pub enum RebuildFailure {
    #[error("no projection is called `{name}`; there are: {known}")]
    Unknown { name: String, known: String },
    #[error("the projection `{projection}` has stopped: {why}")]
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
/// Events that operators have left out of a projection are left out again, where it still cannot take them.
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
    let sources = Sources { model, log, usage, events_max: EVENTS_MAX, rows_max: ROWS_MAX };
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

impl From<PassFailure> for RebuildFailure {
    fn from(failure: PassFailure) -> Self {
        match failure {
            PassFailure::Log(failure) => failure.into(),
            PassFailure::Write(failure) => failure.into(),
        }
    }
}

/// What a rebuild reads and writes, how many events at once, and how many changed rows wait for their write.
struct Sources<'of> {
    model: &'of ReadModel,
    log: &'of EventLog,
    usage: &'of dyn UsageSource,
    events_max: usize,
    rows_max: usize,
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

/// Reads each stretch of events once, for all projections, and the next ones while it is folded and written.
async fn events_again(
    sources: &Sources<'_>,
    projections: &[&'static dyn Projection],
    head: u64,
    progress: impl Fn(u64),
) -> Result<(), RebuildFailure> {
    let Sources { model, log, events_max, .. } = sources;
    let (mut remade, mut skips): (Vec<Remade>, _) = (vec![], Skips::default());
    for projection in projections.iter().copied() {
        model.strip(Owner::of(projection)).await?;
        remade.push(Remade::new(projection, model));
    }
    progress(0);
    let mut reads = reader::start(log, wanted(projections), Position::new(head), *events_max);
    let mut reached = Position::START;
    while reached.get() < head {
        let missing = || halted("log", &Halt::Gap { after: reached, found: Position::new(head) });
        let stretch = reads.next().await.ok_or_else(missing)??;
        let events = stretch.events()?;
        for one in &mut remade {
            one.take(sources, &stretch, &events, &mut skips).await?;
        }
        if reached > Position::START {
            progress(reached.get());
        }
        reached = stretch.until();
    }
    for one in &mut remade {
        one.finish(model).await?;
    }
    if reached > Position::START {
        progress(reached.get());
    }
    Ok(())
}

/// What the projections make something of: of the rest it is enough to know that it is there.
fn wanted(projections: &[&'static dyn Projection]) -> Wanted {
    let aggregates = projections.iter().map(|projection| projection.aggregates());
    let aggregates: Option<Vec<_>> = aggregates.collect();
    Wanted {
        aggregates: aggregates.map(|aggregates| aggregates.into_iter().flatten().copied().collect()),
        personal: projections.iter().any(|projection| projection.shows_personal_values()),
    }
}

/// Over the next event if an operator has said so. Otherwise it ends here, and why stands beside the checkpoint: only
/// what has stopped there may be left out.
async fn get_past(
    Sources { model, log, .. }: &Sources<'_>,
    one: &mut Remade,
    why: &(dyn std::error::Error + Send + Sync + 'static),
    skips: &mut Skips,
) -> Result<(), RebuildFailure> {
    let projection = one.projection;
    match skip::past(model, log, projection, one.checkpoint(), skips).await? {
        Some(Applied { checkpoint: beyond, halt: None }) => {
            one.stands_at(beyond);
            Ok(())
        }
        Some(Applied { checkpoint: _, halt: Some(fenced) }) => Err(halted(projection.name(), &fenced)),
        None => {
            model.halt(Owner::of(projection), one.checkpoint().position, &said(why)).await?;
            Err(halted(projection.name(), why))
        }
    }
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

fn halted(projection: &'static str, why: &dyn std::error::Error) -> RebuildFailure {
    RebuildFailure::Halted { projection, why: said(why) }
}
