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
    follow::said,
    runner::{self, Applied, Halt},
    skip::{self, PassFailure, Skips},
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

impl From<PassFailure> for RebuildFailure {
    fn from(failure: PassFailure) -> Self {
        match failure {
            PassFailure::Log(failure) => failure.into(),
            PassFailure::Write(failure) => failure.into(),
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

/// A projection and how far it is made again.
type Rebuilt = (&'static dyn Projection, Checkpoint);

/// Reads each batch of events once, for all projections, and the next one while it is applied.
async fn events_again(
    sources: &Sources<'_>,
    projections: &[&'static dyn Projection],
    head: u64,
    progress: impl Fn(u64),
) -> Result<(), RebuildFailure> {
    let Sources { model, log, events_max, .. } = sources;
    let (mut rebuilt, mut skips): (Vec<Rebuilt>, _) = (vec![], Skips::default());
    for projection in projections.iter().copied() {
        let owner = Owner::of(projection);
        model.strip(owner).await?;
        rebuilt.push((projection, Checkpoint { version: owner.version, ..Checkpoint::default() }));
    }
    progress(0);
    let mut reached = Position::START;
    let mut read = log.read(reached, *events_max).await;
    while reached.get() < head {
        (reached, read) = match read {
            Ok(batch) => {
                let Some(last) = batch.last().map(|recorded| recorded.position) else {
                    return Err(halted("log", &Halt::Gap { after: reached, found: Position::new(head) }));
                };
                let applying = apply_to_all(sources, &mut rebuilt, &batch, &mut skips);
                let (next, applied) = tokio::join!(log.read(last, *events_max), applying);
                applied?;
                (last, next)
            }
            // All have come so far, and each needs a word of its own.
            Err(failure) if matches!(failure, LogFailure::Decode { .. }) => {
                for one in &mut rebuilt {
                    get_past(sources, one, &failure, &mut skips).await?;
                }
                (reached.next(), log.read(reached.next(), *events_max).await)
            }
            Err(failure) => return Err(failure.into()),
        };
        progress(reached.get().min(head));
    }
    Ok(())
}

async fn apply_to_all(
    sources: &Sources<'_>,
    rebuilt: &mut [Rebuilt],
    batch: &[Recorded],
    skips: &mut Skips,
) -> Result<(), RebuildFailure> {
    for one in rebuilt {
        loop {
            let applied = runner::apply(sources.model, one.0, one.1.clone(), batch).await?;
            one.1 = applied.checkpoint;
            match applied.halt {
                None => break,
                Some(why @ Halt::Poison { .. }) => get_past(sources, one, &why, skips).await?,
                Some(why @ (Halt::Gap { .. } | Halt::Fenced { .. })) => {
                    return Err(halted(one.0.name(), &why));
                }
            }
        }
    }
    Ok(())
}

/// Over the next event if an operator has said so. Otherwise it ends here, and why stands beside the checkpoint: only
/// what has stopped there may be left out.
async fn get_past(
    Sources { model, log, .. }: &Sources<'_>,
    (projection, checkpoint): &mut Rebuilt,
    why: &(dyn std::error::Error + Send + Sync + 'static),
    skips: &mut Skips,
) -> Result<(), RebuildFailure> {
    match skip::past(model, log, *projection, checkpoint, skips).await? {
        Some(Applied { checkpoint: beyond, halt: None }) => {
            *checkpoint = beyond;
            Ok(())
        }
        Some(Applied { checkpoint: _, halt: Some(fenced) }) => Err(halted(projection.name(), &fenced)),
        None => {
            model.halt(Owner::of(*projection), checkpoint.position, &said(why)).await?;
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
