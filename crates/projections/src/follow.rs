//! Follows the log and the usage batches, one task for each projection, until told to stop.

mod begin;
mod events;
mod pace;
mod retention;
#[cfg(test)]
pub(crate) mod tests;
mod turns;
mod usage;

use std::sync::Arc;

use domain::SharedClock;
use eventlog::{EventLog, LogFailure};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    ALL, Observer, Projection, ReadFailure, ReadModel, Told, UsageSource, Visibility, WriteFailure,
    observe::Watched,
    store::{Checkpoint, Owner},
    visibility::Progress,
};
use begin::AskHead;
pub(crate) use begin::is_of_this_log;
use events::Follower;
pub(crate) use pace::{gauges, said};
use retention::Pruning;
pub use retention::{CountedTime, Retention};
use usage::UsageFollower;

/// The projections could not begin, or one of their tasks broke.
#[derive(Debug, thiserror::Error)]
pub enum FollowFailure {
    #[error("finding out how far the read models have got")]
    Read(#[from] ReadFailure),
    #[error(transparent)]
    Write(#[from] WriteFailure),
    #[error("comparing the read models with the log")]
    Log(#[from] LogFailure),
    #[error("asking how far usage is, by which it is known whether its batches are numbered anew")]
    Head { source: LogFailure },
    #[error("a projection's task broke")]
    Broken { source: tokio::task::JoinError },
}

/// All projections of an installation, ready to run. Of several processes on one read model each projection is moved
/// by one; the others stand by.
pub struct Projections {
    model: ReadModel,
    log: EventLog,
    usage: Arc<dyn UsageSource>,
    ask_usage_head: AskHead,
    /// Without usage.
    projections: Vec<(&'static dyn Projection, watch::Sender<Progress>)>,
    usage_progress: watch::Sender<Progress>,
    observer: Observer,
    process: Arc<str>,
    retention: Option<Retention>,
}

impl Projections {
    /// Finds where each projection has got to. One whose rules are of another version, or whose rows come from
    /// another log (a restored backup), counts as at the start: when its turn comes it is emptied and begins anew.
    ///
    /// # Errors
    /// When the read models or the log cannot be read.
    pub async fn open(
        model: ReadModel,
        log: EventLog,
        usage: impl UsageSource,
    ) -> Result<Self, FollowFailure> {
        Self::open_these(&ALL, model, log, usage).await
    }

    /// The same where [`UsageSource::watch`] tells what was heard at some time, or nothing yet. `ask_usage_head` asks for the
    /// number of the last batch now, and fails while nobody can say: usage waits then, for by an older answer a source that
    /// goes on may look as if it had begun anew.
    ///
    /// # Errors
    /// When the read models or the log cannot be read.
    pub async fn open_asking(
        model: ReadModel,
        log: EventLog,
        usage: impl UsageSource,
        ask_usage_head: impl Fn() -> Told<'static, u64> + Send + Sync + 'static,
    ) -> Result<Self, FollowFailure> {
        Self::open_with(&ALL, model, log, Arc::new(usage), Box::new(ask_usage_head)).await
    }

    pub(crate) async fn open_these(
        projections: &[&'static dyn Projection],
        model: ReadModel,
        log: EventLog,
        usage: impl UsageSource,
    ) -> Result<Self, FollowFailure> {
        let head = usage.watch();
        let ask_usage_head: AskHead = Box::new(move || Box::pin(std::future::ready(Ok(*head.borrow()))));
        Self::open_with(projections, model, log, Arc::new(usage), ask_usage_head).await
    }

    async fn open_with(
        projections: &[&'static dyn Projection],
        model: ReadModel,
        log: EventLog,
        usage: Arc<dyn UsageSource>,
        ask_usage_head: AskHead,
    ) -> Result<Self, FollowFailure> {
        let (mut followed, mut watched) = (vec![], vec![]);
        for projection in projections.iter().copied() {
            let kept = begin::kept(&model, &log, Owner::of(projection)).await?;
            let of = watch_from(&model, projection.name(), kept).await?;
            followed.push((projection, of.progress.clone()));
            watched.push(of);
        }
        let kept = begin::shown_usage(&model, &ask_usage_head).await?;
        let of = watch_from(&model, crate::USAGE, kept).await?;
        let usage_progress = of.progress.clone();
        watched.push(of);
        let observer = Observer::of(model.clone(), log.clone(), Arc::clone(&usage), watched);
        let process = format!("process {}", std::process::id()).into();
        Ok(Self {
            model,
            log,
            usage,
            ask_usage_head,
            projections: followed,
            usage_progress,
            observer,
            process,
            retention: None,
        })
    }

    /// Lags are told in seconds too.
    #[must_use]
    pub fn with_clock(self, clock: SharedClock) -> Self {
        Self { observer: self.observer.with_clock(clock), ..self }
    }

    /// Forgets in time from where secrets are presented and by which programs; else it is kept for good.
    #[must_use]
    pub fn keeping_sightings(self, retention: Retention) -> Self {
        Self { retention: Some(retention), ..self }
    }

    /// Under which name this process stands beside the checkpoints that it moves.
    #[must_use]
    pub fn named(self, process: &str) -> Self {
        Self { process: process.into(), ..self }
    }

    /// For those who wait and those who watch.
    #[must_use]
    pub fn visibility(&self) -> Visibility {
        self.observer.visibility()
    }

    /// Follows until told to stop, and finishes the batches that were begun. A projection that cannot go on
    /// stops alone and says so in [`Visibility::status`].
    ///
    /// # Errors
    /// When a task broke; the others have been stopped then.
    pub async fn run(self, stop: CancellationToken) -> Result<(), FollowFailure> {
        let Self { model, log, projections, observer, process, .. } = self;
        let mut tasks = JoinSet::new();
        for (projection, progress) in projections {
            let lead = model.lead(projection.name());
            let (model, log, process) = (model.clone(), log.clone(), Arc::clone(&process));
            let follower = Follower { projection, model, log, process, progress };
            tasks.spawn(turns::take_turns(follower, lead, stop.clone()));
        }
        let lead = model.lead(crate::USAGE);
        let follower = UsageFollower {
            model,
            source: self.usage,
            ask_head: self.ask_usage_head,
            process,
            progress: self.usage_progress,
            forgetting: self.retention.map(Pruning::new),
        };
        tasks.spawn(turns::take_turns(follower, lead, stop.clone()));
        let watching = CancellationToken::new();
        let following = async {
            let mut outcome = Ok(());
            while let Some(ended) = tasks.join_next().await {
                if let Err(source) = ended {
                    stop.cancel();
                    outcome = Err(FollowFailure::Broken { source });
                }
            }
            // To the last: the final batches are looked at like all others.
            watching.cancel();
            outcome
        };
        let (followed, watched) = tokio::join!(following, observer.run(watching.clone()));
        followed.and(watched)
    }
}

/// A projection at the checkpoint that is to be kept; at the start when what is there is not.
async fn watch_from(
    model: &ReadModel,
    name: &'static str,
    kept: Option<Checkpoint>,
) -> Result<Watched, FollowFailure> {
    let foreign = if kept.is_some() { None } else { model.mark(name).await? };
    let position = kept.unwrap_or_default().position;
    let progress = watch::Sender::new(Progress { position, ..Progress::default() });
    Ok(Watched { name, progress, foreign })
}
