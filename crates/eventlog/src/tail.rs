//! The newest events of the log, read and decoded once for everybody in this process who follows it.

use std::{
    collections::VecDeque,
    ops::{Deref, Range},
    sync::Arc,
    time::Duration,
};

use domain::{Position, Recorded};
use parking_lot::Mutex;
use tokio::{sync::Mutex as AsyncMutex, time::Instant};

use crate::{EventLog, LogFailure};

/// Followers are milliseconds apart. Who comes later asks the log again, and gets no personal value that was erased
/// meanwhile.
const KEPT_FOR: Duration = Duration::from_secs(1);
/// Bounds what is held in memory: a follower that is further behind reads for itself.
const KEPT_EVENTS_MAX: usize = 8_192;
/// Read at once for all, whatever the first to ask would take.
const READ_EVENTS: usize = 2_000;

/// Events in their order, shared by all who were given them.
#[derive(Clone, Debug)]
pub struct Batch {
    run: Arc<Vec<Recorded>>,
    range: Range<usize>,
}

impl Batch {
    /// Nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::from(vec![])
    }
}

impl From<Vec<Recorded>> for Batch {
    fn from(events: Vec<Recorded>) -> Self {
        Self { range: 0..events.len(), run: Arc::new(events) }
    }
}

impl Deref for Batch {
    type Target = [Recorded];
    fn deref(&self) -> &[Recorded] {
        self.run.get(self.range.clone()).unwrap_or_default()
    }
}

/// What was read lately.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    runs: Mutex<Runs>,
    /// Held by the one who reads; the others find what it has read.
    reading: AsyncMutex<()>,
}

#[derive(Debug, Default)]
struct Runs {
    /// Each begins where the one before it ends.
    in_order: VecDeque<Run>,
    events: usize,
}

#[derive(Debug)]
struct Run {
    /// The last position before it.
    after: Position,
    events: Arc<Vec<Recorded>>,
    read_at: Instant,
}

impl Tail {
    /// The events after a position, at most so many; none at the end of the log.
    ///
    /// # Errors
    /// When the log cannot be read, or the first event not be decoded.
    pub(crate) async fn read(
        &self,
        log: &EventLog,
        after: Position,
        events_max: usize,
    ) -> Result<Batch, LogFailure> {
        if let Some(batch) = self.runs.lock().find(after, events_max) {
            return Ok(batch);
        }
        if self.runs.lock().begins_after(after) {
            // Far behind the others, who need not wait for it.
            return Ok(log.read(after, events_max).await?.into());
        }
        let _reading = self.reading.lock().await;
        if let Some(batch) = self.runs.lock().find(after, events_max) {
            return Ok(batch);
        }
        let events = Arc::new(log.read(after, READ_EVENTS.max(events_max)).await?);
        self.runs.lock().keep(after, Arc::clone(&events));
        let range = 0..events.len().min(events_max);
        Ok(Batch { run: events, range })
    }
}

impl Runs {
    fn find(&mut self, after: Position, events_max: usize) -> Option<Batch> {
        self.forget_old();
        let run = self.in_order.iter().rfind(|run| run.after <= after)?;
        let first = usize::try_from(after.get() - run.after.get()).ok()?;
        let range = first..run.events.len().min(first.saturating_add(events_max));
        (!range.is_empty()).then(|| Batch { run: Arc::clone(&run.events), range })
    }

    fn begins_after(&self, after: Position) -> bool {
        self.in_order.front().is_some_and(|first| first.after > after)
    }

    /// Takes what goes on where the last run ends; anything else begins anew.
    fn keep(&mut self, after: Position, events: Arc<Vec<Recorded>>) {
        let end = self.in_order.back().and_then(|last| last.events.last()).map(|last| last.position);
        if end.is_some_and(|end| end != after) {
            self.in_order.clear();
            self.events = 0;
        }
        if !events.is_empty() {
            self.events = self.events.saturating_add(events.len());
            self.in_order.push_back(Run { after, events, read_at: Instant::now() });
        }
    }

    fn forget_old(&mut self) {
        let old = |run: &Run| run.read_at.elapsed() > KEPT_FOR;
        while self.in_order.front().is_some_and(|first| self.events > KEPT_EVENTS_MAX || old(first)) {
            let forgotten = self.in_order.pop_front().map_or(0, |run| run.events.len());
            self.events = self.events.saturating_sub(forgotten);
        }
    }
}
