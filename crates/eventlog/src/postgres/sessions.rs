//! Connections for statements that are many and short.
//!
//! sqlx' own pool asks the server once more each time a connection comes back to it (`return_to_pool` in 0.8.6 pings): two
//! round trips for every statement. Here a connection that has answered is taken back as it is. One whose answer was not
//! waited for, or that failed, is closed, and with it those that lie idle: they are likely as dead.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::{
    connect::{CONNECT_AT_MOST, CONNECTION_LIVES},
    fault::is_unreachable,
};

/// A bounded number of connections to one server, opened when they are needed.
pub struct Sessions {
    options: PgConnectOptions,
    /// After so long no answer will come: the server, or the way to it, is gone without a word.
    answer_at_most: Duration,
    idle: Mutex<Vec<Session>>,
    free: Semaphore,
}

struct Session {
    connection: PgConnection,
    opened: Instant,
    used: Instant,
}

/// After so long a rest a connection is asked before it is used: a server that was started again, or a wire that was cut,
/// must not cost a command.
const RESTED: Duration = Duration::from_millis(10);
const ASK_AT_MOST: Duration = Duration::from_secs(2);

impl Session {
    async fn is_alive(&mut self) -> bool {
        self.used.elapsed() < RESTED
            || matches!(timeout(ASK_AT_MOST, self.connection.ping()).await, Ok(Ok(())))
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sessions({} free)", self.free.available_permits())
    }
}

impl Sessions {
    /// Opens none yet. No statement of theirs may take longer than `answer_at_most`.
    #[must_use]
    pub fn new(options: PgConnectOptions, connections_max: u32, answer_at_most: Duration) -> Self {
        let connections_max = usize::try_from(connections_max).unwrap_or(1).max(1);
        let (idle, free) = (Mutex::default(), Semaphore::new(connections_max));
        Self { options, answer_at_most, idle, free }
    }

    /// Runs statements on one connection. Nothing may be left open on it, whatever they come to; given up on the way, the
    /// connection is closed.
    ///
    /// # Errors
    /// What the statements came to, or that there is no connection for them.
    pub async fn run<T>(
        &self,
        statements: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        let _permit = self.permit().await?;
        let mut session = self.session().await?;
        let answered = timeout(self.answer_at_most, statements(&mut session.connection)).await;
        let answered = answered.unwrap_or_else(|late| Err(sqlx::Error::Io(late.into())));
        if answered.as_ref().is_err_and(is_unreachable) {
            self.idle.lock().clear();
        } else if !self.free.is_closed() {
            session.used = Instant::now();
            self.idle.lock().push(session);
        }
        answered
    }

    async fn permit(&self) -> Result<SemaphorePermit<'_>, sqlx::Error> {
        match timeout(CONNECT_AT_MOST, self.free.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_closed)) => Err(sqlx::Error::PoolClosed),
            Err(_late) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    async fn session(&self) -> Result<Session, sqlx::Error> {
        while let Some(mut session) = self.take_idle() {
            if session.opened.elapsed() >= CONNECTION_LIVES {
                drop(timeout(CONNECT_AT_MOST, session.connection.close()).await);
            } else if session.is_alive().await {
                return Ok(session);
            } else {
                self.idle.lock().clear();
            }
        }
        let connecting = timeout(CONNECT_AT_MOST, PgConnection::connect_with(&self.options)).await;
        let connection = connecting.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
        let now = Instant::now();
        Ok(Session { connection, opened: now, used: now })
    }

    fn take_idle(&self) -> Option<Session> {
        self.idle.lock().pop()
    }

    /// Lets nobody in any more, and closes what lies idle.
    pub async fn close(&self) {
        self.free.close();
        while let Some(session) = self.take_idle() {
            drop(timeout(CONNECT_AT_MOST, session.connection.close()).await);
        }
    }
}
