//! Where a projection goes on, found when its turn begins. Only whoever has the turn empties its tables.

#[cfg(test)]
mod tests;

use domain::Position;
use eventlog::{EventLog, LogFailure};

use super::FollowFailure;
use crate::{
    ReadFailure, ReadModel, Told, UsageSource,
    store::{Checkpoint, Owner},
    usage::OWNER as USAGE_OWNER,
};

/// Asks how far usage is, now; fails while nobody can say.
pub(super) type AskHead = Box<dyn Fn() -> Told<'static, u64> + Send + Sync>;

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
///
/// # Errors
/// Also while nobody can say how far the source is: then it is not known whether its numbers have begun anew.
pub(super) async fn usage(
    model: &ReadModel,
    source: &dyn UsageSource,
    ask_head: &AskHead,
    process: &str,
) -> Result<Checkpoint, FollowFailure> {
    let checkpoint = match kept_usage(model, ask_head).await? {
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

/// What is shown of usage until somebody has the turn. While nobody can say how far the source is, what is counted stands.
pub(super) async fn shown_usage(
    model: &ReadModel,
    ask_head: &AskHead,
) -> Result<Option<Checkpoint>, FollowFailure> {
    match kept_usage(model, ask_head).await {
        Err(FollowFailure::Head { .. }) => Ok(usage_of_these_rules(model).await?),
        known @ (Ok(_) | Err(_)) => known,
    }
}

/// The checkpoint, unless the numbers of the source have begun anew before it.
async fn kept_usage(model: &ReadModel, ask_head: &AskHead) -> Result<Option<Checkpoint>, FollowFailure> {
    let Some(checkpoint) = usage_of_these_rules(model).await? else { return Ok(None) };
    if checkpoint.position == Position::START {
        return Ok(Some(checkpoint));
    }
    // Asked after the checkpoint was read. What was heard before may lie behind it: whoever had the turn went on counting.
    let head = ask_head().await.map_err(|source| FollowFailure::Head { source })?;
    Ok((checkpoint.position.get() <= head).then_some(checkpoint))
}

async fn usage_of_these_rules(model: &ReadModel) -> Result<Option<Checkpoint>, ReadFailure> {
    Ok(model.mark(USAGE_OWNER.name).await?.filter(|checkpoint| checkpoint.version == USAGE_OWNER.version))
}

fn anew(owner: Owner) -> Checkpoint {
    Checkpoint { version: owner.version, ..Checkpoint::default() }
}
