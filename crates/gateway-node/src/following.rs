//! How a node comes to know the configuration: beginning with what was known before, then event by event.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use domain::SharedClock;
use gateway::{Gateway, snapshot_file};
use rand::distr::{Alphanumeric, SampleString};
use tracing::{info, warn};

use crate::{Configuration, ControlPlane, Keepers};

const SNAPSHOT_EVERY: Duration = Duration::from_secs(30);

/// Names one run of a node.
#[must_use]
pub fn new_boot() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 16)
}

/// Follows the configuration from where the gateway stands.
pub fn follow(gateway: &Arc<Gateway>, feed: Configuration, clock: &SharedClock, keepers: &mut impl Keepers) {
    let (follower, clock, stop) = (Arc::clone(gateway), Arc::clone(clock), keepers.stop_token());
    keepers.keep("gateway follower", async move {
        gateway::follow::run(follower, feed, clock, stop).await;
        Ok(())
    });
}

/// The same where the log is not at hand: beginning with this node's own snapshot, or with one of the control plane, and
/// keeping what is known in that file.
pub async fn follow_from_snapshot(
    gateway: &Arc<Gateway>,
    file: PathBuf,
    control_plane: &ControlPlane,
    feed: Configuration,
    clock: &SharedClock,
    keepers: &mut impl Keepers,
) {
    restore(gateway, &file, control_plane).await;
    keep_snapshot(gateway, file, keepers);
    follow(gateway, feed, clock, keepers);
}

/// The newer of the node's own file and the control plane's answer would be better; the file is there when nothing else
/// is, and what came since then is on the bus.
async fn restore(gateway: &Gateway, file: &Path, control_plane: &ControlPlane) {
    let kept = match snapshot_file::load(file) {
        Ok(kept) => kept,
        Err(failure) => {
            warn!(error = %failure, "The snapshot {} cannot be used; beginning without it", file.display());
            None
        }
    };
    let (snapshot, whence) = match kept {
        Some(kept) => (kept, "this node's file"),
        None => match control_plane.snapshot().await {
            Ok(Some(fetched)) => (fetched, "the control plane"),
            Ok(None) => return,
            Err(failure) => return warn!("No snapshot from the control plane: {failure:#}"),
        },
    };
    match gateway.restore(&snapshot) {
        Ok(()) => {
            let position = snapshot.position().get();
            info!(
                event.position = position,
                "Beginning at position {position} with a snapshot from {whence}"
            );
        }
        Err(failure) => warn!(error = %failure, "The snapshot from {whence} cannot be used"),
    }
}

fn keep_snapshot(gateway: &Arc<Gateway>, file: PathBuf, keepers: &mut impl Keepers) {
    let (gateway, stop) = (Arc::clone(gateway), keepers.stop_token());
    keepers.keep("gateway snapshot", async move {
        snapshot_file::keep(gateway, file, SNAPSHOT_EVERY, stop).await;
        Ok(())
    });
}
