//! The usage tables behind the usage batches.

use std::{sync::Arc, time::Duration};

use domain::Position;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    begin::{self, AskHead},
    pace::{BATCHES_MAX, Retry, halt, report},
    retention::Pruning,
    turns::{End, Turn},
};
use crate::{
    ReadModel, USAGE, UsageSource,
    runner::Halt,
    store::Committed,
    usage::{OWNER, apply, counted_until, sightings::prune},
    visibility::Progress,
};

/// How often it is looked for names whose time is over.
const PRUNE_EVERY: Duration = Duration::from_mins(10);

pub(super) struct UsageFollower {
    pub(super) model: ReadModel,
    pub(super) source: Arc<dyn UsageSource>,
    pub(super) ask_head: AskHead,
    pub(super) process: Arc<str>,
    pub(super) progress: watch::Sender<Progress>,
    /// None: names are kept for good.
    pub(super) forgetting: Option<Pruning>,
}

impl Turn for UsageFollower {
    fn name(&self) -> &'static str {
        USAGE
    }

    fn progress(&self) -> &watch::Sender<Progress> {
        &self.progress
    }

    async fn go_on(&mut self, stop: &CancellationToken) -> End {
        let mut retry = Retry::new(USAGE);
        let Some(mut position) = self.begin(&mut retry, stop).await else { return End::Stop };
        let mut head = self.source.watch();
        let mut prune_at = Instant::now();
        loop {
            let last = *head.borrow_and_update();
            report(USAGE, &self.progress, position, last);
            if Instant::now() >= prune_at {
                prune_at = Instant::now() + PRUNE_EVERY;
                if self.prune(position).await == Committed::Fenced {
                    return End::Fenced;
                }
            }
            if last <= position.get() {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return End::Stop,
                    moved = head.changed() => if moved.is_err() { return End::Stop },
                    () = tokio::time::sleep_until(prune_at) => {}
                }
                continue;
            }
            match self.step(position).await {
                Ok((reached, Committed::Yes)) if reached == position => {
                    let why = Halt::Gap { after: position, found: Position::new(last) };
                    halt(&self.model, OWNER, &self.progress, &why, stop).await;
                    return End::Stop;
                }
                Ok((reached, Committed::Yes)) => {
                    retry.passed();
                    position = reached;
                }
                Ok((_, Committed::Fenced)) => return End::Fenced,
                Err(failure) if retry.after(&*failure, stop).await => {}
                Err(_) => return End::Stop,
            }
            if stop.is_cancelled() {
                return End::Stop;
            }
        }
    }
}

impl UsageFollower {
    /// Where it goes on; none when told to stop. It waits while nobody can say how far the source is.
    async fn begin(&self, retry: &mut Retry, stop: &CancellationToken) -> Option<Position> {
        loop {
            let begun = tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                begun = begin::usage(&self.model, &*self.source, &self.ask_head, &self.process) => begun,
            };
            match begun {
                Ok(checkpoint) => return Some(checkpoint.position),
                Err(failure) if retry.after(&failure, stop).await => {}
                Err(_) => return None,
            }
        }
    }

    async fn step(
        &self,
        position: Position,
    ) -> Result<(Position, Committed), Box<dyn std::error::Error + Send + Sync>> {
        let mut batches = self.source.read(position.get(), BATCHES_MAX).await?;
        if self.forgetting.as_ref().is_some_and(Pruning::keeps_none) {
            batches.iter_mut().for_each(|arrived| arrived.batch.sightings.clear());
        }
        Ok(apply(&self.model, position, &batches).await?)
    }

    /// What fails is tried again the next time.
    async fn prune(&mut self, position: Position) -> Committed {
        self.forget_names(position).await.unwrap_or_else(|failure| {
            tracing::warn!(error = &*failure, "Cannot forget who presented which secret; it is tried again");
            Committed::Yes
        })
    }

    async fn forget_names(
        &mut self,
        position: Position,
    ) -> Result<Committed, Box<dyn std::error::Error + Send + Sync>> {
        let Some(forgetting) = &mut self.forgetting else { return Ok(Committed::Yes) };
        let counted = counted_until(&self.model).await?;
        let Some(before) = forgetting.before(counted, Instant::now()) else { return Ok(Committed::Yes) };
        self.source.forget_sightings(before).await?;
        Ok(prune(&self.model, position, before).await?)
    }
}
