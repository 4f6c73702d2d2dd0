//! Aggregates kept in memory between commands, never behind what this process has appended.

use std::{any::Any, num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use parking_lot::Mutex;

use crate::{Loaded, Stored};

/// How many are kept; the primary key of the store stays the judge of their version.
const AGGREGATES_MAX: NonZeroUsize = match NonZeroUsize::new(10_000) {
    Some(many) => many,
    None => NonZeroUsize::MIN,
};

/// States by stream, the least used forgotten first.
pub(crate) struct WarmAggregates {
    kept: Mutex<LruCache<String, Warm>>,
}

struct Warm {
    version: u64,
    /// None: all that is known is that older states are outdated.
    state: Option<Arc<dyn Any + Send + Sync>>,
}

impl WarmAggregates {
    pub(crate) fn new() -> Self {
        Self { kept: Mutex::new(LruCache::new(AGGREGATES_MAX)) }
    }

    pub(crate) fn get<A: Stored>(&self, stream: &str) -> Option<Loaded<A>> {
        let mut kept = self.kept.lock();
        let warm = kept.get(stream)?;
        let state = Arc::clone(warm.state.as_ref()?).downcast::<A>().ok()?;
        Some(Loaded { state, version: warm.version })
    }

    /// Keeps a state unless a newer one is known: a slow reader must not put an older one back.
    pub(crate) fn keep<A: Stored>(&self, stream: String, loaded: &Loaded<A>) {
        let mut kept = self.kept.lock();
        if kept.peek(&stream).is_none_or(|warm| warm.version <= loaded.version) {
            let state: Arc<dyn Any + Send + Sync> = Arc::<A>::clone(&loaded.state);
            kept.put(stream, Warm { version: loaded.version, state: Some(state) });
        }
    }

    /// Says that the stream has come to this version. Told by the writer before anyone is answered: the command's own
    /// task may be gone by then, and with it the new state.
    pub(crate) fn outdate(&self, stream: &str, version: u64) {
        let mut kept = self.kept.lock();
        if kept.peek(stream).is_some_and(|warm| warm.version < version) {
            kept.put(stream.to_owned(), Warm { version, state: None });
        }
    }
}
