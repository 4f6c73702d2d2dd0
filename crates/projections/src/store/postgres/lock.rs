//! One process at a time moves a projection: a session's advisory lock, which ends with the session.
//!
//! The lock spares work, it does not keep the rows right: a holder that has lost its session without knowing is
//! stopped by the checkpoint. So the lock needs no epoch and no lease.

use std::{sync::Arc, time::Duration};

use sqlx::{Connection as _, PgConnection, PgPool, postgres::PgConnectOptions};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

/// How often one that waits tries, and one that holds looks whether its session lives.
const EVERY: Duration = Duration::from_secs(1);
/// A server that does not answer for so long is not there.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// A session of its own, outside the pool: a pooled connection may be closed or handed to another at any time.
pub(crate) struct Lock {
    options: Arc<PgConnectOptions>,
    name: &'static str,
    session: Option<PgConnection>,
    pace: Interval,
}

impl Lock {
    pub(super) fn new(pool: &PgPool, name: &'static str) -> Self {
        let mut pace = interval(EVERY);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { options: pool.connect_options(), name, session: None, pace }
    }

    /// When it is time to try again: at once at first.
    pub(crate) async fn turn(&mut self) {
        self.pace.tick().await;
    }

    /// Tries once. The session stays open for the next try.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub(crate) async fn take(&mut self) -> Result<bool, sqlx::Error> {
        // Kept only when the answer has come: a session that was given up in between may hold the lock.
        let session = self.session.take();
        let ask = async {
            let mut session = match session {
                Some(session) => session,
                None => self.connect().await?,
            };
            let taken = sqlx::query_scalar(include_str!("take_lock.sql"));
            let taken: bool = taken.bind(self.name).fetch_one(&mut session).await?;
            Ok::<_, sqlx::Error>((session, taken))
        };
        let (session, taken) = timeout(ANSWER_WITHIN, ask).await.map_err(std::io::Error::from)??;
        self.session = Some(session);
        Ok(taken)
    }

    async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        // The server notices within seconds when our machine is gone, and frees the lock.
        let keepalives =
            [("tcp_keepalives_idle", 1), ("tcp_keepalives_interval", 1), ("tcp_keepalives_count", 2)];
        let options = PgConnectOptions::clone(&self.options);
        let options = options.application_name(&format!("tollgate {}", self.name)).options(keepalives);
        PgConnection::connect_with(&options).await
    }

    /// Returns when the session has broken, and the lock with it. May be dropped while it waits.
    pub(crate) async fn lost(&mut self) {
        loop {
            let Some(session) = &mut self.session else { return };
            self.pace.tick().await;
            if !matches!(timeout(ANSWER_WITHIN, session.ping()).await, Ok(Ok(()))) {
                self.session = None;
            }
        }
    }

    /// Lets go of it, so that another need not wait for the server to notice.
    pub(crate) async fn release(&mut self) {
        if let Some(session) = self.session.take() {
            // One that cannot be closed is broken, which frees the lock as well.
            drop(timeout(ANSWER_WITHIN, session.close()).await);
        }
    }
}
