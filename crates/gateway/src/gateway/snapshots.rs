//! Gives away what is known, and begins with what another knew.

use std::sync::atomic::Ordering;

use super::{Gateway, feed::NEVER};
use crate::{
    GatewaySnapshot, SnapshotFailure,
    snapshot::{Writer, read_index},
};

impl Gateway {
    /// What is known at this moment; None before the whole log was in force once. Takes the longer the more keys there
    /// are; calls go on meanwhile, and events wait.
    #[must_use]
    pub fn snapshot(&self) -> Option<GatewaySnapshot> {
        let _only = self.applying.lock();
        let caught_up_at = self.caught_up_at.load(Ordering::Relaxed);
        let writer = Writer::new(self.position(), caught_up_at);
        let snapshot = (caught_up_at != NEVER).then(|| writer.write(&self.index))?;
        metrics::gauge!("tollgate_gateway_snapshot_position").set(count(snapshot.position().get()));
        Some(snapshot)
    }

    /// Begins with what another gateway, or this one in a run before, knew: ready at once, and stale when that is too
    /// long ago. The feed goes on from the snapshot's position. To be done before anything else.
    ///
    /// # Errors
    /// When the snapshot cannot be read, or this gateway has followed the log already. Nothing is changed then.
    pub fn restore(&self, snapshot: &GatewaySnapshot) -> Result<(), SnapshotFailure> {
        let _only = self.applying.lock();
        let restored = read_index(snapshot)?;
        let mut index = self.index.write();
        // What counts by slot would count for others.
        if !index.is_empty() {
            return Err(SnapshotFailure::NotEmpty { position: index.position });
        }
        *index = restored;
        drop(index);
        self.tell_moved();
        let caught_up_at = snapshot.caught_up_at().as_microsecond();
        self.caught_up_at.store(caught_up_at, Ordering::Relaxed);
        metrics::gauge!("tollgate_gateway_snapshot_position").set(count(snapshot.position().get()));
        Ok(())
    }
}

/// As metrics have it: exact for any log that fits on a disk.
pub(super) fn count(number: u64) -> f64 {
    let (high, low) = (number >> 32, number & u64::from(u32::MAX));
    let part = |part: u64| f64::from(u32::try_from(part).unwrap_or(u32::MAX));
    part(high) * 4_294_967_296.0 + part(low)
}
