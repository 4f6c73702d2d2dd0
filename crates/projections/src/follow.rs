//! Follows the log and the usage batches, one task for each projection, until told to stop.

mod begin;
mod events;
mod pace;
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
    ALL, Observer, Projection, ReadFailure, ReadModel, UsageSource, Visibility, WriteFailure,
    observe::Watched,
    store::{Checkpoint, Owner},
    visibility::Progress,
};
pub(crate) use begin::is_of_this_log;
use events::Follower;
pub(crate) use pace::{gauges, said};
pub use usage::Retention;
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
    #[error("a projection's task broke")]
    Broken { source: tokio::task::JoinError },
}

/// All projections of an installation, ready to run. Of several processes on one read model each projection is moved
/// by one; the others stand by.
pub struct Projections {
    model: ReadModel,
    log: EventLog,
    usage: Arc<dyn UsageSource>,
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

    pub(crate) async fn open_these(
        projections: &[&'static dyn Projection],
        model: ReadModel,
        log: EventLog,
        usage: impl UsageSource,
    ) -> Result<Self, FollowFailure> {
        let usage: Arc<dyn UsageSource> = Arc::new(usage);
        let (mut followed, mut watched) = (vec![], vec![]);
        for projection in projections.iter().copied() {
            let kept = begin::kept(&model, &log, Owner::of(projection)).await?;
            let of = watch_from(&model, projection.name(), kept).await?;
            followed.push((projection, of.progress.clone()));
            watched.push(of);
        }
        let kept = begin::kept_usage(&model, &*usage).await?;
        let of = watch_from(&model, crate::USAGE, kept).await?;
        let usage_progress = of.progress.clone();
        watched.push(of);
        let observer = Observer::of(model.clone(), log.clone(), Arc::clone(&usage), watched);
        let process = format!("process {}", std::process::id()).into();
        Ok(Self {
            model,
            log,
            usage,
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
        let Self { model, log, usage, projections, usage_progress, observer, process, retention } = self;
        let mut tasks = JoinSet::new();
        for (projection, progress) in projections {
            let lead = model.lead(projection.name());
            let (model, log, process) = (model.clone(), log.clone(), Arc::clone(&process));
            let follower = Follower { projection, model, log, process, progress };
            tasks.spawn(turns::take_turns(follower, lead, stop.clone()));
        }
        let lead = model.lead(crate::USAGE);
        let follower = UsageFollower { model, source: usage, process, progress: usage_progress, retention };
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
