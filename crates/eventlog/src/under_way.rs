//! How many callers of this process wait for what comes of a command that is on record: its position, and whoever shows it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// The count. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnderWay(Arc<AtomicUsize>);

/// One caller who waits, counted until this is dropped.
#[derive(Debug)]
pub struct FollowsThrough(UnderWay);

impl UnderWay {
    pub(crate) fn begin(&self) -> FollowsThrough {
        self.0.fetch_add(1, Ordering::Relaxed);
        FollowsThrough(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for FollowsThrough {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
