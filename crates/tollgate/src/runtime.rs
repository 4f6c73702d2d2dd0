//! The machine's side: the clock, the tasks, the signals, the log lines. The only room that asks the time.

use std::{future::Future, sync::Arc};

use anyhow::Context;
use domain::{Clock, SharedClock, Timestamp};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};
use tracing_subscriber::EnvFilter;

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
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")?;
    runtime.block_on(work)
}

/// Log lines on standard error, filtered by what the settings say.
pub(crate) fn start_logging(filter: &str, format: LogFormat) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("`{filter}` is not a log filter, such as `info`"))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    started.map_err(|source| anyhow::anyhow!("cannot start logging: {source}"))
}

/// Cancelled by the first SIGINT or SIGTERM.
pub(crate) fn stop_on_signal(tasks: &mut Tasks) -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let stop = tasks.stop.clone();
    tasks.spawn("signals", async move {
        tokio::select! {
            _ = terminate.recv() => info!("Stopping on SIGTERM"),
            _ = interrupt.recv() => info!("Stopping on SIGINT"),
            () = stop.cancelled() => {}
        }
        stop.cancel();
        Ok(())
    });
    Ok(tasks.stop.clone())
}

/// The tasks of the process: each has a name, all stop together, whoever made them waits for them.
pub(crate) struct Tasks {
    running: JoinSet<(&'static str, anyhow::Result<()>)>,
    stop: CancellationToken,
}

impl Tasks {
    pub(crate) fn new() -> Self {
        Self { running: JoinSet::new(), stop: CancellationToken::new() }
    }

    pub(crate) fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    pub(crate) fn spawn(&mut self, name: &'static str, work: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        self.running.spawn(async move { (name, work.await) });
    }

    /// Waits until all have ended. The first that fails stops the others, and its failure is the answer.
    pub(crate) async fn wait(mut self) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        while let Some(ended) = self.running.join_next().await {
            let failure = match ended {
                Ok((_, Ok(()))) => continue,
                Ok((name, Err(failure))) => failure.context(format!("the task `{name}` failed")),
                Err(panic) => anyhow::anyhow!("a task ended without an answer: {panic}"),
            };
            error!("{failure:#}");
            self.stop.cancel();
            if outcome.is_ok() {
                outcome = Err(failure);
            }
        }
        outcome
    }
}
