//! Where a projection goes on, found when its turn begins. Only whoever has the turn empties its tables.

use domain::Position;
use eventlog::{EventLog, LogFailure};

use super::FollowFailure;
use crate::{
    ReadModel, UsageSource,
    store::{Checkpoint, Owner},
    usage::OWNER as USAGE_OWNER,
};

/// The checkpoint from which a projection goes on, in the name of this process. One whose rules are of another
/// version, or whose rows come from another log (a restored backup), is emptied and begins anew.
pub(super) async fn events(
    model: &ReadModel,
    log: &EventLog,
    owner: Owner,
    process: &str,
) -> Result<Checkpoint, FollowFailure> {
    let checkpoint = match kept(model, log, owner).await? {
        Some(checkpoint) => checkpoint,
        None => {
            tracing::info!(projection.name = owner.name, "Making `{}` anew from the log", owner.name);
            model.reset(owner).await?;
            anew(owner)
        }
    };
    model.claim(owner, process).await?;
    model.complete(owner).await?;
    Ok(checkpoint)
}

/// The checkpoint, if its rows are of these rules and this log.
pub(super) async fn kept(
    model: &ReadModel,
    log: &EventLog,
    owner: Owner,
) -> Result<Option<Checkpoint>, FollowFailure> {
    Ok(match model.mark(owner.name).await?.filter(|checkpoint| checkpoint.version == owner.version) {
        Some(checkpoint) if is_of_this_log(log, &checkpoint).await? => Some(checkpoint),
        Some(_) | None => None,
    })
}

/// A log that has another event there, or none, is not the one that the rows were made from.
pub(crate) async fn is_of_this_log(log: &EventLog, checkpoint: &Checkpoint) -> Result<bool, LogFailure> {
    let Some(before) = checkpoint.position.get().checked_sub(1) else { return Ok(true) };
    // As it is stored: an event that was left out need not be one that this program can decode.
    let there = log.read_stored(Position::new(before), 1).await?;
    Ok(there.first().is_some_and(|stored| hex::encode(stored.leaf_hash) == checkpoint.leaf))
}

/// The same for usage. What a source cannot give again is not thrown away for other rules or other numbers.
pub(super) async fn usage(
    model: &ReadModel,
    source: &dyn UsageSource,
    process: &str,
) -> Result<Checkpoint, FollowFailure> {
    let checkpoint = match kept_usage(model, source).await? {
        Some(checkpoint) => checkpoint,
        None if source.is_whole() => {
            tracing::info!(projection.name = USAGE_OWNER.name, "Counting usage anew from the first batch");
            model.reset(USAGE_OWNER).await?;
            anew(USAGE_OWNER)
        }
        None => {
            tracing::info!(
                projection.name = USAGE_OWNER.name,
                "Reading usage batches from the first one there"
            );
            model.rewind(USAGE_OWNER).await?;
            anew(USAGE_OWNER)
        }
    };
    model.claim(USAGE_OWNER, process).await?;
    Ok(checkpoint)
}

pub(super) async fn kept_usage(
    model: &ReadModel,
    source: &dyn UsageSource,
) -> Result<Option<Checkpoint>, FollowFailure> {
    let head = *source.watch().borrow();
    let checkpoint = model.mark(USAGE_OWNER.name).await?;
    Ok(checkpoint.filter(|there| there.version == USAGE_OWNER.version && there.position.get() <= head))
}

fn anew(owner: Owner) -> Checkpoint {
    Checkpoint { version: owner.version, ..Checkpoint::default() }
}
