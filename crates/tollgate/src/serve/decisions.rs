//! Forgets usage, decisions and levels of quotas whose time is over, a few at a time.

use std::time::Duration;

use domain::SharedClock;
use eventlog::usage::UsageLog;
use jiff::SignedDuration;
use projections::{ReadModel, USAGE, UsageRetention};
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

/// Forgets until stopped: in the read models, and in this node's batches where they are kept in a file.
pub(super) async fn run(
    read: ReadModel,
    batches: Option<UsageLog>,
    clock: SharedClock,
    keep: Keep,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    loop {
        if let Err(failure) = forget(&read, batches.as_ref(), &clock, keep).await {
            warn!("Cannot forget usage and decisions whose time is over; trying again: {failure:#}");
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn forget(
    read: &ReadModel,
    batches: Option<&UsageLog>,
    clock: &SharedClock,
    keep: Keep,
) -> anyhow::Result<()> {
    let now = clock.now();
    for _ in 0..STATEMENTS_MAX {
        if read.forget_quota_levels(now, AT_ONCE_MAX).await? < u64::from(AT_ONCE_MAX) {
            break;
        }
    }
    for _ in 0..STATEMENTS_MAX {
        if read.forget_quota_marks(now, AT_ONCE_MAX).await? < u64::from(AT_ONCE_MAX) {
            break;
        }
    }
    for _ in 0..STATEMENTS_MAX {
        if !read.forget_usage(now, keep.usage).await? {
            break;
        }
    }
    let before = now.checked_sub(keep.decisions)?;
    for _ in 0..STATEMENTS_MAX {
        if read.forget_decisions(before, AT_ONCE_MAX).await? < u64::from(AT_ONCE_MAX) {
            break;
        }
    }
    let Some(batches) = batches else { return Ok(()) };
    for _ in 0..STATEMENTS_MAX {
        let forgotten = batches.forget_decisions(before, AT_ONCE_MAX).await?;
        if u32::try_from(forgotten).unwrap_or(u32::MAX) < AT_ONCE_MAX {
            break;
        }
    }
    // As long as the quarters that are made of them: what is older could not be checked against anything.
    let (before, counted) = (now.checked_sub(keep.usage.quarters)?, read.checkpoint(USAGE).await?.get());
    for _ in 0..STATEMENTS_MAX {
        let forgotten = batches.forget_batches(before, counted, AT_ONCE_MAX).await?;
        if u32::try_from(forgotten).unwrap_or(u32::MAX) < AT_ONCE_MAX {
            break;
        }
    }
    Ok(())
}
