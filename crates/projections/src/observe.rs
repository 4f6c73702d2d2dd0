//! Looks up how far the projections have got, wherever they run: in this process, in another, or in none.

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{Position, SharedClock, Timestamp};
use eventlog::{EventLog, LogFailure};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval, sleep},
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    ALL, FollowFailure, ReadFailure, ReadModel, USAGE, UsageSource, Visibility,
    follow::{gauges, is_of_this_log},
    store::{Checkpoint, Standing},
    visibility::{Progress, Waiting},
};

/// How soon a waiting writer sees what another process has written.
const LOOK_WHILE_WAITED_FOR: Duration = Duration::from_millis(10);
/// For health and metrics.
const LOOK_OTHERWISE: Duration = Duration::from_millis(500);
const MEASURE_EVERY: Duration = Duration::from_secs(1);

/// Feeds a [`Visibility`] in a process that need not run projections itself.
pub struct Observer {
    model: ReadModel,
    log: EventLog,
    usage: Arc<dyn UsageSource>,
    watched: Vec<Watched>,
    waiting: Waiting,
    clock: Option<SharedClock>,
}

/// One projection, usage among them.
pub(crate) struct Watched {
    pub(crate) name: &'static str,
    pub(crate) progress: watch::Sender<Progress>,
    /// A checkpoint that says nothing of this log: whoever has the turn will begin anew.
    pub(crate) foreign: Option<Checkpoint>,
}

impl Observer {
    /// Looks once.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn open(
        model: ReadModel,
        log: EventLog,
        usage: impl UsageSource,
    ) -> Result<Self, FollowFailure> {
        let mut watched = vec![];
        for name in ALL.iter().map(|projection| projection.name()).chain([USAGE]) {
            let progress = watch::Sender::new(Progress { looked_up: true, ..Progress::default() });
            // Rules of another version are no fault here: whoever moves the projection knows its own.
            let foreign = match model.mark(name).await? {
                Some(checkpoint) if name != USAGE && !is_of_this_log(&log, &checkpoint).await? => {
                    Some(checkpoint)
                }
                Some(_) | None => None,
            };
            watched.push(Watched { name, progress, foreign });
        }
        let observer = Self::of(model, log, Arc::new(usage), watched);
        observer.look().await?;
        Ok(observer)
    }

    /// The last is usage.
    pub(crate) fn of(
        model: ReadModel,
        log: EventLog,
        usage: Arc<dyn UsageSource>,
        watched: Vec<Watched>,
    ) -> Self {
        Self { model, log, usage, watched, waiting: Waiting::default(), clock: None }
    }

    /// Lags are told in seconds too. They compare this clock with that of whoever recorded the event.
    #[must_use]
    pub fn with_clock(self, clock: SharedClock) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// For those who wait and those who watch. It moves while [`Self::run`] does.
    #[must_use]
    pub fn visibility(&self) -> Visibility {
        let of = |watched: &Watched| (watched.name, watched.progress.subscribe());
        let (usage, events): (Vec<_>, Vec<_>) =
            self.watched.iter().map(of).partition(|(name, _)| *name == USAGE);
        let unwatched = || watch::Sender::<Progress>::default().subscribe();
        Visibility {
            log: self.log.clone(),
            events,
            usage: usage.into_iter().next().map_or_else(unwatched, |(_, progress)| progress),
            usage_head: self.usage.watch(),
            waiting: self.waiting.clone(),
        }
    }

    /// Looks until told to stop: every 10 ms while someone waits, every 500 ms otherwise. A store that cannot be
    /// read leaves things as they were last seen.
    ///
    /// # Errors
    /// None today; a task that ends says how.
    pub async fn run(self, stop: CancellationToken) -> Result<(), FollowFailure> {
        let watching = async {
            if self.model.is_shared() {
                tokio::join!(self.keep_looking(), self.keep_measuring());
            } else {
                self.keep_measuring().await;
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = watching => {}
        }
        Ok(())
    }

    async fn keep_looking(&self) {
        let mut waiting = self.waiting.watch();
        let mut failing = false;
        loop {
            let looked = self.look().await;
            if let (Err(failure), false) = (&looked, failing) {
                let failure: &(dyn std::error::Error + 'static) = failure;
                warn!(error = failure, "How far the projections are cannot be looked up; it is tried again");
            }
            failing = looked.is_err();
            if *waiting.borrow_and_update() > 0 && !failing {
                sleep(LOOK_WHILE_WAITED_FOR).await;
                continue;
            }
            tokio::select! {
                () = sleep(LOOK_OTHERWISE) => {}
                Ok(()) = waiting.changed(), if !failing => {}
            }
        }
    }

    /// Takes over the checkpoints of the projections that this process does not move itself.
    async fn look(&self) -> Result<(), ReadFailure> {
        let standings = self.model.standings().await?;
        let mut standings: BTreeMap<String, Standing> =
            standings.into_iter().map(|standing| (standing.name.clone(), standing)).collect();
        for Watched { name, progress, foreign } in &self.watched {
            let standing = standings.remove(*name).map(|standing| (standing.checkpoint, standing.halted));
            let (checkpoint, halted) =
                standing.filter(|(of, _)| Some(of) != foreign.as_ref()).unwrap_or_default();
            let position = checkpoint.position;
            progress.send_if_modified(|now| {
                let news = now.looked_up && (now.position, &now.halted) != (position, &halted);
                if news {
                    (now.position, now.halted) = (position, halted);
                }
                news
            });
        }
        Ok(())
    }

    async fn keep_measuring(&self) {
        let mut pace = interval(MEASURE_EVERY);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pace.tick().await;
            self.measure().await;
        }
    }

    /// Tells the metrics where everything stands, and finds how old what is missing is.
    async fn measure(&self) {
        let (log_head, usage_head) = (self.log.head().get(), *self.usage.watch().borrow());
        // Projections are mostly at the same place: an event is read once for all of them.
        let mut ages = BTreeMap::new();
        for Watched { name, progress, .. } in &self.watched {
            let position = progress.borrow().position;
            let head = if *name == USAGE { usage_head } else { log_head };
            let age = if position.get() >= head {
                Some(0)
            } else if *name == USAGE {
                self.age(self.next_batch_at(position).await)
            } else if let Some(age) = ages.get(&position) {
                *age
            } else {
                let age = self.age(self.next_event_at(position).await);
                ages.insert(position, age);
                age
            };
            progress.send_if_modified(|now| {
                now.lag_seconds = age.unwrap_or(now.lag_seconds);
                false
            });
            gauges(name, &progress.borrow(), head);
        }
    }

    async fn next_event_at(&self, after: Position) -> Result<Option<Timestamp>, LogFailure> {
        // As it is stored: one that cannot be decoded grows old all the same.
        let next = self.log.read_stored(after, 1).await?;
        Ok(next.first().and_then(|stored| stored.recorded_at.parse().ok()))
    }

    async fn next_batch_at(&self, after: Position) -> Result<Option<Timestamp>, LogFailure> {
        Ok(self.usage.read(after.get(), 1).await?.first().map(|arrived| arrived.batch.flushed_at))
    }

    /// None when it cannot be known now.
    fn age(&self, of: Result<Option<Timestamp>, LogFailure>) -> Option<u64> {
        let (Some(clock), Some(of)) = (&self.clock, of.ok().flatten()) else { return None };
        Some(u64::try_from(clock.now().as_second().saturating_sub(of.as_second())).unwrap_or_default())
    }
}
