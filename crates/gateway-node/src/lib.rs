//! A gateway node: what keeps a gateway's core going, whoever asks it. It begins with what is known, follows the log by the way
//! that is there, tells usage, and shares quotas with the other nodes. `tollgate serve` and the filter inside Envoy are made of it.

mod control_plane;
mod feed;
mod following;
mod joining;
mod usage;

use std::future::Future;

use tokio_util::sync::CancellationToken;

pub use control_plane::ControlPlane;
pub use feed::Configuration;
pub use following::{follow, follow_from_snapshot, new_boot};
pub use joining::{join_others, settle};
pub use usage::{Batches, UsageSink, is_too_large, keep_usage};

/// Whoever runs a node's tasks, waits for them at the end, and hears when one fails.
pub trait Keepers {
    /// Tells each task to finish what it has begun.
    fn stop_token(&self) -> CancellationToken;

    /// Runs a task from now on.
    fn keep(&mut self, name: &'static str, work: impl Future<Output = anyhow::Result<()>> + Send + 'static);
}
