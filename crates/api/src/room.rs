//! Room for so many at once, and nobody waits in a line that others cannot see.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::{Kind, Problem};

/// Of this process. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    left: Arc<Semaphore>,
    full: Kind,
}

impl Room {
    /// `full`: what is answered where there is none left.
    pub(crate) fn new(at_once_max: usize, full: Kind) -> Self {
        Self { left: Arc::new(Semaphore::new(at_once_max)), full }
    }

    /// For one, until it is dropped.
    pub(crate) fn enter(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.left).try_acquire_owned().map_err(|_| Problem::new(self.full))
    }
}
