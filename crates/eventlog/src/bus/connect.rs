//! The connection to the bus: found again when it is lost, and never waited for at start.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use async_nats::{
    Client, ConnectOptions, Event, Server, ServerAddr,
    connection::State,
    jetstream::{Context, context::ContextBuilder},
};
use parking_lot::Mutex;
use percent_encoding::percent_decode_str;
use tokio::sync::watch;
use tracing::{debug, error, info, warn};

use super::BusFailure;

/// How long an answer may take: longer than a cluster needs to choose a new leader.
const ANSWER_AT_MOST: Duration = Duration::from_secs(5);
/// Acknowledgements that may be under way, abandoned ones included: a window is dropped and begun again more than once
/// before they time out.
const ACKS_MAX: usize = 16_384;
const RECONNECT_MIN: Duration = Duration::from_millis(50);
const RECONNECT_MAX: Duration = Duration::from_secs(2);

/// Where the bus is and what its streams should be.
#[derive(Clone, PartialEq, Eq)]
pub struct BusSettings {
    /// Any of the cluster's servers; the others are learnt from it. The first user and password in them are given to
    /// all, as they stand: nothing is unescaped.
    pub urls: Vec<String>,
    /// A user's JWT and seed, as `nsc` writes them.
    pub credentials_file: Option<PathBuf>,
    /// Trusted instead of the system's roots.
    pub root_ca_file: Option<PathBuf>,
    /// Refuses a server that does not offer TLS.
    pub require_tls: bool,
    /// What the server's connection list calls us.
    pub name: String,
    /// Copies of each stream in the cluster: 1 or 3.
    pub replicas: usize,
    /// How many of the newest events the stream keeps; none keeps all. Older ones are read from the log.
    pub history_events_max: Option<u64>,
    /// How long usage batches are kept for a projection that is away.
    pub usage_age_max: Duration,
    /// How often an idle publisher looks whether the stream is still what it left.
    pub check_every: Duration,
}

impl Default for BusSettings {
    fn default() -> Self {
        Self {
            urls: vec!["nats://127.0.0.1:4222".to_owned()],
            credentials_file: None,
            root_ca_file: None,
            require_tls: false,
            name: "tollgate".to_owned(),
            replicas: 1,
            history_events_max: None,
            usage_age_max: Duration::from_hours(7 * 24),
            check_every: Duration::from_secs(5),
        }
    }
}

impl fmt::Debug for BusSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { urls, name, replicas, require_tls, .. } = self;
        let urls: Vec<String> = urls.iter().map(|url| shown(url)).collect();
        f.debug_struct("BusSettings")
            .field("urls", &urls)
            .field("name", name)
            .field("replicas", replicas)
            .field("require_tls", require_tls)
            .finish_non_exhaustive()
    }
}

/// The address of a server without what is to be kept secret in it.
#[must_use]
pub fn shown(url: &str) -> String {
    with_account(url, "********@")
}

fn with_account(url: &str, account: &str) -> String {
    let Some((before, server)) = url.rsplit_once('@') else { return url.to_owned() };
    let scheme = before.split_once("://").map(|(scheme, _account)| format!("{scheme}://"));
    format!("{}{account}{server}", scheme.unwrap_or_default())
}

/// A connection to JetStream. Cheap to clone.
#[derive(Clone)]
pub struct Bus {
    inner: Arc<Inner>,
}

struct Inner {
    jetstream: Context,
    settings: BusSettings,
    losses: watch::Receiver<u64>,
    complaints: Complaints,
}

/// Why each server could not be connected to when that was last tried.
type Complaints = Arc<Mutex<Vec<String>>>;

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bus({:?})", self.inner.settings)
    }
}

impl Bus {
    /// Begins to connect and goes on trying: a bus that is away when we start is no other case than one that goes away
    /// later.
    ///
    /// # Errors
    /// When the settings are not to be used, or the credentials cannot be read.
    pub async fn connect(settings: BusSettings) -> Result<Self, BusFailure> {
        if settings.urls.is_empty() {
            return Err(BusFailure::NoServer);
        }
        if ![1, 3].contains(&settings.replicas) {
            return Err(BusFailure::Replicas { replicas: settings.replicas });
        }
        let (lost, losses) = watch::channel(0);
        // Without the accounts, which are in the options: the client library logs addresses as they are.
        let servers: Result<Vec<ServerAddr>, _> =
            settings.urls.iter().map(|url| with_account(url, "").parse()).collect();
        let servers = servers.map_err(|source| BusFailure::Connect { source: Box::new(source) })?;
        let complaints = Complaints::default();
        let options = options(&settings, lost, Arc::clone(&complaints)).await?;
        let client = options
            .connect(servers)
            .await
            .map_err(|source| BusFailure::Connect { source: Box::new(source) })?;
        let jetstream = ContextBuilder::new()
            .timeout(ANSWER_AT_MOST)
            .ack_timeout(ANSWER_AT_MOST)
            .max_ack_inflight(ACKS_MAX)
            .build(client);
        Ok(Self { inner: Arc::new(Inner { jetstream, settings, losses, complaints }) })
    }

    /// Whether there is a connection at this moment.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.client().connection_state() == State::Connected
    }

    /// Sends what is still to be sent, such as acknowledgements, and closes the connection for all who share it.
    ///
    /// # Errors
    /// When it was closed before.
    pub async fn close(&self) -> Result<(), BusFailure> {
        self.client().drain().await.map_err(|source| BusFailure::Connect { source: Box::new(source) })
    }

    /// The client under it, for what Tollgate's other parts keep on the bus.
    #[must_use]
    pub fn client(&self) -> Client {
        self.jetstream().client()
    }

    /// JetStream, for the same.
    #[must_use]
    pub fn jetstream(&self) -> &Context {
        &self.inner.jetstream
    }

    #[must_use]
    pub fn settings(&self) -> &BusSettings {
        &self.inner.settings
    }

    /// What went wrong with a stream; without a connection, what keeps us from having one.
    pub(super) fn failed(
        &self,
        doing: &'static str,
        stream: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> BusFailure {
        let complaints = self.inner.complaints.lock();
        if self.is_connected() || complaints.is_empty() {
            return BusFailure::stream(doing, stream, source);
        }
        BusFailure::Away { why: complaints.join("; ") }
    }

    /// How often the connection was lost, as it happens: an answer that was under way then never comes, and nobody else
    /// says so.
    pub(super) fn losses(&self) -> watch::Receiver<u64> {
        self.inner.losses.clone()
    }
}

async fn options(
    settings: &BusSettings,
    lost: watch::Sender<u64>,
    complaints: Complaints,
) -> Result<ConnectOptions, BusFailure> {
    let lost = Arc::new(lost);
    let mut options = ConnectOptions::new()
        .name(&settings.name)
        .retry_on_initial_connect()
        .max_reconnects(None)
        .reconnect_delay_callback(reconnect_pause)
        .reconnect_to_server_callback(move |servers, _| {
            note(&complaints, &servers);
            // Which is tried next is left to the library.
            std::future::ready(None)
        })
        .request_timeout(Some(ANSWER_AT_MOST))
        .require_tls(settings.require_tls)
        .event_callback(move |event| {
            if matches!(event, Event::Disconnected | Event::Closed) {
                lost.send_modify(|losses| *losses = losses.wrapping_add(1));
            }
            tell(&event);
            std::future::ready(())
        });
    // Told here, for the client library makes no use of what stands in an address.
    match settings.urls.iter().find_map(|url| account(url)) {
        Some((user, Some(password))) => options = options.user_and_password(user, password),
        Some((token, None)) => options = options.token(token),
        None => {}
    }
    if let Some(file) = &settings.root_ca_file {
        options = options.add_root_certificates(file.clone());
    }
    if let Some(file) = &settings.credentials_file {
        options = options
            .credentials_file(file)
            .await
            .map_err(|source| BusFailure::Credentials { file: file.clone(), source })?;
    }
    Ok(options)
}

/// The user and the password, or the token alone, that stand in an address.
fn account(url: &str) -> Option<(String, Option<String>)> {
    let address: ServerAddr = url.parse().ok()?;
    let text = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    address.username().map(|user| (text(user), address.password().map(text)))
}

fn reconnect_pause(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts.min(10)).unwrap_or(10);
    RECONNECT_MIN.saturating_mul(2_u32.saturating_pow(doublings)).min(RECONNECT_MAX)
}

/// Keeps what the servers last answered, and tells it when it is news: the library's own word is no more than its kind.
fn note(complaints: &Complaints, servers: &[Server]) {
    let told = |server: &Server| {
        server.last_error.as_ref().map(|why| format!("{}: {why}", shown(server.addr.as_url_str())))
    };
    let mut now: Vec<String> = servers.iter().filter_map(told).collect();
    now.sort_unstable();
    let mut before = complaints.lock();
    if *before != now {
        for complaint in now.iter().filter(|complaint| !before.contains(complaint)) {
            warn!("Cannot connect to the bus at {complaint}");
        }
        *before = now;
    }
}

fn tell(event: &Event) {
    match event {
        Event::Connected => info!("Connected to the bus"),
        Event::Disconnected => warn!("Lost the connection to the bus; trying again"),
        Event::Closed => info!("The connection to the bus is closed"),
        Event::LameDuckMode | Event::Draining => debug!("The server of the bus is leaving: {event}"),
        Event::SlowConsumer(_) => warn!("We read the bus too slowly: {event}"),
        Event::ServerError(_) | Event::ClientError(_) => error!("The bus complains: {event}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_in_an_address_is_used_and_not_shown() {
        let (url, told) =
            ("nats://app:a%40b@127.0.0.1:4222", Some(("app".to_owned(), Some("a@b".to_owned()))));
        assert_eq!((account(url), shown(url)), (told, "nats://********@127.0.0.1:4222".to_owned()));
        assert_eq!(with_account(url, ""), "nats://127.0.0.1:4222");
        assert_eq!(account("tls://token@host"), Some(("token".to_owned(), None)));
        assert_eq!((account("host:4222"), shown("host:4222")), (None, "host:4222".to_owned()));
        let settings = BusSettings { urls: vec![url.to_owned()], ..BusSettings::default() };
        assert!(!format!("{settings:?}").contains("a%40b"));
    }
}
