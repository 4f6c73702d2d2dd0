//! Forgets usage, decisions and levels of quotas whose time is over, a few at a time.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use domain::{SharedClock, Timestamp};
use eventlog::{Steadiness, usage::UsageLog};
use jiff::SignedDuration;
use projections::{CountedTime, ReadModel, USAGE, UsageRetention, queries::usage::counted_until};
use tokio_util::sync::CancellationToken;
use tracing::warn;

const EVERY: Duration = Duration::from_secs(60);
/// Rows that one statement takes away, so that nobody waits long for it.
const AT_ONCE_MAX: u32 = 1_000;
/// Statements in one turn: what is left then waits for the next.
const STATEMENTS_MAX: usize = 1_000;

/// How long what is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keep {
    pub(super) decisions: SignedDuration,
    pub(super) usage: UsageRetention,
}

/// Forgets until stopped: in the read models, and in this node's batches where they are kept in a file. A clock that has
/// jumped is not believed until it has gone evenly for a while: embedded, flushes are told by the same clock.
pub(super) async fn run(
    read: ReadModel,
    batches: Option<UsageLog>,
    clock: SharedClock,
    keep: Keep,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut steadiness = Steadiness::new(clock.now(), Instant::now());
    let mut time = CountedTime::default();
    loop {
        let (now, monotonic) = (clock.now(), Instant::now());
        if steadiness.holds(now, monotonic)
            && let Err(failure) = forget(&read, batches.as_ref(), (now, monotonic), &mut time, keep).await
        {
            warn!("Cannot forget usage and decisions whose time is over; trying again: {failure:#}");
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// What is old is so beside the latest flush that was counted and what has passed since, if that is before now: a clock that
/// jumps ahead forgets nothing. Before the first one there is nothing to forget.
async fn forget(
    read: &ReadModel,
    batches: Option<&UsageLog>,
    (now, monotonic): (Timestamp, Instant),
    time: &mut CountedTime,
    keep: Keep,
) -> anyhow::Result<()> {
    let Some(until) = time.until(counted_until(read).await?, monotonic) else { return Ok(()) };
    let until = until.min(now);
    forget_rows(read, until, keep).await?;
    match batches {
        Some(batches) => forget_batches(read, batches, until, keep).await,
        None => Ok(()),
    }
}

async fn forget_rows(read: &ReadModel, until: Timestamp, keep: Keep) -> anyhow::Result<()> {
    for _ in 0..STATEMENTS_MAX {
        if read.forget_quota_levels(until, AT_ONCE_MAX).await? < u64::from(AT_ONCE_MAX) {
            break;
        }
    }
    for _ in 0..STATEMENTS_MAX {
        if read.forget_quota_marks(until, AT_ONCE_MAX).await? < u64::from(AT_ONCE_MAX) {
            break;
        }
    }
    for _ in 0..STATEMENTS_MAX {
        if !read.forget_usage(until, keep.usage).await? {
            break;
        }
    }
    let before = until.checked_sub(keep.decisions)?;
    for _ in 0..STATEMENTS_MAX {
        if read.forget_decisions(before, AT_ONCE_MAX).await? < u64::from(AT_ONCE_MAX) {
            break;
        }
    }
    Ok(())
}

async fn forget_batches(
    read: &ReadModel,
    batches: &UsageLog,
    until: Timestamp,
    keep: Keep,
) -> anyhow::Result<()> {
    let before = until.checked_sub(keep.decisions)?;
    for _ in 0..STATEMENTS_MAX {
        let forgotten = batches.forget_decisions(before, AT_ONCE_MAX).await?;
        if u32::try_from(forgotten).unwrap_or(u32::MAX) < AT_ONCE_MAX {
            break;
        }
    }
    // As long as the quarters that are made of them: what is older could not be checked against anything.
    let (before, counted) = (until.checked_sub(keep.usage.quarters)?, read.checkpoint(USAGE).await?.get());
    for _ in 0..STATEMENTS_MAX {
        let forgotten = batches.forget_batches(before, counted, AT_ONCE_MAX).await?;
        if u32::try_from(forgotten).unwrap_or(u32::MAX) < AT_ONCE_MAX {
            break;
        }
    }
    Ok(())
}
