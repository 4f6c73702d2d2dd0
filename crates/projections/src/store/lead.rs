//! Whose turn it is to move a projection.

use std::{fmt, future::pending, time::Duration};

use tokio_util::sync::CancellationToken;
use tracing::warn;

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

/// One process at a time does what this names; the others stand by, and one of them takes over when it is gone. The lock
/// spares work: whoever holds it without knowing that it is lost must do no harm.
pub struct Leadership {
    name: &'static str,
    lead: Lead,
}

impl fmt::Debug for Leadership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Leadership({})", self.name)
    }
}

impl Leadership {
    pub(super) fn new(name: &'static str, lead: Lead) -> Self {
        Self { name, lead }
    }

    /// Waits for the turn, trying every second; false when told to stop.
    pub async fn gained(&mut self, stop: &CancellationToken) -> bool {
        let mut told = false;
        loop {
            let taken = tokio::select! {
                biased;
                () = stop.cancelled() => return false,
                taken = async { self.lead.turn().await; self.lead.take().await } => taken,
            };
            match taken {
                Ok(true) => return true,
                Ok(false) => told = false,
                // Told once.
                Err(failure) => {
                    if !std::mem::replace(&mut told, true) {
                        let (name, failure): (_, &(dyn std::error::Error + 'static)) = (self.name, &failure);
                        warn!(error = failure, "The lock `{name}` cannot be asked for; it is tried again");
                    }
                }
            }
        }
    }

    /// Returns when it is this process' turn no longer. May be dropped while it waits.
    pub async fn lost(&mut self) {
        self.lead.lost().await;
    }

    /// Lets another have the turn.
    pub async fn release(&mut self) {
        self.lead.release().await;
    }
}
