//! The log of all facts: commands go in, events come out in one order.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use cqrs_es::{
    EventStore,
    persist::{PersistedEventRepository as _, PersistedEventStore},
};
use domain::{Position, SharedClock};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, field::Empty, trace_span};

use crate::{
    EventFeed, Execute, ExecuteError, Executed, Live, Loaded, LogFailure, LogRepository, OpenFailure, Past,
    Place, Remembered, Stored, StoredEvent,
    append::{Append, AppendRefused, Appended},
    bus::Bus,
    codec::Encoded,
    execute::TRIES_MAX,
    postgres::{PostgresLog, PostgresSettings, load_failure},
    sqlite::SqliteLog,
    stored::{StoredCommand, StoredPersonal},
    tail::{Batch, Tail},
    under_way::{FollowsThrough, UnderWay},
    warm::WarmAggregates,
};

/// The event store of one installation. Cheap to clone.
#[derive(Clone)]
pub struct EventLog {
    inner: Arc<Inner>,
    bus: Option<Bus>,
}

struct Inner {
    engine: Engine,
    warm: Arc<WarmAggregates>,
    tail: Tail,
    under_way: UnderWay,
}

/// Where the log is kept.
pub(crate) enum Engine {
    Sqlite(SqliteLog),
    Postgres(Box<PostgresLog>),
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
        let warm = Arc::new(WarmAggregates::new());
        let engine = Engine::Sqlite(SqliteLog::open(file, clock, Arc::clone(&warm)).await?);
        Ok(Self::of(engine, warm, UnderWay::default()))
    }

    /// Connects to the database server. Its schema must have been prepared by [`postgres::migrate`].
    ///
    /// Appended events get their positions from a sequencer, in this process or another: see
    /// [`Self::run_sequencer`].
    ///
    /// # Errors
    /// When the server does not answer, or its schema is not the one that this program knows.
    pub async fn open_postgres(settings: &PostgresSettings, clock: SharedClock) -> Result<Self, OpenFailure> {
        let (warm, under_way) = (Arc::new(WarmAggregates::new()), UnderWay::default());
        let log = PostgresLog::open(settings, clock, Arc::clone(&warm), under_way.clone()).await?;
        Ok(Self::of(Engine::Postgres(Box::new(log)), warm, under_way))
    }

    fn of(engine: Engine, warm: Arc<WarmAggregates>, under_way: UnderWay) -> Self {
        Self { inner: Arc::new(Inner { engine, warm, tail: Tail::default(), under_way }), bus: None }
    }

    /// Gives events their positions until stopped, whenever no other process does. The embedded engine needs none.
    pub async fn run_sequencer(&self, stop: CancellationToken) {
        match &self.inner.engine {
            Engine::Sqlite(_) => stop.cancelled().await,
            Engine::Postgres(log) => log.run_sequencer(stop).await,
        }
    }

    /// Whether this process gives events their positions, as that changes: then it also publishes them.
    #[must_use]
    pub fn watch_leads(&self) -> watch::Receiver<bool> {
        match &self.inner.engine {
            Engine::Sqlite(_) => watch::channel(true).1,
            Engine::Postgres(log) => log.watch_leads(),
        }
    }

    /// Decides a command on the aggregate as it stands and appends what follows, all or nothing.
    ///
    /// # Errors
    /// See [`ExecuteError`]; in each case nothing was appended.
    pub async fn execute<A: Stored>(&self, ask: Execute<A>) -> Result<Executed<A>, ExecuteError<A::Refusal>> {
        let stream = ask.id.to_string();
        let mut ask_store = false;
        for _ in 0..TRIES_MAX {
            let warm = self.inner.warm.get::<A>(&stream).filter(|_| !ask_store);
            let from_store = warm.is_none();
            let loaded = match warm {
                Some(loaded) => loaded,
                None => self.load_stored::<A>(&stream).await?,
            };
            let events = match decide(&ask, &loaded) {
                Ok(events) => events,
                Err(no) if from_store => return Err(no),
                // What is warm may be behind another instance: a no by it is asked of the store again.
                Err(_) => {
                    ask_store = true;
                    continue;
                }
            };
            let append = Append::new::<A>(&stream, loaded.version, self.encode::<A>(&events, &ask)?, &ask);
            let appending = trace_span!(
                "append",
                correlation.id = ask.metadata.correlation_id,
                aggregate.type = A::TYPE,
                aggregate.id = stream,
                events = events.len(),
                event.position = Empty,
            );
            let answer = self.append(append).instrument(appending.clone()).await?;
            match answer {
                Ok(appended) => {
                    if let Place::At(position) = appended.last {
                        appending.record("event.position", position.get());
                    }
                    return Ok(self.keep_warm(stream, &loaded, events, &appended));
                }
                Err(AppendRefused::Repeated(remembered)) => return Err(ExecuteError::Repeated(remembered)),
                Err(AppendRefused::Conflict) => ask_store = true,
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
        match self.inner.warm.get::<A>(&stream) {
            Some(loaded) => Ok(loaded),
            None => self.load_stored::<A>(&stream).await,
        }
    }

    /// The event that brought the aggregate to a version, if there is one.
    ///
    /// # Errors
    /// When the stream cannot be read or decoded.
    pub async fn event<A: Stored>(&self, id: A::Id, version: u64) -> Result<Option<A::Event>, LogFailure> {
        let stream = id.to_string();
        let repository = self.repository();
        let events = self.answered(repository.get_events::<Live<A>>(&stream)).await?;
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| LogFailure::Load {
            stream: stream.clone(),
            source,
        };
        let events = events.map_err(|source| load_failure(&stream, source))?;
        let found = events.into_iter().find(|event| u64::try_from(event.sequence) == Ok(version));
        found
            .map(|event| serde_json::from_value(event.payload))
            .transpose()
            .map_err(|source| failed(Box::new(source)))
    }

    /// The events of an aggregate in order, each with its circumstances; none when there is no such aggregate.
    ///
    /// # Errors
    /// When the stream cannot be read or decoded.
    pub async fn history<A: Stored>(&self, id: A::Id) -> Result<Vec<Past<A>>, LogFailure> {
        let stream = id.to_string();
        let repository = self.repository();
        let events = self.answered(repository.get_events::<Live<A>>(&stream)).await?;
        let events = events.map_err(|source| load_failure(&stream, source))?;
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| LogFailure::Load {
            stream: stream.clone(),
            source,
        };
        let past = |event: cqrs_es::persist::SerializedEvent| {
            let version = u64::try_from(event.sequence).map_err(|source| failed(Box::new(source)))?;
            let metadata =
                serde_json::from_value(event.metadata).map_err(|source| failed(Box::new(source)))?;
            let event = serde_json::from_value(event.payload).map_err(|source| failed(Box::new(source)))?;
            Ok(Past { version, event, metadata })
        };
        events.into_iter().map(past).collect()
    }

    pub(crate) async fn load_stored<A: Stored>(&self, stream: &str) -> Result<Loaded<A>, LogFailure> {
        let store = PersistedEventStore::<LogRepository, Live<A>>::new_event_store(self.repository());
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| LogFailure::Load {
            stream: stream.to_owned(),
            source,
        };
        let loaded = self.answered(store.load_aggregate(stream)).await?;
        let context = loaded.map_err(|source| load_failure(stream, source))?;
        let version = u64::try_from(context.current_sequence).map_err(|source| failed(Box::new(source)))?;
        let loaded = Loaded { state: Arc::new(context.aggregate.0), version };
        self.inner.warm.keep(stream.to_owned(), &loaded);
        Ok(loaded)
    }

    /// What the library asks, with the bound that it does not give.
    async fn answered<T>(&self, asked: impl Future<Output = T>) -> Result<T, LogFailure> {
        match &self.inner.engine {
            Engine::Sqlite(_) => Ok(asked.await),
            Engine::Postgres(log) => log.bounded(async { Ok(asked.await) }).await,
        }
    }

    /// What became of a command given under this key, if one was.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn recall(&self, command_key: &str) -> Result<Option<Remembered>, LogFailure> {
        match &self.inner.engine {
            Engine::Sqlite(log) => log.recall(command_key).await,
            Engine::Postgres(log) => log.recall(command_key).await,
        }
    }

    /// The events after a position as they were written, in order, at most so many: for those who hand them on
    /// without understanding them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn read_stored(
        &self,
        after: Position,
        events_max: usize,
    ) -> Result<Vec<StoredEvent>, LogFailure> {
        match &self.inner.engine {
            Engine::Sqlite(log) => log.read_stored(after, events_max).await,
            Engine::Postgres(log) => log.read_stored(after, events_max).await,
        }
    }

    /// The versions of the peppers that digests in the log were made under.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn pepper_versions(&self) -> Result<Vec<u16>, LogFailure> {
        match &self.inner.engine {
            Engine::Sqlite(log) => log.pepper_versions().await,
            Engine::Postgres(log) => log.pepper_versions().await,
        }
    }

    /// The same as [`Self::read`], what is new being read once for all who follow.
    pub(crate) async fn read_shared(&self, after: Position, events_max: usize) -> Result<Batch, LogFailure> {
        self.inner.tail.read(self, after, events_max).await
    }

    /// Follows the log from wherever the follower has got to.
    #[must_use]
    pub fn feed(&self) -> EventFeed {
        EventFeed::of_log(self.clone(), self.watch_head())
    }

    /// The same for a follower of which one instance is active at a time, by way of the bus if there is one.
    #[must_use]
    pub fn feed_of(&self, follower: &str) -> EventFeed {
        match &self.bus {
            Some(bus) => EventFeed::of_bus(self.clone(), bus.clone(), follower),
            None => self.feed(),
        }
    }

    /// The same log, its named followers fed by way of the bus.
    #[must_use]
    pub fn by_way_of(self, bus: Bus) -> Self {
        Self { bus: Some(bus), ..self }
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
            Engine::Postgres(log) => log.watch_head(),
        }
    }

    /// Finishes what was begun and closes the files.
    pub async fn close(&self) {
        match &self.inner.engine {
            Engine::Sqlite(log) => log.close().await,
            Engine::Postgres(log) => log.close().await,
        }
    }

    /// The position of a place, once the sequencer has given it one.
    ///
    /// # Errors
    /// [`LogFailure::NotSequenced`] when that takes longer than `at_most`: the event is on record all the same.
    pub async fn position(&self, place: Place, at_most: Duration) -> Result<Position, LogFailure> {
        let _follows = self.follow_through();
        match (place, &self.inner.engine) {
            (Place::At(position), _) => Ok(position),
            (Place::Recorded { event_no }, Engine::Postgres(log)) => log.position(event_no, at_most).await,
            (Place::Recorded { .. }, Engine::Sqlite(_)) => Err(LogFailure::NotSequenced),
        }
    }

    /// Held by whoever waits for what comes of a command. Commands that come while many wait are appended together: who
    /// waits comes back with the next before long.
    #[must_use]
    pub fn follow_through(&self) -> FollowsThrough {
        self.inner.under_way.begin()
    }

    /// The engine that is asked for whole stretches, if it is that one.
    pub(crate) fn on_server(&self) -> Option<&PostgresLog> {
        match &self.inner.engine {
            Engine::Sqlite(_) => None,
            Engine::Postgres(log) => Some(log),
        }
    }

    pub(crate) async fn personal_rows(
        &self,
        after: Position,
        until: Position,
    ) -> Result<Vec<(i64, String, String)>, LogFailure> {
        match &self.inner.engine {
            Engine::Sqlite(log) => log.personal(after, until).await,
            Engine::Postgres(log) => log.personal(after, until).await,
        }
    }

    /// Personal values with what proves them, by number and commitment.
    pub(crate) async fn stored_personal(
        &self,
        first_event_no: i64,
        last_event_no: i64,
    ) -> Result<Vec<StoredPersonal>, LogFailure> {
        match &self.inner.engine {
            Engine::Sqlite(log) => log.stored_personal(first_event_no, last_event_no).await,
            Engine::Postgres(log) => log.stored_personal(first_event_no, last_event_no).await,
        }
    }

    /// Named commands up to a position, by their keys, at most so many.
    pub(crate) async fn stored_commands(
        &self,
        after_key: &str,
        until: Position,
        commands_max: usize,
    ) -> Result<Vec<StoredCommand>, LogFailure> {
        match &self.inner.engine {
            Engine::Sqlite(log) => log.stored_commands(after_key, until, commands_max).await,
            Engine::Postgres(log) => log.stored_commands(after_key, until, commands_max).await,
        }
    }

    pub(crate) async fn leaves(&self, after: Position, until: Position) -> Result<Vec<Vec<u8>>, LogFailure> {
        match &self.inner.engine {
            Engine::Sqlite(log) => log.leaves(after, until).await,
            Engine::Postgres(log) => log.leaves(after, until).await,
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    fn repository(&self) -> LogRepository {
        match &self.inner.engine {
            Engine::Sqlite(log) => log.repository(),
            Engine::Postgres(log) => log.repository(),
        }
    }

    async fn append(&self, append: Append) -> Result<Result<Appended, AppendRefused>, LogFailure> {
        match &self.inner.engine {
            Engine::Sqlite(log) => log.append(append).await,
            Engine::Postgres(log) => log.append(append).await,
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
        self.inner.warm.keep(stream, &loaded);
        Executed { state: loaded.state, version, place: appended.last, events }
    }
}

/// The rules' answer, if the caller has seen what they are asked about.
pub(crate) fn decide<A: Stored>(
    ask: &Execute<A>,
    loaded: &Loaded<A>,
) -> Result<Vec<A::Event>, ExecuteError<A::Refusal>> {
    match ask.expected_version {
        Some(expected) if expected != loaded.version => {
            Err(ExecuteError::VersionMismatch { expected, actual: loaded.version })
        }
        Some(_) | None => loaded.state.decide(&ask.command).map_err(ExecuteError::Refused),
    }
}
