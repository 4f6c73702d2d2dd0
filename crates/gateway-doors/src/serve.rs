//! Serves the doors: HTTP/1.1, and HTTP/2 without TLS for gRPC, on one listener.

mod at_once;
mod listens;
mod patience;
mod together;

use std::{convert::Infallible, error::Error, io, time::Duration};

use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    service::Service,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use at_once::{Arrived, AtOnce};
pub use listens::{Connection, Listens};
use patience::Patient;
use together::Together;

/// Proxies keep few connections, each with many calls; those beyond wait to be accepted.
const CONNECTIONS_MAX: usize = 1024;
/// Calls under way on one HTTP/2 connection.
const STREAMS_MAX: u32 = 1024;
/// What Envoy takes from callers by default, and a little.
const HEADER_BYTES_MAX: u32 = 64 * 1024;
/// The same over HTTP/1.1, where the buffer also holds what has come of the body.
const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// Longer than proxies keep an idle connection, so that it is they who close it and no call meets a closed one. nginx keeps
/// them for 60 s, Traefik for 90, Caddy for 120.
const IDLE_TIME_MAX: Duration = Duration::from_secs(150);
const FIRST_BYTE_TIME_MAX: Duration = Duration::from_secs(30);
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(20);
const KEEP_ALIVE_ANSWER_MAX: Duration = Duration::from_secs(10);
/// How long calls under way may take once told to stop.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);
const ACCEPT_FAILURES_MAX: u32 = 100;
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The doors had to close.
#[derive(Debug, thiserror::Error)]
pub enum ServeFailure {
    /// Again and again, not for one connection.
    #[error("accepting connections at the gateway's doors")]
    Accept {
        #[source]
        source: io::Error,
    },
}

/// Serves until stopped, then lets calls under way finish, for ten seconds at most.
///
/// # Errors
/// When connections can no longer be accepted.
pub async fn serve<S: Serves>(
    listener: impl Listens,
    doors: S,
    stop: CancellationToken,
) -> Result<(), ServeFailure> {
    let mut connections = Connections::new(doors, stop.clone());
    let ended = loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break Ok(()),
            accepted = connections.accept_next(&listener) => accepted,
        };
        match accepted {
            Ok(stream) => connections.begin(stream),
            Err(source) => break Err(ServeFailure::Accept { source }),
        }
    };
    drop(listener);
    connections.drain().await;
    ended
}

/// What answers calls, as hyper asks it: [`Doors`](crate::Doors).
pub trait Serves:
    Service<Request<Incoming>, Response = Response<Self::Body>, Error = Infallible, Future: Send + 'static>
    + Clone
    + Send
    + 'static
{
    type Body: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static;
}

impl<S, B> Serves for S
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    type Body = B;
}

/// The connections that are open.
struct Connections<S> {
    doors: S,
    stop: CancellationToken,
    graceful: GracefulShutdown,
    tasks: JoinSet<()>,
}

impl<S: Serves> Connections<S> {
    fn new(doors: S, stop: CancellationToken) -> Self {
        Self { doors, stop, graceful: GracefulShutdown::new(), tasks: JoinSet::new() }
    }

    /// The next connection, once there is room for it. Dropping the future loses no connection.
    async fn accept_next<L: Listens>(&mut self, listener: &L) -> io::Result<L::Connection> {
        let mut failures = 0;
        loop {
            while self.tasks.len() >= CONNECTIONS_MAX {
                self.reap_one().await;
            }
            let failure = tokio::select! {
                accepted = listener.accept_one() => match accepted {
                    Ok(stream) => return Ok(stream),
                    Err(failure) => failure,
                },
                () = self.reap_one(), if !self.tasks.is_empty() => continue,
            };
            if is_of_one_connection(&failure) {
                continue;
            }
            // Some come back when calls end, and those that are open are answered meanwhile.
            if !is_of_shortage(&failure) {
                failures += 1;
            }
            if failures >= ACCEPT_FAILURES_MAX {
                return Err(failure);
            }
            tracing::warn!(error = %failure, "Could not accept a connection; trying again");
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
    }

    async fn reap_one(&mut self) {
        if let Some(Err(failure)) = self.tasks.join_next().await {
            tracing::error!(error = %failure, "A connection's task broke off");
        }
    }

    fn begin(&mut self, stream: impl Connection) {
        let service = self.doors.clone();
        let (watcher, stop) = (self.graceful.watcher(), self.stop.clone());
        self.tasks.spawn(async move {
            stream.prepare();
            let first_byte = tokio::time::timeout(FIRST_BYTE_TIME_MAX, stream.first_byte());
            if !matches!(stop.run_until_cancelled(first_byte).await, Some(Ok(Ok(())))) {
                return;
            }
            let arrived = Arrived::default();
            let builder = builder(arrived.clone());
            let connection = builder.serve_connection(TokioIo::new(Together(Patient::new(stream))), service);
            // Whoever is at the other end knows that it broke off; nobody here can do anything about it.
            if let Err(failure) = AtOnce::new(watcher.watch(connection.into_owned()), arrived).await {
                tracing::debug!(error = %failure, "A connection ended early");
            }
        });
    }

    async fn drain(mut self) {
        let graceful = std::mem::take(&mut self.graceful);
        if tokio::time::timeout(DRAIN_TIME_MAX, graceful.shutdown()).await.is_err() {
            tracing::warn!(connections = self.tasks.len(), "Closing connections with calls still under way");
        }
        self.tasks.shutdown().await;
    }
}

fn builder(arrived: Arrived) -> Builder<Arrived> {
    let mut builder = Builder::new(arrived);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_TIME_MAX)
        .max_buf_size(BUFFER_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADER_BYTES_MAX)
        .keep_alive_interval(KEEP_ALIVE_EVERY)
        .keep_alive_timeout(KEEP_ALIVE_ANSWER_MAX);
    builder
}

/// Whether there is no descriptor or no memory for another one. Source: `accept(2)`.
fn is_of_shortage(failure: &io::Error) -> bool {
    let short = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
    failure.raw_os_error().is_some_and(|number| short.contains(&number))
}

/// Whether it says nothing about the next one.
fn is_of_one_connection(failure: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(failure.kind(), Kind::ConnectionAborted | Kind::ConnectionRefused | Kind::ConnectionReset)
}
