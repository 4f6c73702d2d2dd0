//! Calls over connections that stay open, one after the other on each.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use bench_decisions::population::{path, secret};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinSet};
use tollgate_bench::proxied;

/// What a round has shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Round {
    pub(crate) cpu: CpuTime,
    pub(crate) took: Duration,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

/// What Envoy's threads have spent on a processor.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CpuTime {
    pub(crate) worker: Duration,
    /// Everything else in the process: the module's threads, Envoy's main thread.
    pub(crate) others: Duration,
}

impl CpuTime {
    /// What a thread had spent that has ended since is not known any more.
    pub(crate) fn since(self, before: Self) -> Self {
        let others = self.others.saturating_sub(before.others);
        Self { worker: self.worker.saturating_sub(before.worker), others }
    }

    pub(crate) fn all(self) -> Duration {
        self.worker + self.others
    }
}

/// Requests as they are sent.
pub(crate) struct Calls {
    requests: Arc<Vec<String>>,
}

impl Calls {
    /// So many callers, spread over all keys.
    pub(crate) fn new(keys: u32, callers: u32) -> Result<Self> {
        let call = |number: u32| {
            let (secret, path) = (secret(number * (keys / callers))?, path(number));
            let secret = secret.expose();
            Ok(format!(
                "GET {path} HTTP/1.1\r\nhost: api.example.com\r\nuser-agent: orders-sync/2.4\r\naccept: */*\r\nx-api-key: {secret}\r\n\r\n"
            ))
        };
        Ok(Self { requests: Arc::new((0..callers).map(call).collect::<Result<_>>()?) })
    }

    pub(crate) async fn send(&self, to: SocketAddr, connections: u32, requests: u32) -> Result<Round> {
        let begun = Instant::now();
        let mut tasks = JoinSet::new();
        for connection in 0..connections {
            let (calls, share) = (Arc::clone(&self.requests), requests / connections);
            drop(tasks.spawn(call(to, calls, connection, share)));
        }
        let mut times = vec![];
        while let Some(told) = tasks.join_next().await {
            times.extend(told??);
        }
        times.sort_unstable();
        let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
        Ok(Round { took: begun.elapsed(), p50: at(50), p99: at(99), ..Round::default() })
    }
}

async fn call(to: SocketAddr, calls: Arc<Vec<String>>, first: u32, share: u32) -> Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(to).await.context("connecting to Envoy")?;
    stream.set_nodelay(true)?;
    let (mut times, mut buffer) = (Vec::new(), Vec::with_capacity(8192));
    let calls = calls.iter().cycle().skip(usize::try_from(first)? * 97).take(usize::try_from(share)?);
    for call in calls {
        let begun = Instant::now();
        stream.write_all(call.as_bytes()).await?;
        let status = proxied::answer(&mut stream, &mut buffer).await?;
        ensure!(status == 200, "a call was answered {status}");
        times.push(begun.elapsed());
    }
    Ok(times)
}
