//! The servers, each on a thread of its own.

use std::{
    convert::Infallible, fs, future::Future, net::SocketAddr, path::PathBuf, sync::Arc, thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use gateway::Gateway;
use gateway_doors::{
    Door, Doors, serve,
    wire::{ext_authz::CHECK, rate_limit::SHOULD_RATE_LIMIT},
};
use http::Request;
use metrics_exporter_prometheus::PrometheusBuilder;
use prost::bytes::Bytes;
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
};
use tokio_util::sync::CancellationToken;
use tonic::{
    body::Body,
    server::NamedService,
    transport::{Server as TonicServer, server::TcpIncoming},
};
use tower::Service;

use bench_decisions::population::{Population, WallClock};

use crate::{
    limitador::Limitador,
    no_op::{NoOp, Read, Whole},
    question::Questions,
};

/// All servers. They end with the process.
pub(crate) struct Servers {
    no_op: Server,
    whole_api: Server,
    door: Server,
    limitador: Server,
}

/// What a server is asked.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) path: &'static str,
    pub(crate) questions: Arc<[Bytes]>,
    /// How an answer begins that lets a call pass.
    pub(crate) passed: &'static [&'static [u8]],
}

/// An empty status, then an `OkHttpResponse`. A length may be written in one byte or in two.
const PASSED: &[&[u8]] = &[&[0x0a, 0x00, 0x1a], &[0x0a, 0x80, 0x00, 0x1a]];
/// `OK`.
const WITHIN_LIMITS: &[&[u8]] = &[&[0x08, 0x01]];

/// One server.
pub(crate) struct Server {
    /// Its thread, as a directory of proc(5).
    task: PathBuf,
    pub(crate) address: SocketAddr,
    pub(crate) asked: Asked,
    _runtime: Runtime,
}

impl Servers {
    pub(crate) fn start(population: Population, questions: Questions) -> Result<Self> {
        let metrics = PrometheusBuilder::new().install_recorder()?;
        let gateway = Arc::clone(&population.gateway);
        let limitador = Limitador::new(population.keys)?;
        let door = Door::new(population.gateway, Arc::new(WallClock), population.environment);
        let stop = CancellationToken::new();
        let doors = Doors::new(Arc::new(door.trusting_forwarded(true)), stop.clone());
        let Questions { ext_authz, limits } = questions;
        let check = Asked { path: CHECK, questions: ext_authz, passed: PASSED };
        let limits = Asked { path: SHOULD_RATE_LIMIT, questions: limits, passed: WITHIN_LIMITS };
        let servers = Self {
            no_op: Server::start("no-op", check.clone(), |listener| tonic(listener, NoOp::<Read>::new()))?,
            whole_api: Server::start("whole API", check.clone(), |listener| {
                tonic(listener, NoOp::<Whole>::new())
            })?,
            door: Server::start("door", check, |listener| async { Ok(serve(listener, doors, stop).await?) })?,
            limitador: Server::start("limitador", limits, |listener| tonic(listener, limitador))?,
        };
        // As in the product: usage is taken away every second, and metrics are read now and then.
        thread::spawn(move || {
            loop {
                thread::sleep(Duration::from_secs(1));
                take_away(&gateway);
                metrics.run_upkeep();
            }
        });
        Ok(servers)
    }

    pub(crate) fn all(&self) -> [&Server; 4] {
        [&self.no_op, &self.whole_api, &self.door, &self.limitador]
    }
}

/// As tonic serves one service.
async fn tonic<S>(listener: TcpListener, service: S) -> Result<()>
where
    S: Service<Request<Body>, Response = http::Response<Body>, Error = Infallible, Future: Send>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
{
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Ok(TonicServer::builder().add_service(service).serve_with_incoming(incoming).await?)
}

fn take_away(gateway: &Gateway) {
    drop(gateway.take_flush(domain::Clock::now(&WallClock)));
}

impl Server {
    fn start<F>(name: &'static str, asked: Asked, serve: impl FnOnce(TcpListener) -> F) -> Result<Self>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name(name).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let task = runtime.block_on(runtime.spawn(async { fs::canonicalize("/proc/thread-self") }))??;
        runtime.spawn(serve(listener));
        Ok(Self { task, address, asked, _runtime: runtime })
    }

    /// What its thread has spent on a processor so far. Source: proc(5), the first field of schedstat.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        let statistics = fs::read_to_string(self.task.join("schedstat"))?;
        let spent = statistics.split(' ').next().context("schedstat is empty")?;
        Ok(Duration::from_nanos(spent.parse()?))
    }
}
