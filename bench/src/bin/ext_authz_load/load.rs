//! A bounded load: so many connections, so many calls under way on each, so many calls in all.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::bytes::Bytes;
use tokio::{
    net::TcpStream,
    runtime::{Builder, Runtime},
    task::JoinSet,
};

use crate::{
    Settings,
    servers::{Asked, Server},
};

/// Whether it is compressed, and its length.
const FRAME_HEADER_BYTES: usize = 5;

/// The client.
pub(crate) struct Load {
    settings: Settings,
    runtime: Runtime,
}

/// What a round measured.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Round {
    pub(crate) per_second: f64,
    pub(crate) median: Duration,
    pub(crate) p99: Duration,
    /// Of the server's thread.
    pub(crate) cpu_per_call: Duration,
}

impl Load {
    pub(crate) fn new(settings: Settings) -> Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("client").enable_all().build()?;
        Ok(Self { settings, runtime })
    }

    /// Asks one server all that a round asks.
    pub(crate) fn round(&self, server: &Server) -> Result<Round> {
        let (cpu_before, begun) = (server.cpu_time()?, Instant::now());
        let mut times = self.runtime.block_on(self.ask_all(server))?;
        let (took, cpu) = (begun.elapsed(), server.cpu_time()? - cpu_before);
        times.sort_unstable();
        let at = |percent: usize| times.get(times.len() * percent / 100).copied().context("no call was made");
        Ok(Round {
            per_second: f64::from(self.settings.requests) / took.as_secs_f64(),
            median: at(50)?,
            p99: at(99)?,
            cpu_per_call: cpu / self.settings.requests,
        })
    }

    async fn ask_all(&self, server: &Server) -> Result<Vec<Duration>> {
        let turns = Arc::new(AtomicUsize::new(0));
        let uri: Uri = format!("http://{}{}", server.address, server.asked.path).parse()?;
        let mut tasks = JoinSet::new();
        for _ in 0..self.settings.connections {
            let stream = TcpStream::connect(server.address).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) =
                http2::Builder::new(TokioExecutor::new()).handshake(TokioIo::new(stream)).await?;
            tasks.spawn(async { connection.await.map(|()| vec![]).context("a connection broke") });
            for _ in 0..self.settings.streams {
                let caller = Caller {
                    sender: sender.clone(),
                    uri: uri.clone(),
                    asked: server.asked.clone(),
                    turns: Arc::clone(&turns),
                    turns_max: usize::try_from(self.settings.requests)?,
                };
                tasks.spawn(caller.call());
            }
        }
        let mut times = Vec::with_capacity(usize::try_from(self.settings.requests)?);
        while let Some(done) = tasks.join_next().await {
            times.extend(done??);
        }
        Ok(times)
    }
}

/// Asks one question after the other, as long as there are turns left.
struct Caller {
    sender: SendRequest<Full<Bytes>>,
    uri: Uri,
    asked: Asked,
    turns: Arc<AtomicUsize>,
    turns_max: usize,
}

impl Caller {
    async fn call(mut self) -> Result<Vec<Duration>> {
        let mut times = vec![];
        loop {
            let turn = self.turns.fetch_add(1, Ordering::Relaxed);
            if turn >= self.turns_max {
                return Ok(times);
            }
            let question = self
                .asked
                .questions
                .get(turn % self.asked.questions.len())
                .context("there is nothing to ask")?;
            let request = Request::post(self.uri.clone())
                .header("content-type", "application/grpc")
                .header("te", "trailers")
                .body(Full::new(question.clone()))?;
            let begun = Instant::now();
            self.sender.ready().await?;
            let answer = self.sender.send_request(request).await?.into_body().collect().await?;
            times.push(begun.elapsed());
            let status = answer.trailers().and_then(|trailers| trailers.get("grpc-status"));
            ensure!(status.is_some_and(|status| status == "0"), "gRPC status {status:?}");
            let body = answer.to_bytes();
            let message = body.get(FRAME_HEADER_BYTES..).unwrap_or_default();
            ensure!(self.asked.passed.iter().any(|passed| message.starts_with(passed)), "{body:?}");
        }
    }
}
