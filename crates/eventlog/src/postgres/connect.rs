//! Reaching the database server: bounds on everything that could wait for ever, and no password on an open wire.

use std::{net::IpAddr, str::FromStr, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};

use super::sessions::Sessions;
use crate::OpenFailure;

/// The schemas of the log, of the read models and of the outbox: each has migrations of its own.
pub(super) const EVENTS: &str = "tollgate";
pub const READ_MODELS: &str = "tollgate_read";
pub const OUTBOX: &str = "tollgate_outbox";

pub(super) const CONNECT_AT_MOST: Duration = Duration::from_secs(10);
/// A connection is looked after: the server may be restarted, or moved behind its name.
pub(super) const CONNECTION_LIVES: Duration = Duration::from_secs(30 * 60);
/// How much longer than a statement may take its answer is waited for.
const ANSWER_LATER: Duration = Duration::from_secs(2);
/// Of a process, for statements that are rare: streams that are not warm, listening.
pub(super) const RARE_CONNECTIONS: u32 = 3;
/// Each statement of the log is known; there are some two dozen.
const STATEMENTS_PREPARED: usize = 256;

/// For each sort or hash of a statement on the read models, twice as much for a hash.
const REPORTING: [(&str, &str); 2] = [("work_mem", "16MB"), ("jit", "off")];

/// How to reach the database server.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// `postgres://user:password@host:port/database?sslmode=…&sslrootcert=…`
    pub url: SecretString,
    /// Connections for short statements that a process opens at most for the log, and the same number for the read models.
    /// Beside them: two that append and three for what is rare on the log, as many again for long statements on the read
    /// models and on the outbox, one as the active sequencer, one for each projection.
    pub connections_max: u32,
    /// What a statement may take, and so what a caller waits at most when the server is stuck.
    pub statement_timeout: Duration,
    /// Speak to a server that is not on this machine without TLS.
    pub allow_plaintext: bool,
}

impl PostgresSettings {
    /// With the bounds that fit most: 8 connections, 10 seconds, TLS.
    #[must_use]
    pub fn new(url: SecretString) -> Self {
        Self { url, connections_max: 8, statement_timeout: Duration::from_secs(10), allow_plaintext: false }
    }

    /// The server and the database, without user and password.
    ///
    /// # Errors
    /// When the address is not one.
    pub fn server_name(&self) -> Result<String, OpenFailure> {
        Server::of(self, EVENTS).map(|server| server.name().to_owned())
    }
}

/// A server's address with the options of every session on it.
#[derive(Clone)]
pub(crate) struct Server {
    options: PgConnectOptions,
    name: String,
    connections_max: u32,
    answer_at_most: Duration,
}

impl Server {
    /// # Errors
    /// When the address is not one, or would be spoken to without TLS though it is another machine's.
    pub(crate) fn of(settings: &PostgresSettings, schema: &str) -> Result<Self, OpenFailure> {
        let address = |what: &str| OpenFailure::Address { what: what.to_owned() };
        // The parser's message would repeat the password.
        let options = PgConnectOptions::from_str(settings.url.expose_secret())
            .map_err(|_| address("it is not postgres://USER:PASSWORD@HOST:PORT/DATABASE"))?;
        let encrypted = match options.get_ssl_mode() {
            PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer => false,
            PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull => true,
        };
        if !encrypted && !settings.allow_plaintext && !is_here(&options) {
            return Err(address(
                "another machine's server is spoken to over TLS: add sslmode=verify-full (or require), or say --allow-plaintext",
            ));
        }
        let name = format!(
            "{}:{}/{}",
            options.get_host(),
            options.get_port(),
            options.get_database().unwrap_or_default()
        );
        let timeout = settings.statement_timeout.as_millis().to_string();
        let options = options
            .application_name("tollgate")
            .statement_cache_capacity(STATEMENTS_PREPARED)
            .disable_statement_logging()
            .options([
                ("search_path", schema),
                ("statement_timeout", timeout.as_str()),
                ("lock_timeout", timeout.as_str()),
                ("idle_in_transaction_session_timeout", "10s"),
                // A peer that is gone without a word is noticed, and its advisory lock freed, within three seconds.
                ("tcp_keepalives_idle", "1"),
                ("tcp_keepalives_interval", "1"),
                ("tcp_keepalives_count", "2"),
                ("tcp_user_timeout", "3000"),
            ]);
        // Reports add up more than fits into the 4 MB that a server gives, and compiling a statement takes longer than it saves.
        let options = if schema == READ_MODELS { options.options(REPORTING) } else { options };
        let answer_at_most = settings.statement_timeout.saturating_add(ANSWER_LATER);
        Ok(Self { options, name, connections_max: settings.connections_max, answer_at_most })
    }

    /// For messages: without user and password.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// After so long no answer will come: the server, or the way to it, is gone without a word.
    pub(super) fn answer_at_most(&self) -> Duration {
        self.answer_at_most
    }

    pub(crate) fn failed(&self, source: sqlx::Error) -> OpenFailure {
        OpenFailure::Server { server: self.name.clone(), source: Box::new(source) }
    }

    pub(crate) async fn pool(&self, connections_max: u32) -> Result<PgPool, OpenFailure> {
        // No ping before each use: a connection that has died fails the one who gets it, who tries again or says so.
        let pool = PgPoolOptions::new()
            .max_connections(connections_max)
            .acquire_timeout(CONNECT_AT_MOST)
            .max_lifetime(CONNECTION_LIVES)
            .test_before_acquire(false);
        pool.connect_with(self.options.clone()).await.map_err(|source| self.failed(source))
    }

    /// For those who read. Each of their statements looks a run of keys up in an index; a planner without fresh statistics,
    /// as of a log that grows, would rather read whole tables for a handful of rows.
    pub(super) fn sessions(&self) -> Sessions {
        let by_index = [("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off")];
        let options = self.options.clone().options(by_index);
        Sessions::new(options, self.connections_max, self.answer_at_most)
    }

    /// For those who append. Their statements search no table, so that one plan is as good as any: made once, where planning
    /// took as long as carrying it out. Who reads by ranges keeps plans that know the range.
    pub(super) fn appending_sessions(&self, connections_max: u32) -> Sessions {
        let options = self.options.clone().options([("plan_cache_mode", "force_generic_plan")]);
        Sessions::new(options, connections_max, self.answer_at_most)
    }

    /// A connection beside the pool, for who keeps it.
    pub(crate) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let connected = tokio::time::timeout(CONNECT_AT_MOST, PgConnection::connect_with(&self.options));
        connected.await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }
}

fn is_here(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A pool on another schema of the same database.
///
/// # Errors
/// When the server does not answer or the address is not one.
pub async fn pool_for(settings: &PostgresSettings, schema: &str) -> Result<PgPool, OpenFailure> {
    Server::of(settings, schema)?.pool(settings.connections_max.max(RARE_CONNECTIONS)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> Option<String> {
        let settings = PostgresSettings::new(url.into());
        Server::of(&settings, EVENTS).err().map(|failure| failure.to_string())
    }

    #[test]
    fn another_machine_is_spoken_to_over_tls() {
        assert!(refused("postgres://app:pw@db.example:5432/tollgate").unwrap().contains("sslmode"));
        assert_eq!(refused("postgres://app:pw@db.example:5432/tollgate?sslmode=verify-full"), None);
        assert_eq!(refused("postgres://app:pw@127.0.0.1:5432/tollgate"), None);
        let mut settings = PostgresSettings::new("postgres://app:pw@db.example/tollgate".into());
        settings.allow_plaintext = true;
        assert!(Server::of(&settings, EVENTS).is_ok());
    }

    #[test]
    fn no_message_has_the_password() {
        let bad = refused("postgres://app:hunter2@host:notaport/tollgate").unwrap();
        assert!(!bad.contains("hunter2"), "{bad}");
        let settings = PostgresSettings::new("postgres://app:hunter2@127.0.0.1/tollgate".into());
        let server = Server::of(&settings, EVENTS).ok().unwrap();
        assert_eq!(server.name(), "127.0.0.1:5432/tollgate");
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
