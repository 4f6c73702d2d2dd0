//! What becomes of what a node counts: batches for the reports, and its own counters.

use std::{error::Error, iter, sync::Arc, time::Duration};

use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use domain::SharedClock;
use eventlog::{LogFailure, bus::UsagePublisher, usage::UsageLog};
use gateway::{
    CounterRow, Gateway,
    flush::{Flush, FlushSink, SinkFailure},
};

use crate::{ControlPlane, Keepers};

const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// Who takes usage batches.
pub enum Batches {
    /// The node's own file, where the read models are in the same process.
    Beside,
    Bus(UsagePublisher),
    /// Where there is no bus.
    ControlPlane(ControlPlane),
}

/// Who keeps the gateway's flushes: counters in a file of this node, and batches beside them or elsewhere.
pub struct UsageSink {
    pub file: UsageLog,
    pub batches: Batches,
}

impl FlushSink for UsageSink {
    async fn flush(&self, flush: &Flush) -> Result<(), SinkFailure> {
        let counters = flush.counters.iter().map(|row| (row.key.clone(), row.state.clone())).collect();
        // Elsewhere first: given again it is known by its sequence, and the counters are put where they were.
        let beside = match (&self.batches, &flush.batch) {
            (Batches::Bus(bus), Some(batch)) => {
                bus.publish(batch).await.map_err(not_published)?;
                None
            }
            (Batches::ControlPlane(control_plane), Some(batch)) => {
                control_plane.tell_usage(batch).await?;
                None
            }
            (Batches::Bus(_) | Batches::ControlPlane(_), None) => None,
            (Batches::Beside, batch) => batch.clone(),
        };
        self.file.append(beside, counters).await.map_err(SinkFailure::new)
    }
}

fn not_published(failure: LogFailure) -> SinkFailure {
    if is_too_large(&failure) { SinkFailure::too_large(failure) } else { SinkFailure::new(failure) }
}

/// Whether a batch is larger than the bus takes: then it was not sent to it at all.
#[must_use]
pub fn is_too_large(failure: &LogFailure) -> bool {
    let first: Option<&(dyn Error + 'static)> = Some(failure);
    iter::successors(first, |cause| (*cause).source()).any(|cause| {
        let refused = cause.downcast_ref::<PublishError>();
        refused.is_some_and(|refused| refused.kind() == PublishErrorKind::MaxPayloadExceeded)
    })
}

/// Takes the counters over from the run before, and hands on what is counted.
///
/// # Errors
/// When the file cannot be read.
pub async fn keep_usage(
    gateway: &Arc<Gateway>,
    file: &UsageLog,
    sink: impl FlushSink + 'static,
    clock: &SharedClock,
    keepers: &mut impl Keepers,
) -> anyhow::Result<()> {
    let counters = file.counters().await?;
    let rows = counters.into_iter().map(|(key, state)| CounterRow { key, state });
    gateway.restore_counters(rows.collect(), clock.now());
    let (counted, clock, stop) = (Arc::clone(gateway), Arc::clone(clock), keepers.stop_token());
    keepers.keep("usage flush", async move {
        gateway::flush::run(counted, sink, clock, FLUSH_EVERY, stop).await;
        Ok(())
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: PublishErrorKind, is_too_large: bool) {
        let failure = LogFailure::Usage { source: PublishError::new(kind).into() };
        assert_eq!(not_published(failure).is_too_large(), is_too_large, "{kind:?}");
    }

    #[test]
    fn only_what_the_bus_has_no_room_for_is_too_large() {
        check(PublishErrorKind::MaxPayloadExceeded, true);
        check(PublishErrorKind::TimedOut, false);
    }
}
