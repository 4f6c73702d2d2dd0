//! The log of all facts: commands go in, events come out in one order.

use std::{any::Any, fmt, num::NonZeroUsize, path::Path, sync::Arc};

use cqrs_es::{EventStore, persist::PersistedEventStore};
use domain::{Position, Recorded, SharedClock};
use lru::LruCache;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{
    EventFeed, Execute, ExecuteError, Executed, Live, Loaded, LogFailure, LogRepository, OpenFailure,
    Remembered, Stored,
    codec::Encoded,
    execute::TRIES_MAX,
    merkle::Tree,
    sqlite::{Append, AppendRefused, Appended, SqliteLog},
};

/// How many aggregates are kept warm; the primary key stays the judge of their version.
const WARM_AGGREGATES_MAX: NonZeroUsize = match NonZeroUsize::new(10_000) {
    Some(many) => many,
    None => NonZeroUsize::MIN,
};

/// The event store of one installation. Cheap to clone.
#[derive(Clone)]
pub struct EventLog {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    warm: Mutex<LruCache<String, Warm>>,
}

/// Where the log is kept. Postgres becomes its second variant.
enum Engine {
    Sqlite(SqliteLog),
}

struct Warm {
    version: u64,
    state: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for EventLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventLog(head {})", self.head())
    }
}

impl EventLog {
    /// Opens the embedded engine, creating the file at first.
    ///
    /// # Errors
    /// When the file cannot be opened, is damaged, or was written by a newer Tollgate.
    pub async fn open_sqlite(file: &Path, clock: SharedClock) -> Result<Self, OpenFailure> {
        let engine = Engine::Sqlite(SqliteLog::open(file, clock).await?);
        Ok(Self { inner: Arc::new(Inner { engine, warm: Mutex::new(LruCache::new(WARM_AGGREGATES_MAX)) }) })
    }

    /// Decides a command on the aggregate as it stands and appends what follows, all or nothing.
    ///
    /// # Errors
    /// See [`ExecuteError`]; in each case nothing was appended.
    pub async fn execute<A: Stored>(&self, ask: Execute<A>) -> Result<Executed<A>, ExecuteError<A::Refusal>> {
        let stream = ask.id.to_string();
        for _ in 0..TRIES_MAX {
            let loaded = self.load_expected::<A>(&ask, &stream).await?;
            let events = loaded.state.decide(&ask.command).map_err(ExecuteError::Refused)?;
            if events.is_empty() && ask.idempotency.is_none() {
                return Ok(Executed {
                    state: loaded.state,
                    version: loaded.version,
                    position: self.head(),
                    events,
                });
            }
            let append = Append::new::<A>(&stream, loaded.version, self.encode::<A>(&events, &ask)?, &ask);
            match self.append(append).await? {
                Ok(appended) => return Ok(self.keep_warm(stream, &loaded, events, &appended)),
                Err(AppendRefused::Repeated(remembered)) => return Err(ExecuteError::Repeated(remembered)),
                Err(AppendRefused::Conflict) => self.forget(&stream),
            }
        }
        Err(LogFailure::Contended { stream, tries: TRIES_MAX }.into())
    }

    /// The aggregate as it stands; its default state under version 0 when it has no events.
    ///
    /// # Errors
    /// When the stream cannot be read or decoded.
    pub async fn load<A: Stored>(&self, id: A::Id) -> Result<Loaded<A>, LogFailure> {
        let stream = id.to_string();
        if let Some(warm) = self.inner.warm.lock().get(&stream)
            && let Ok(state) = Arc::clone(&warm.state).downcast::<A>()
        {
            return Ok(Loaded { state, version: warm.version });
        }
        let store = PersistedEventStore::<LogRepository, Live<A>>::new_event_store(self.repository());
        let context = store
            .load_aggregate(&stream)
            .await
            .map_err(|source| LogFailure::Load { stream: stream.clone(), source: Box::new(source) })?;
        let version = u64::try_from(context.current_sequence)
            .map_err(|source| LogFailure::Load { stream: stream.clone(), source: Box::new(source) })?;
        let loaded = Loaded { state: Arc::new(context.aggregate.0), version };
        self.warm(stream, &loaded);
        Ok(loaded)
    }

    async fn load_expected<A: Stored>(
        &self,
        ask: &Execute<A>,
        stream: &str,
    ) -> Result<Loaded<A>, ExecuteError<A::Refusal>> {
        let loaded = self.load::<A>(ask.id).await?;
        let Some(expected) = ask.expected_version.filter(|expected| *expected != loaded.version) else {
            return Ok(loaded);
        };
        // What is warm may be behind another instance's append; what is loaded afresh is not.
        self.forget(stream);
        let loaded = self.load::<A>(ask.id).await?;
        if expected == loaded.version {
            return Ok(loaded);
        }
        Err(ExecuteError::VersionMismatch { expected, actual: loaded.version })
    }

    /// What became of a command given under this key, if one was.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn recall(&self, command_key: &str) -> Result<Option<Remembered>, LogFailure> {
        match &self.inner.engine {
            Engine::Sqlite(log) => log.recall(command_key).await,
        }
    }

    /// The events after a position, in order, at most so many.
    ///
    /// # Errors
    /// When the store cannot be read or an event not be decoded.
    pub async fn read(&self, after: Position, events_max: usize) -> Result<Vec<Recorded>, LogFailure> {
        match &self.inner.engine {
            Engine::Sqlite(log) => log.read(after, events_max).await,
        }
    }

    /// The Merkle tree over the first leaves of the log, computed from the stored leaf hashes.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn tree(&self, size: Position) -> Result<Tree, LogFailure> {
        match &self.inner.engine {
            Engine::Sqlite(log) => log.tree(size).await,
        }
    }

    /// The positions up to `size` whose stored leaf hash is not the hash of the stored event, and the number of
    /// events looked at.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn altered(&self, size: Position) -> Result<(u64, Vec<Position>), LogFailure> {
        match &self.inner.engine {
            Engine::Sqlite(log) => log.altered(size).await,
        }
    }

    /// Follows the log from wherever the follower has got to.
    #[must_use]
    pub fn feed(&self) -> EventFeed {
        EventFeed::new(self.clone(), self.watch_head())
    }

    /// The last position.
    #[must_use]
    pub fn head(&self) -> Position {
        *self.watch_head().borrow()
    }

    /// The last position, as it moves.
    #[must_use]
    pub fn watch_head(&self) -> watch::Receiver<Position> {
        match &self.inner.engine {
            Engine::Sqlite(log) => log.watch_head(),
        }
    }

    /// Finishes what was begun and closes the files.
    pub async fn close(&self) {
        match &self.inner.engine {
            Engine::Sqlite(log) => log.close().await,
        }
    }

    fn repository(&self) -> LogRepository {
        match &self.inner.engine {
            Engine::Sqlite(log) => log.repository(),
        }
    }

    async fn append(&self, append: Append) -> Result<Result<Appended, AppendRefused>, LogFailure> {
        match &self.inner.engine {
            Engine::Sqlite(log) => log.append(append).await,
        }
    }

    fn encode<A: Stored>(&self, events: &[A::Event], ask: &Execute<A>) -> Result<Vec<Encoded>, LogFailure> {
        events.iter().map(|event| Encoded::of(event, &ask.metadata)).collect()
    }

    fn keep_warm<A: Stored>(
        &self,
        stream: String,
        before: &Loaded<A>,
        events: Vec<A::Event>,
        appended: &Appended,
    ) -> Executed<A> {
        let mut state = (*before.state).clone();
        events.iter().for_each(|event| state.apply(event));
        let version = before.version.saturating_add(u64::try_from(events.len()).unwrap_or(u64::MAX));
        let loaded = Loaded { state: Arc::new(state), version };
        self.warm(stream, &loaded);
        Executed { state: loaded.state, version, position: appended.last, events }
    }

    /// Keeps the newer of two states: a slow reader must not put an older one back.
    fn warm<A: Stored>(&self, stream: String, loaded: &Loaded<A>) {
        let mut warm = self.inner.warm.lock();
        if warm.peek(&stream).is_none_or(|kept| kept.version < loaded.version) {
            let state: Arc<dyn Any + Send + Sync> = Arc::<A>::clone(&loaded.state);
            warm.put(stream, Warm { version: loaded.version, state });
        }
    }

    fn forget(&self, stream: &str) {
        self.inner.warm.lock().pop(stream);
    }
}
