//! Questions that read a great deal to answer little: so many of them at once, and nobody waits in a line that others cannot see.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::{Problem, kinds};

/// In this process: each keeps a connection to the read models, and a processor, busy for seconds.
const AT_ONCE_MAX: usize = 2;

/// Room for some of them.
#[derive(Clone, Debug)]
pub(crate) struct Replays(Arc<Semaphore>);

impl Default for Replays {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE_MAX)))
    }
}

impl Replays {
    /// Room for one until it is dropped. Refuses where there is none.
    pub(crate) fn begin(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.0).try_acquire_owned().map_err(|_| Problem::new(kinds::REPLAYS_BUSY))
    }
}
