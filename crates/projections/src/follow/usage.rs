//! The usage tables behind the usage batches.

use std::{fmt, sync::Arc, time::Duration};

use domain::{Position, SharedClock, Timestamp};
use jiff::SignedDuration;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    begin,
    pace::{BATCHES_MAX, Retry, halt, report},
    turns::{End, Turn},
};
use crate::{
    ReadModel, USAGE, UsageSource,
    runner::Halt,
    store::Committed,
    usage::{OWNER, apply, sightings::prune},
    visibility::Progress,
};

/// How often it is looked for names whose time is over.
const PRUNE_EVERY: Duration = Duration::from_mins(10);

/// How long it is kept from where secrets are presented, and by which programs.
#[derive(Clone)]
pub struct Retention {
    pub clock: SharedClock,
    /// Nothing at all: not even until it is pruned.
    pub days: u16,
}

impl fmt::Debug for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Retention({} days)", self.days)
    }
}

impl Retention {
    fn begins_at(&self) -> Timestamp {
        let now = self.clock.now();
        now.checked_sub(SignedDuration::from_hours(24 * i64::from(self.days))).unwrap_or(Timestamp::MIN)
    }
}

pub(super) struct UsageFollower {
    pub(super) model: ReadModel,
    pub(super) source: Arc<dyn UsageSource>,
    pub(super) process: Arc<str>,
    pub(super) progress: watch::Sender<Progress>,
    /// None: for good.
    pub(super) retention: Option<Retention>,
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
        let mut position = loop {
            match begin::usage(&self.model, &*self.source, &self.process).await {
                Ok(checkpoint) => break checkpoint.position,
                Err(failure) if retry.after(&failure, stop).await => {}
                Err(_) => return End::Stop,
            }
        };
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
    async fn step(
        &self,
        position: Position,
    ) -> Result<(Position, Committed), Box<dyn std::error::Error + Send + Sync>> {
        let mut batches = self.source.read(position.get(), BATCHES_MAX).await?;
        if self.retention.as_ref().is_some_and(|retention| retention.days == 0) {
            batches.iter_mut().for_each(|arrived| arrived.batch.sightings.clear());
        }
        Ok(apply(&self.model, position, &batches).await?)
    }

    /// What fails is tried again the next time.
    async fn prune(&self, position: Position) -> Committed {
        let Some(retention) = &self.retention else { return Committed::Yes };
        let before = retention.begins_at();
        let forgotten = self.source.forget_sightings(before).await.map_err(Box::from);
        let pruned: Result<Committed, Box<dyn std::error::Error + Send + Sync>> = match forgotten {
            Ok(()) => prune(&self.model, position, before).await.map_err(Box::from),
            Err(failure) => Err(failure),
        };
        pruned.unwrap_or_else(|failure| {
            tracing::warn!(error = &*failure, "Cannot forget who presented which secret; it is tried again");
            Committed::Yes
        })
    }
}
