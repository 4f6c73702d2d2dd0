//! Who gives the time. The rules never ask; those who carry them out do, so that a test can say when it is.

use std::sync::Arc;

use crate::Timestamp;

/// A source of the present.
pub trait Clock: Send + Sync {
    /// Never assumed to be monotonic: it may be set back or forward at any moment.
    fn now(&self) -> Timestamp;
}

/// A clock that parts of the program share.
pub type SharedClock = Arc<dyn Clock>;
