//! Follows the log and the usage batches, one task for each projection, until told to stop.

mod events;
mod pace;
#[cfg(test)]
mod tests;
mod usage;

use domain::Position;
use eventlog::{EventLog, LogFailure, usage::UsageLog};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    ALL, Projection, ReadFailure, ReadModel, Visibility, WriteFailure,
    store::{Checkpoint, Owner},
    usage::OWNER as USAGE_OWNER,
    visibility::Progress,
};

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

/// All projections of an installation, ready to run.
pub struct Projections {
    model: ReadModel,
    log: EventLog,
    usage: UsageLog,
    followers: Vec<Follower>,
    usage_progress: watch::Sender<Progress>,
}

/// One projection with where it stands.
struct Follower {
    projection: &'static dyn Projection,
    checkpoint: Checkpoint,
    progress: watch::Sender<Progress>,
}

impl Projections {
    /// Finds where each projection has got to. One whose rules are of another version, or whose rows come from
    /// another log (a restored backup), is emptied and begins anew.
    ///
    /// # Errors
    /// When the read models or the log cannot be read.
    pub async fn open(model: ReadModel, log: EventLog, usage: UsageLog) -> Result<Self, FollowFailure> {
        Self::open_these(&ALL, model, log, usage).await
    }

    pub(crate) async fn open_these(
        projections: &[&'static dyn Projection],
        model: ReadModel,
        log: EventLog,
        usage: UsageLog,
    ) -> Result<Self, FollowFailure> {
        let mut followers = vec![];
        for projection in projections.iter().copied() {
            let checkpoint = begin(&model, &log, Owner::of(projection)).await?;
            let position = checkpoint.position;
            let (progress, _) = watch::channel(Progress { position, halted: None });
            followers.push(Follower { projection, checkpoint, progress });
        }
        let position = begin_usage(&model, &usage).await?.position;
        let (usage_progress, _) = watch::channel(Progress { position, halted: None });
        Ok(Self { model, log, usage, followers, usage_progress })
    }

    /// For those who wait and those who watch.
    #[must_use]
    pub fn visibility(&self) -> Visibility {
        let events = self.followers.iter();
        Visibility {
            log: self.log.clone(),
            events: events.map(|one| (one.projection.name(), one.progress.subscribe())).collect(),
            usage: self.usage_progress.subscribe(),
            usage_head: self.usage.watch(),
        }
    }

    /// Follows until told to stop, and finishes the batches that were begun. A projection that cannot go on
    /// stops alone and says so in [`Visibility::status`].
    ///
    /// # Errors
    /// When a task broke; the others have been stopped then.
    pub async fn run(self, stop: CancellationToken) -> Result<(), FollowFailure> {
        let Self { model, log, usage, followers, usage_progress } = self;
        let mut tasks = JoinSet::new();
        for follower in followers {
            let (model, log, stop) = (model.clone(), log.clone(), stop.clone());
            tasks.spawn(async move { follower.follow(model, log, stop).await });
        }
        tasks.spawn(usage::follow(model, usage, usage_progress, stop.clone()));
        let mut outcome = Ok(());
        while let Some(ended) = tasks.join_next().await {
            if let Err(source) = ended {
                stop.cancel();
                outcome = Err(FollowFailure::Broken { source });
            }
        }
        outcome
    }
}

/// The checkpoint from which a projection goes on.
async fn begin(model: &ReadModel, log: &EventLog, owner: Owner) -> Result<Checkpoint, FollowFailure> {
    if let Some(checkpoint) = model.mark(owner.name).await?
        && checkpoint.version == owner.version
        && is_of_this_log(log, &checkpoint).await?
    {
        return Ok(checkpoint);
    }
    anew(model, owner).await
}

/// A log that has another event there, or none, is not the one that the rows were made from.
async fn is_of_this_log(log: &EventLog, checkpoint: &Checkpoint) -> Result<bool, LogFailure> {
    let Some(before) = checkpoint.position.get().checked_sub(1) else { return Ok(true) };
    match log.read(Position::new(before), 1).await {
        Ok(there) => {
            Ok(there.first().is_some_and(|recorded| hex::encode(recorded.leaf_hash) == checkpoint.leaf))
        }
        // It was applied once. What this program cannot decode is no reason to throw the rows away.
        Err(LogFailure::Decode { .. }) => Ok(true),
        Err(failure) => Err(failure),
    }
}

async fn begin_usage(model: &ReadModel, usage: &UsageLog) -> Result<Checkpoint, FollowFailure> {
    if let Some(checkpoint) = model.mark(USAGE_OWNER.name).await?
        && checkpoint.version == USAGE_OWNER.version
        && checkpoint.position.get() <= *usage.watch().borrow()
    {
        return Ok(checkpoint);
    }
    anew(model, USAGE_OWNER).await
}

async fn anew(model: &ReadModel, owner: Owner) -> Result<Checkpoint, FollowFailure> {
    tracing::info!(projection.name = owner.name, "Making `{}` anew from the log", owner.name);
    model.reset(owner).await?;
    Ok(Checkpoint { version: owner.version, ..Checkpoint::default() })
}
