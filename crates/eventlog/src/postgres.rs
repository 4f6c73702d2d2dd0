//! The production engine: the log on a Postgres server, several instances beside each other.
//!
//! Commands are appended in groups, one statement a group; a sequencer, one at a time among all instances, gives what was
//! committed its positions. Source: ADR 0018.

mod checkpoints;
mod connect;
mod copied;
mod erasure;
mod fault;
mod gather;
mod head;
mod import;
mod insert;
mod read;
mod replay;
mod schema;
mod sequencer;
mod sessions;
mod writer;

pub(crate) use fault::load_failure;
pub(crate) use import::ImportDatabase;
pub(crate) use replay::CopiedEvents;

pub use connect::{OUTBOX, PostgresSettings, READ_MODELS, pool_for};
pub use fault::is_unreachable;
pub use schema::migrate;
pub use sessions::Sessions;

use std::{sync::Arc, time::Duration};

use domain::{Position, SharedClock};
use postgres_es::PostgresEventRepository;
use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    LogFailure, LogRepository, OpenFailure, Remembered, StoredEvent, Stretch, Wanted,
    append::{Append, AppendRefused, Appended},
    stored::{StoredCommand, StoredPersonal},
    under_way::UnderWay,
    warm::WarmAggregates,
};
use connect::Server;
use head::Head;
use writer::{WRITERS, Writer};

/// The log in the schema `tollgate` of a database.
pub(crate) struct PostgresLog {
    server: Server,
    /// For what is rare: a stream that is not warm, listening.
    pool: PgPool,
    sessions: Arc<Sessions>,
    appending: Arc<Sessions>,
    repository: Arc<PostgresEventRepository>,
    writer: Writer,
    head: Arc<Head>,
    /// What runs beside: the writers, and the watch for the head.
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl PostgresLog {
    pub(crate) async fn open(
        settings: &PostgresSettings,
        clock: SharedClock,
        warm: Arc<WarmAggregates>,
        under_way: UnderWay,
    ) -> Result<Self, OpenFailure> {
        let server = Server::of(settings, connect::EVENTS)?;
        let pool = server.pool(connect::RARE_CONNECTIONS).await?;
        schema::check(&pool, server.name()).await?;
        if read::is_importing(&pool).await.map_err(|source| server.failed(source))? {
            return Err(OpenFailure::Importing { place: server.name().to_owned() });
        }
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let head = Arc::new(Head::read(&pool, under_way).await.map_err(|source| server.failed(source))?);
        let sessions = Arc::new(server.sessions());
        let appending = Arc::new(server.appending_sessions(WRITERS));
        let writer = Writer::start(&sessions, &appending, clock, warm, &head, &tasks);
        tasks.spawn(head::watch(Arc::clone(&head), pool.clone(), Arc::clone(&sessions), stop.clone()));
        tasks.spawn(head::wake_others(Arc::clone(&head), Arc::clone(&sessions), stop.clone()));
        tasks.close();
        let repository = Arc::new(PostgresEventRepository::new(pool.clone()));
        Ok(Self { server, pool, sessions, appending, repository, writer, head, tasks, stop })
    }

    pub(crate) async fn run_sequencer(&self, stop: CancellationToken) {
        sequencer::run(&self.server, &self.head, stop).await;
    }

    pub(crate) async fn append(&self, append: Append) -> Result<Result<Appended, AppendRefused>, LogFailure> {
        self.writer.append(append).await
    }

    pub(crate) async fn position(&self, event_no: i64, at_most: Duration) -> Result<Position, LogFailure> {
        let known = tokio::time::timeout(at_most, self.head.position_of(event_no, &self.sessions));
        known.await.unwrap_or(Err(LogFailure::NotSequenced))
    }

    /// What is asked by the pool. The server ends what takes too long; a wire on which nothing arrives any more does not
    /// say so.
    pub(crate) async fn bounded<T>(
        &self,
        work: impl Future<Output = Result<T, LogFailure>>,
    ) -> Result<T, LogFailure> {
        let done = tokio::time::timeout(self.server.answer_at_most(), work).await;
        done.unwrap_or_else(|_| Err(LogFailure::Unreachable { source: "it does not answer".into() }))
    }

    pub(crate) async fn read_stored(
        &self,
        after: Position,
        events_max: usize,
    ) -> Result<Vec<StoredEvent>, LogFailure> {
        read::stored(&self.sessions, after, events_max).await
    }

    pub(crate) async fn stretch(
        &self,
        after: Position,
        until: Position,
        wanted: &Wanted,
    ) -> Result<Stretch, LogFailure> {
        replay::stretch(&self.pool, after, until, wanted).await
    }

    pub(crate) async fn personal(
        &self,
        after: Position,
        until: Position,
    ) -> Result<Vec<(i64, String, String)>, LogFailure> {
        read::personal(&self.sessions, after, until).await
    }

    pub(crate) async fn stored_personal(
        &self,
        first_event_no: i64,
        last_event_no: i64,
    ) -> Result<Vec<StoredPersonal>, LogFailure> {
        read::stored_personal(&self.sessions, first_event_no, last_event_no).await
    }

    pub(crate) async fn stored_commands(
        &self,
        after_key: &str,
        until: Position,
        commands_max: usize,
    ) -> Result<Vec<StoredCommand>, LogFailure> {
        read::stored_commands(&self.sessions, after_key, until, commands_max).await
    }

    pub(crate) async fn leaves(&self, after: Position, until: Position) -> Result<Vec<Vec<u8>>, LogFailure> {
        read::leaves(&self.sessions, after, until).await
    }

    pub(crate) async fn recall(&self, command_key: &str) -> Result<Option<Remembered>, LogFailure> {
        read::recall(&self.sessions, command_key).await
    }

    pub(crate) async fn pepper_versions(&self) -> Result<Vec<u16>, LogFailure> {
        read::pepper_versions(&self.pool).await
    }

    pub(crate) fn watch_head(&self) -> watch::Receiver<Position> {
        self.head.watch()
    }

    pub(crate) fn watch_leads(&self) -> watch::Receiver<bool> {
        self.head.leads.subscribe()
    }

    pub(crate) fn repository(&self) -> LogRepository {
        LogRepository::Postgres(Arc::clone(&self.repository))
    }

    pub(crate) async fn close(&self) {
        self.writer.stop();
        self.stop.cancel();
        self.tasks.wait().await;
        self.appending.close().await;
        self.sessions.close().await;
        self.pool.close().await;
    }
}
