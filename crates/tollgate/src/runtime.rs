//! The machine's side: the clock, the tasks, the signals, the log lines. The only room that asks the time.

use std::{future::Future, sync::Arc};

use anyhow::Context;
use domain::{Clock, SharedClock, Timestamp};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::settings::LogFormat;

/// The clock of the machine, to the microsecond.
struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everyone else is given")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

pub(crate) fn system_clock() -> SharedClock {
    Arc::new(SystemClock)
}

/// Runs to the end on all cores.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(work)
}

/// Log lines on standard error, filtered by what the settings say, and beside them what `more` makes of spans.
pub(crate) fn start_logging(
    filter: &str,
    format: LogFormat,
    more: Option<impl Layer<Registry> + Send + Sync>,
) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter)
        .with_context(|| format!("`{filter}` is not a log filter, such as `info`"))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    // Each has a filter of its own: what one of them wants is not asked of the other.
    let started = tracing_subscriber::registry().with(more).with(lines.with_filter(filter)).try_init();
    started.context("cannot start logging")
}

/// Stops the tasks at the first SIGINT or SIGTERM.
pub(crate) fn stop_on_signal(tasks: &mut Tasks) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let stop = tasks.stop_token();
    tasks.spawn("signals", async move {
        tokio::select! {
            _ = terminate.recv() => info!("Stopping on SIGTERM"),
            _ = interrupt.recv() => info!("Stopping on SIGINT"),
            () = stop.cancelled() => {}
        }
        stop.cancel();
        Ok(())
    });
    Ok(())
}

/// The tasks of the process: each has a name, and whoever made them waits for them. They stop in two steps: who
/// takes requests first, then who keeps what these have caused.
pub(crate) struct Tasks {
    takers: Group,
    keepers: Group,
}

struct Group {
    running: JoinSet<(&'static str, anyhow::Result<()>)>,
    stop: CancellationToken,
}

impl Group {
    fn new() -> Self {
        Self { running: JoinSet::new(), stop: CancellationToken::new() }
    }

    /// How the next of them has ended; for ever nothing once all have.
    async fn next(&mut self) -> anyhow::Result<()> {
        let Some(ended) = self.running.join_next().await else { return std::future::pending().await };
        match ended {
            Ok((name, outcome)) => outcome.with_context(|| format!("the task `{name}` failed")),
            Err(panic) => Err(anyhow::anyhow!("a task ended without an answer: {panic}")),
        }
    }
}

impl Tasks {
    pub(crate) fn new() -> Self {
        Self { takers: Group::new(), keepers: Group::new() }
    }

    /// Told to those who take requests.
    pub(crate) fn stop_token(&self) -> CancellationToken {
        self.takers.stop.clone()
    }

    /// Told to those who keep what has been caused, once nobody takes requests any more.
    pub(crate) fn keepers_stop_token(&self) -> CancellationToken {
        self.keepers.stop.clone()
    }

    pub(crate) fn spawn(
        &mut self,
        name: &'static str,
        work: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        self.takers.running.spawn(async move { (name, work.await) });
    }

    pub(crate) fn spawn_keeper(
        &mut self,
        name: &'static str,
        work: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        self.keepers.running.spawn(async move { (name, work.await) });
    }

    /// Waits until all have ended. The first that fails stops the others, and its failure is the answer.
    pub(crate) async fn wait(mut self) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        while !(self.takers.running.is_empty() && self.keepers.running.is_empty()) {
            if self.takers.running.is_empty() {
                self.keepers.stop.cancel();
            }
            let ended = tokio::select! {
                ended = self.takers.next() => ended,
                ended = self.keepers.next() => ended,
            };
            if let Err(failure) = ended {
                error!("{failure:#}");
                self.takers.stop.cancel();
                outcome = outcome.and(Err(failure));
            }
        }
        outcome
    }
}

impl ::gateway_node::Keepers for Tasks {
    fn stop_token(&self) -> CancellationToken {
        self.keepers_stop_token()
    }

    fn keep(&mut self, name: &'static str, work: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        self.spawn_keeper(name, work);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_keeps_stops_after_who_takes_and_a_failure_stops_all() {
        let mut tasks = Tasks::new();
        let (stop, keepers_stop) = (tasks.stop_token(), tasks.keepers_stop_token());
        let seen = keepers_stop.clone();
        tasks.spawn("taker", async move {
            stop.cancelled().await;
            assert!(!seen.is_cancelled(), "the keepers still run");
            Ok(())
        });
        tasks.spawn_keeper("keeper", async move {
            keepers_stop.cancelled().await;
            Ok(())
        });
        tasks.spawn("failing", async { anyhow::bail!("out of luck") });
        let failure = format!("{:#}", tasks.wait().await.unwrap_err());
        assert_eq!(failure, "the task `failing` failed: out of luck");
    }
}
