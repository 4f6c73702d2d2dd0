//! Keeps the index up with the log until stopped.

use std::{sync::Arc, time::Duration};

use domain::{
    Aggregate as _, Position, approval::Approval, approval_rule::ApprovalRule, erasure::Erasure,
    grant::GivenGrant, principal::Account,
};
use eventlog::{EventLog, LogFailure, StoredEvent};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::AccessIndex;

const BATCH_EVENTS_MAX: usize = 2_000;
const IDLE: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_millis(500);

/// Reads what there is, then what comes. While the log cannot be read, what is known stays in force: nobody is let in
/// who was not, and a withdrawal is not yet heard of.
pub async fn run(index: Arc<AccessIndex>, log: EventLog, stop: CancellationToken) {
    let mut failing = false;
    index.begin(log.head());
    loop {
        let step = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            step = step(&index, &log) => step,
        };
        match step {
            Ok(()) if failing => {
                failing = false;
                info!("Following principals and grants again");
            }
            Ok(()) => {}
            Err(failure) => {
                if !failing {
                    warn!(error = %failure, "Cannot follow principals and grants; what is known stays in force");
                }
                failing = true;
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(RETRY) => {}
                }
            }
        }
    }
}

async fn step(index: &AccessIndex, log: &EventLog) -> Result<(), LogFailure> {
    let after = index.position();
    if !index.is_complete() && log.head() > after {
        return catch_up(index, log, after).await;
    }
    let batch = log.feed().next_within(after, BATCH_EVENTS_MAX, IDLE).await?;
    index.apply(&batch);
    Ok(())
}

/// Whether the index is made of such aggregates.
pub(crate) fn is_ours(aggregate_type: &str) -> bool {
    [Account::TYPE, GivenGrant::TYPE, Approval::TYPE, ApprovalRule::TYPE, Erasure::TYPE]
        .contains(&aggregate_type)
}

/// A stretch of what there is. Only what is about access is decoded: a million keys are passed over as they lie.
async fn catch_up(index: &AccessIndex, log: &EventLog, after: Position) -> Result<(), LogFailure> {
    let stored = log.read_stored(after, BATCH_EVENTS_MAX).await?;
    let Some(last) = stored.last().map(|event| event.position) else { return Ok(()) };
    let ours = |event: &&StoredEvent| is_ours(&event.aggregate_type);
    let ours: Vec<&StoredEvent> = stored.iter().filter(ours).collect();
    if !ours.is_empty() {
        let mut personal = log.personal(after, last).await?;
        for event in ours {
            let values = personal.remove(&event.position).unwrap_or_default();
            index.apply(&[event.recorded(values)?]);
        }
    }
    index.move_on(last);
    Ok(())
}
