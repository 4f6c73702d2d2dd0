//! Carries one batch of events into one projection: keys, rows, fold, one transaction. Knows no engine.

#[cfg(test)]
mod tests;

use domain::{Position, Recorded, correlations};
use tracing::{Level, Span, span_enabled, trace_span};

use crate::{
    Poison, Projection, ReadModel, Rows, WriteFailure,
    store::{Checkpoint, Commit, Committed, Owner},
};

/// Pieces of work of one batch that are traced.
const TRACES_MAX: usize = 24;

/// Why a projection goes no further. What came before it in the batch is applied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Halt {
    #[error("cannot take the event {event_type} at position {position}: {poison}")]
    Poison { position: Position, event_type: String, poison: Poison },
    #[error("the event after position {after} is missing: the next one is at {found}")]
    Gap { after: Position, found: Position },
    #[error("someone else moves this projection on from position {position}")]
    Fenced { position: Position },
}

/// How far a batch brought a projection, and what keeps it from going on.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) halt: Option<Halt>,
}

/// Applies what the checkpoint does not have yet. The store may have it further back, at `kept`, when nothing in between
/// changes a row.
///
/// # Errors
/// When the store failed; then nothing of the batch is applied, and it may be given again.
pub(crate) async fn apply(
    model: &ReadModel,
    projection: &dyn Projection,
    kept: Position,
    checkpoint: Checkpoint,
    batch: &[Recorded],
) -> Result<Applied, WriteFailure> {
    let owner = Owner::of(projection);
    let _traces = traces(projection.name(), batch, checkpoint.position);
    let (events, gap) = contiguous(checkpoint.position, batch);
    let keys = events.iter().flat_map(|recorded| projection.keys(recorded)).collect();
    let mut rows = model.load(owner, keys).await?;
    let (folded, poison) = fold(projection, &mut rows, events);
    let Some(last) = folded.last() else { return Ok(Applied { checkpoint, halt: poison.or(gap) }) };
    let to = behind(owner.version, last);
    let commit = Commit { owner, from: kept, to: to.clone(), changes: rows.into_changes() };
    Ok(match model.commit(commit).await? {
        Committed::Yes => Applied { checkpoint: to, halt: poison.or(gap) },
        Committed::Fenced => Applied { checkpoint, halt: Some(Halt::Fenced { position: kept }) },
    })
}

/// The checkpoint behind a batch that changes no row of the projection; none when it may, or is not what comes next.
pub(crate) fn past(
    projection: &dyn Projection,
    checkpoint: &Checkpoint,
    batch: &[Recorded],
) -> Option<Checkpoint> {
    let (events, gap) = contiguous(checkpoint.position, batch);
    let takes = |recorded: &Recorded| projection.takes(recorded.event.aggregate_type());
    let last = events.last().filter(|_| gap.is_none() && !events.iter().any(takes))?;
    Some(behind(checkpoint.version, last))
}

fn behind(version: u32, last: &Recorded) -> Checkpoint {
    Checkpoint { version, position: last.position, leaf: hex::encode(last.leaf_hash) }
}

/// Moves on over the next event, which has this leaf hash, and leaves the rows as they are.
///
/// # Errors
/// When the store failed; then it has not moved.
pub(crate) async fn pass_over(
    model: &ReadModel,
    projection: &dyn Projection,
    checkpoint: Checkpoint,
    leaf_hash: [u8; 32],
) -> Result<Applied, WriteFailure> {
    let (owner, from) = (Owner::of(projection), checkpoint.position);
    let to = Checkpoint { version: owner.version, position: from.next(), leaf: hex::encode(leaf_hash) };
    let commit = Commit { owner, from, to: to.clone(), changes: vec![] };
    Ok(match model.commit(commit).await? {
        Committed::Yes => Applied { checkpoint: to, halt: None },
        Committed::Fenced => Applied { checkpoint, halt: Some(Halt::Fenced { position: from }) },
    })
}

/// A span for each piece of work that the batch goes on with, where anybody wants them.
fn traces(name: &'static str, batch: &[Recorded], after: Position) -> Vec<Span> {
    if !span_enabled!(Level::TRACE) {
        return vec![];
    }
    let news = batch.iter().position(|recorded| recorded.position > after).unwrap_or(batch.len());
    let works = correlations(batch.get(news..).unwrap_or_default(), TRACES_MAX);
    let project = |(id, position): (&str, Position)| {
        trace_span!(
            "project",
            projection.name = name,
            correlation.id = id,
            event.position = position.get(),
            batch.events = batch.len(),
        )
    };
    works.into_iter().map(project).collect()
}

/// The events right after the checkpoint. Those at or before it are a second delivery; one that leaves a
/// position out ends the run.
fn contiguous(after: Position, batch: &[Recorded]) -> (&[Recorded], Option<Halt>) {
    let news = batch.iter().position(|recorded| recorded.position > after).unwrap_or(batch.len());
    let news = batch.get(news..).unwrap_or_default();
    let mut last = after;
    for (count, recorded) in news.iter().enumerate() {
        if recorded.position != last.next() {
            let gap = Halt::Gap { after: last, found: recorded.position };
            return (news.get(..count).unwrap_or_default(), Some(gap));
        }
        last = recorded.position;
    }
    (news, None)
}

/// Folds up to the first event that the projection cannot take; of that one nothing stays in the rows.
fn fold<'batch>(
    projection: &dyn Projection,
    rows: &mut Rows,
    events: &'batch [Recorded],
) -> (&'batch [Recorded], Option<Halt>) {
    for (count, recorded) in events.iter().enumerate() {
        match projection.fold(rows, recorded) {
            Ok(changes) => changes.into_iter().for_each(|change| rows.change(change)),
            Err(poison) => {
                let (position, event_type) = (recorded.position, recorded.event.event_type().to_owned());
                let halt = Halt::Poison { position, event_type, poison };
                return (events.get(..count).unwrap_or_default(), Some(halt));
            }
        }
    }
    (events, None)
}
