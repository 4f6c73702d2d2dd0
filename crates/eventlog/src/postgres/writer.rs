//! Gathers waiting appends into one statement and one commit: one sync to disk for many commands.
//!
//! Two at a time, so that one group is gathered while another is on its way. Each command gets its own answer: when a group
//! conflicts with what is there, its commands are appended one by one. Source: ADR 0018.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::SharedClock;
use metrics::{counter, histogram};
use parking_lot::Mutex;
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, pool::PoolConnection};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};
use tokio_util::task::TaskTracker;
use tracing::error;

use super::{
    connect::{CONNECTION_LIVES, Server},
    fault::{fault, is_unreachable},
    head::Head,
    insert::{self, Inserted},
    read,
};
use crate::{
    LogFailure,
    append::{Answer, Append, AppendRefused, Waiting},
    warm::WarmAggregates,
};

const WRITERS: u32 = 2;
/// More than this in one statement only makes the first wait longer.
const GROUP_COMMANDS_MAX: usize = 64;
/// Commands that may wait; beyond it, callers wait to be let in.
const QUEUE_COMMANDS_MAX: usize = 1_024;
/// After so long a rest a connection is asked before it is used: a server that was started again, or a wire that was cut,
/// must not cost a command.
const RESTED: Duration = Duration::from_millis(10);
const ASK_AT_MOST: Duration = Duration::from_secs(2);
/// Names of the constraints that tell a conflict from a fault.
const VERSION_TAKEN: &str = "events_pkey";
const COMMAND_GIVEN: &str = "commands_pkey";

/// The writers' handle.
pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Waiting>>>,
    /// The writers' own connections.
    connections: PgPool,
}

impl Writer {
    pub(super) fn start(
        server: &Server,
        pool: &PgPool,
        clock: SharedClock,
        warm: Arc<WarmAggregates>,
        head: &Arc<Head>,
        tasks: &TaskTracker,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_COMMANDS_MAX);
        let waiting = Arc::new(AsyncMutex::new(waiting));
        let connections = server.append_pool(WRITERS);
        for _ in 0..WRITERS {
            let task = Task {
                connections: connections.clone(),
                session: None,
                answer_at_most: server.answer_at_most(),
                pool: pool.clone(),
                clock: Arc::clone(&clock),
                warm: Arc::clone(&warm),
                head: Arc::clone(head),
            };
            tasks.spawn(task.run(Arc::clone(&waiting)));
        }
        Self { queue: Mutex::new(Some(queue)), connections }
    }

    pub(super) async fn append(&self, append: Append) -> Answer {
        let queue = self.queue.lock().clone().ok_or(LogFailure::Stopped)?;
        let (answer, answered) = oneshot::channel();
        queue.send(Waiting { append, answer }).await.map_err(|_| LogFailure::Stopped)?;
        answered.await.map_err(|_| LogFailure::Stopped)?
    }

    /// Takes no new commands; those that wait are finished.
    pub(super) fn stop(&self) {
        drop(self.queue.lock().take());
    }

    /// Closes the connections, once all is finished.
    pub(super) async fn close(&self) {
        self.connections.close().await;
    }
}

/// A writer's connection.
struct Session {
    connection: PoolConnection<Postgres>,
    since: Instant,
    used: Instant,
}

struct Task {
    /// One for each writer.
    connections: PgPool,
    /// Kept from group to group: the pool asks the server after each connection that comes back.
    session: Option<Session>,
    answer_at_most: Duration,
    /// For what is asked of tables that grow: there a plan made once may be one for a small table.
    pool: PgPool,
    clock: SharedClock,
    warm: Arc<WarmAggregates>,
    head: Arc<Head>,
}

impl Task {
    async fn run(mut self, waiting: Arc<AsyncMutex<mpsc::Receiver<Waiting>>>) {
        let mut group = Vec::with_capacity(GROUP_COMMANDS_MAX);
        loop {
            // Held while waiting: the other writer is on its way with a group, or waits behind us.
            let taken = waiting.lock().await.recv_many(&mut group, GROUP_COMMANDS_MAX).await;
            if taken == 0 {
                return;
            }
            self.append_group(&mut group).await;
        }
    }

    async fn append_group(&mut self, group: &mut Vec<Waiting>) {
        let begun = Instant::now();
        let (appends, answers): (Vec<_>, Vec<_>) = group.drain(..).map(|w| (w.append, w.answer)).unzip();
        histogram!("tollgate_append_group_commands").record(u32::try_from(appends.len()).unwrap_or(u32::MAX));
        let results = self.write(&appends).await;
        for (append, result) in appends.iter().zip(&results) {
            if matches!(result, Ok(Ok(_))) {
                self.warm.outdate(&append.aggregate_id, append.new_version());
            }
        }
        self.head.note_appended();
        for (result, answer) in results.into_iter().zip(answers) {
            // Who no longer waits has gone away; what was appended stays.
            drop(answer.send(result));
        }
        histogram!("tollgate_append_seconds").record(begun.elapsed());
    }

    /// The answer to each. A connection on which anything failed is not used again.
    async fn write(&mut self, appends: &[Append]) -> Vec<Answer> {
        let mut session = match self.connected().await {
            Ok(session) => session,
            Err(source) => {
                report(&source, appends.len());
                return failed(source, appends.len());
            }
        };
        let answers = self.write_with(&mut session.connection, appends).await;
        if answers.iter().all(Result::is_ok) {
            self.session = Some(Session { used: Instant::now(), ..session });
        } else {
            drop(session.connection.detach());
        }
        answers
    }

    /// The connection of the group before, unless it has served long enough or no longer answers.
    async fn connected(&mut self) -> Result<Session, sqlx::Error> {
        if let Some(mut session) = self.session.take()
            && session.since.elapsed() < CONNECTION_LIVES
        {
            if session.used.elapsed() < RESTED {
                return Ok(session);
            }
            let asked = tokio::time::timeout(ASK_AT_MOST, session.connection.ping()).await;
            if matches!(asked, Ok(Ok(()))) {
                return Ok(session);
            }
            drop(session.connection.detach());
        }
        let (connection, now) = (self.connections.acquire().await?, Instant::now());
        Ok(Session { connection, since: now, used: now })
    }

    async fn write_with(&self, connection: &mut PgConnection, appends: &[Append]) -> Vec<Answer> {
        if let Some(together) = apart(appends) {
            match self.bounded(insert::all(connection, &together, self.clock.now())).await {
                Ok(appended) => return appended.into_iter().map(|appended| Ok(Ok(appended))).collect(),
                Err(source) if conflict_of(&source).is_none() => {
                    report(&source, appends.len());
                    // The connection may have died with the answer on its way.
                    return failed(source, appends.len());
                }
                Err(_one_of_them_conflicts) => {}
            }
        }
        let mut answers = Vec::with_capacity(appends.len());
        let mut lost = false;
        for append in appends {
            if lost {
                // Each would wait as long for the same.
                answers.extend(failed(std::io::Error::from(std::io::ErrorKind::ConnectionAborted).into(), 1));
                continue;
            }
            let answer = self.write_one(connection, append).await;
            lost = matches!(answer, Err(LogFailure::Unreachable { .. }));
            answers.push(answer);
        }
        answers
    }

    async fn write_one(&self, connection: &mut PgConnection, append: &Append) -> Answer {
        let now = self.clock.now();
        let written: Result<Inserted, sqlx::Error> = if append.events.is_empty() {
            self.bounded(insert::nothing(&self.pool, append, now)).await
        } else {
            let one = self.bounded(insert::all(connection, &[append], now)).await;
            one.and_then(|appended| appended.first().copied().ok_or(sqlx::Error::RowNotFound)).map(Ok)
        };
        match written {
            Ok(inserted) => Ok(inserted),
            Err(source) if conflict_of(&source).is_some() => self.refused(append).await,
            Err(source) => {
                report(&source, 1);
                Err(fault(source, |source| LogFailure::Append { source }))
            }
        }
    }

    /// The server ends a statement that takes too long; a wire on which nothing arrives any more does not say so.
    async fn bounded<T>(&self, work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
        let done = tokio::time::timeout(self.answer_at_most, work).await;
        done.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
    }

    /// Which of two constraints broke first is not promised: a repetition is the graver news.
    async fn refused(&self, append: &Append) -> Answer {
        counter!("tollgate_append_conflicts_total").increment(1);
        let remembered = match &append.idempotency {
            Some(name) => read::recall(&self.pool, &name.key).await?,
            None => None,
        };
        Ok(Err(remembered.map_or(AppendRefused::Conflict, AppendRefused::Repeated)))
    }
}

/// All of them, if they can go in one statement: each has events, and no two are about the same aggregate or bear the
/// same name. Otherwise none.
fn apart(appends: &[Append]) -> Option<Vec<&Append>> {
    let mut streams = HashSet::with_capacity(appends.len());
    let mut names = HashSet::new();
    let all = appends.iter().all(|append| {
        !append.events.is_empty()
            && streams.insert(append.aggregate_id.as_str())
            && append.idempotency.as_ref().is_none_or(|name| names.insert(name.key.as_str()))
    });
    all.then(|| appends.iter().collect())
}

/// The constraint that tells a conflict; a breach of any other is a fault.
fn conflict_of(source: &sqlx::Error) -> Option<&str> {
    let constraint = source.as_database_error()?.constraint()?;
    [VERSION_TAKEN, COMMAND_GIVEN].contains(&constraint).then_some(constraint)
}

/// The same answer to each.
fn failed(source: sqlx::Error, commands: usize) -> Vec<Answer> {
    let text = source.to_string();
    let unreachable = is_unreachable(&source);
    let answer = || {
        let source = text.clone().into();
        Err(if unreachable { LogFailure::Unreachable { source } } else { LogFailure::Append { source } })
    };
    std::iter::repeat_with(answer).take(commands).collect()
}

fn report(source: &sqlx::Error, commands: usize) {
    counter!("tollgate_append_failures_total").increment(1);
    error!(error = %source, "Appending {commands} commands failed; who gave them is told so");
}
