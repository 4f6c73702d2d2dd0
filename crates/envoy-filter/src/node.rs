//! The gateway node of this process: one for all filters that say the same of it, on threads of its own.
//!
//! It lives as long as a configuration, or a call that began under one, needs it. A configuration that is taken over anew with the same
//! words finds it running, with its counters. One with other words of the same node begins a new one with the counters as the old
//! one last kept them, and so does another process in a hot restart.

mod counters;
mod prepared;

use std::{
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, ThreadId},
    time::Duration,
};

use anyhow::Context;
use domain::{Clock, SharedClock, Timestamp};
use gateway::Gateway;
use gateway_node::Keepers;
use parking_lot::Mutex;
use tokio::{runtime::Runtime, sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::error;

use self::prepared::Prepared;
use crate::settings::NodeSettings;

/// Threads of this program in Envoy's process: one can read a snapshot while the other says that the node lives.
const THREADS: usize = 2;
/// How long Envoy's end may wait until what was counted is kept.
const STOPPED_WITHIN: Duration = Duration::from_secs(5);

static RUNTIME: OnceLock<Runtime> = OnceLock::new();
static RUNNING: Mutex<Vec<(NodeSettings, Weak<Node>)>> = Mutex::new(vec![]);
/// Envoy's main thread: the one that loads configurations, and may wait.
static MAIN: OnceLock<ThreadId> = OnceLock::new();

/// A gateway that follows, tells usage and shares quotas until nobody needs it.
pub(crate) struct Node {
    gateway: Arc<Gateway>,
    clock: SharedClock,
    stop: CancellationToken,
    /// Whether the counters of the run before are there: calls judged without them would be granted twice.
    started: Arc<AtomicBool>,
    /// Whether the configuration is that of now, or was waited for long enough.
    settled: watch::Receiver<bool>,
    stopped: watch::Receiver<bool>,
}

impl Node {
    /// The one that runs with these settings, else a new one. On Envoy's main thread.
    ///
    /// # Errors
    /// When what the settings name is not there. What is only away for now is waited for.
    pub(crate) fn of(settings: &NodeSettings) -> anyhow::Result<Arc<Self>> {
        MAIN.get_or_init(|| thread::current().id());
        let mut running = RUNNING.lock();
        running.retain(|(_, node)| node.strong_count() > 0);
        let found = running.iter().find(|(known, _)| known == settings);
        if let Some(node) = found.and_then(|(_, node)| node.upgrade()) {
            return Ok(node);
        }
        let node = Arc::new(Self::start(settings)?);
        running.push((settings.clone(), Arc::downgrade(&node)));
        Ok(node)
    }

    /// One that does nothing, for a configuration that is only to be checked.
    ///
    /// # Errors
    /// When what the settings name is not there.
    pub(crate) fn idle(settings: &NodeSettings) -> anyhow::Result<Arc<Self>> {
        let prepared = Prepared::new(settings)?;
        let ((_, settled), (_, stopped)) = (watch::channel(true), watch::channel(true));
        let (clock, stop, started) = (clock(), CancellationToken::new(), Arc::default());
        Ok(Arc::new(Self { gateway: prepared.gateway(), clock, stop, started, settled, stopped }))
    }

    fn start(settings: &NodeSettings) -> anyhow::Result<Self> {
        let prepared = Prepared::new(settings)?;
        let (gateway, clock, stop) = (prepared.gateway(), clock(), CancellationToken::new());
        let ((is_settled, settled), (has_stopped, stopped)) = (watch::channel(false), watch::channel(false));
        let started = Arc::<AtomicBool>::default();
        let life = Life {
            prepared,
            clock: Arc::clone(&clock),
            stop: stop.clone(),
            started: Arc::clone(&started),
            settled: is_settled,
        };
        let runtime = runtime()?;
        // A thread sees the node from its beginning to its end; what the node does runs on the runtime's.
        let seeing = thread::Builder::new().name("tollgate node".to_owned()).spawn(move || {
            runtime.block_on(life.live());
            has_stopped.send_replace(true);
        });
        drop(seeing.context("starting the thread of the gateway node")?);
        Ok(Self { gateway, clock, stop, started, settled, stopped })
    }

    pub(crate) fn gateway(&self) -> Arc<Gateway> {
        Arc::clone(&self.gateway)
    }

    pub(crate) fn clock(&self) -> SharedClock {
        Arc::clone(&self.clock)
    }

    /// Whether all is there that calls are judged by.
    pub(crate) fn is_ready(&self) -> bool {
        self.started.load(Ordering::Acquire) && self.gateway.ready()
    }

    /// Waits until the configuration is that of now, for a time. On Envoy's main thread.
    pub(crate) fn wait_until_settled(&self, at_most: Duration) {
        wait(self.settled.clone(), at_most);
    }

    /// Runs what a call waits for, beside the workers.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = RUNTIME.get() {
            drop(runtime.spawn(work));
        }
    }
}

impl Drop for Node {
    /// What was counted is kept by threads of ours. Envoy's main thread waits for that, since the process may be about to end;
    /// a worker, which lets go of the last call of a configuration long gone, does not.
    fn drop(&mut self) {
        self.stop.cancel();
        if MAIN.get() == Some(&thread::current().id()) {
            wait(self.stopped.clone(), STOPPED_WITHIN);
        }
    }
}

/// A node from its beginning to its end.
struct Life {
    prepared: Prepared,
    clock: SharedClock,
    stop: CancellationToken,
    started: Arc<AtomicBool>,
    settled: watch::Sender<bool>,
}

impl Life {
    async fn live(self) {
        let mut tasks = Tasks { running: JoinSet::new(), stop: self.stop.clone() };
        self.stop.run_until_cancelled(self.begin(&mut tasks)).await;
        self.stop.cancelled().await;
        tasks.end().await;
        self.prepared.leave().await;
    }

    async fn begin(&self, tasks: &mut Tasks) {
        self.prepared.start(&self.clock, tasks).await;
        self.started.store(true, Ordering::Release);
        self.prepared.settle(&self.clock).await;
        self.settled.send_replace(true);
    }
}

/// Whether it came true in time is seen by what it stands for.
fn wait(mut until: watch::Receiver<bool>, at_most: Duration) {
    let Some(runtime) = RUNTIME.get() else { return };
    let came_true = async { drop(until.wait_for(|it| *it).await) };
    drop(runtime.block_on(async { tokio::time::timeout(at_most, came_true).await }));
}

fn runtime() -> anyhow::Result<&'static Runtime> {
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("tollgate")
        .enable_all()
        .build()
        .context("starting the threads of the gateway node")?;
    Ok(RUNTIME.get_or_init(|| runtime))
}

/// The clock of the machine, to the microsecond, as `tollgate serve` has it.
struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everyone else in this process is given"
    )]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

fn clock() -> SharedClock {
    Arc::new(SystemClock)
}

/// The tasks of a node. One that fails leaves the others at work: calls are judged by what is known.
struct Tasks {
    running: JoinSet<(&'static str, anyhow::Result<()>)>,
    stop: CancellationToken,
}

impl Keepers for Tasks {
    fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    fn keep(&mut self, name: &'static str, work: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        drop(self.running.spawn(async move { (name, work.await) }));
    }
}

impl Tasks {
    /// Waits until all have ended, which they do when they are told to.
    async fn end(mut self) {
        while let Some(ended) = self.running.join_next().await {
            match ended {
                Ok((_, Ok(()))) => {}
                Ok((name, Err(failure))) => error!("The task `{name}` failed: {failure:#}"),
                Err(failure) => error!("A task ended without an answer: {failure}"),
            }
        }
    }
}
