//! Where usage batches come from.

use std::pin::Pin;

use domain::Timestamp;
use eventlog::{
    LogFailure,
    bus::BusTold,
    usage::{ArrivedBatch, UsageLog},
};
use tokio::sync::watch;

/// Batches, when they have come.
pub type Reading<'source> =
    Pin<Box<dyn Future<Output = Result<Vec<ArrivedBatch>, LogFailure>> + Send + 'source>>;

/// Something about batches that are there.
pub type Told<'source, T> = Pin<Box<dyn Future<Output = Result<T, LogFailure>> + Send + 'source>>;

/// Batches as gateways told them, for as long as they are kept: to be counted again, beside whoever counts them.
pub trait ToldUsage: Send + Sync + 'static {
    /// Since when every batch is there; none where that cannot be said. No batch tells of calls that came after it.
    fn whole_since(&self) -> Told<'_, Option<Timestamp>>;

    /// The number of a batch before all that came from then on.
    fn before(&self, at: Timestamp) -> Told<'_, u64>;

    /// The batches after this number, at most so many; none at the end.
    fn read(&self, after: u64, batches_max: usize) -> Told<'_, Vec<ArrivedBatch>>;
}

/// Sightings, when they are forgotten.
pub type Forgetting<'source> = Pin<Box<dyn Future<Output = Result<(), LogFailure>> + Send + 'source>>;

/// Hands out usage batches in the order of their arrival, which for one run of one gateway is that of its
/// sequence. A batch may arrive again under another number: the follower knows it.
pub trait UsageSource: Send + Sync + 'static {
    /// The batches after this number, at most so many; at least one while [`Self::watch`] says a higher one.
    /// Numbers rise, and may leave some out.
    fn read(&self, after: u64, batches_max: usize) -> Reading<'_>;

    /// The number of the last batch that can be read, as it moves.
    fn watch(&self) -> watch::Receiver<u64>;

    /// Whether every batch that ever arrived can still be read. Where not, counted usage is never thrown away to be
    /// counted again: when the numbers begin anew, so does the reading, and what was counted before is known by
    /// its sequence.
    fn is_whole(&self) -> bool;

    /// Forgets who presented which secret in batches that were flushed before then. A source that lets go of whole batches
    /// by itself has nothing to do.
    fn forget_sightings(&self, _before: Timestamp) -> Forgetting<'_> {
        Box::pin(std::future::ready(Ok(())))
    }
}

impl ToldUsage for UsageLog {
    fn whole_since(&self) -> Told<'_, Option<Timestamp>> {
        Box::pin(Self::whole_since(self))
    }

    fn before(&self, at: Timestamp) -> Told<'_, u64> {
        Box::pin(Self::before(self, at))
    }

    fn read(&self, after: u64, batches_max: usize) -> Told<'_, Vec<ArrivedBatch>> {
        Box::pin(Self::read(self, after, batches_max))
    }
}

/// On servers they lie in the stream.
impl ToldUsage for BusTold {
    fn whole_since(&self) -> Told<'_, Option<Timestamp>> {
        Box::pin(Self::whole_since(self))
    }

    fn before(&self, at: Timestamp) -> Told<'_, u64> {
        Box::pin(Self::before(self, at))
    }

    fn read(&self, after: u64, batches_max: usize) -> Told<'_, Vec<ArrivedBatch>> {
        Box::pin(Self::read(self, after, batches_max))
    }
}

/// The embedded engine keeps each batch once, and for as long as it is told to.
impl UsageSource for UsageLog {
    fn read(&self, after: u64, batches_max: usize) -> Reading<'_> {
        Box::pin(Self::read(self, after, batches_max))
    }

    fn watch(&self) -> watch::Receiver<u64> {
        Self::watch(self)
    }

    fn is_whole(&self) -> bool {
        Self::is_whole(self)
    }

    fn forget_sightings(&self, before: Timestamp) -> Forgetting<'_> {
        Box::pin(Self::forget_sightings(self, before))
    }
}
