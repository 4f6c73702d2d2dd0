//! Erasures on record that were cut off are finished before anything else is done.

use domain::Timestamp;
use eventlog::EventLog;
use outbox::Outbox;

/// Where it was told first: only the log says what it is.
pub(crate) async fn finish(log: &EventLog, outbox: &Outbox, now: Timestamp) -> anyhow::Result<()> {
    outbox.forget_address(&log.erased_values(None).await?, now).await?;
    log.forget(None).await?;
    Ok(())
}
