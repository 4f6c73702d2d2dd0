//! Whose turn it is to move a projection.

use std::{future::pending, time::Duration};

use super::postgres::Lock;

/// How long one that was stopped by the checkpoint lets the other go on before it looks again.
pub(crate) const STAND_BACK: Duration = Duration::from_secs(1);

/// The turn of one process. The embedded engine has one process, and so no lock.
pub(crate) enum Lead {
    Alone,
    Locked(Box<Lock>),
}

impl Lead {
    /// When it is time to try (again).
    pub(crate) async fn turn(&mut self) {
        match self {
            Self::Alone => {}
            Self::Locked(lock) => lock.turn().await,
        }
    }

    /// Tries once.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub(crate) async fn take(&mut self) -> Result<bool, sqlx::Error> {
        match self {
            Self::Alone => Ok(true),
            Self::Locked(lock) => lock.take().await,
        }
    }

    /// Returns when it is this process' turn no longer. May be dropped while it waits.
    pub(crate) async fn lost(&mut self) {
        match self {
            Self::Alone => pending().await,
            Self::Locked(lock) => lock.lost().await,
        }
    }

    pub(crate) async fn release(&mut self) {
        match self {
            Self::Alone => {}
            Self::Locked(lock) => lock.release().await,
        }
    }
}
