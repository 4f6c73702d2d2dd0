//! One projection of events behind the log.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::Position;
use eventlog::{Batch, EventLog, LogFailure};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    begin,
    pace::{EVENTS_MAX, Retry, halt, report, say_why},
    turns::{End, Turn},
};
use crate::{
    Projection, ReadModel,
    runner::{self, Applied, Halt},
    skip::{self, Skips},
    store::{Checkpoint, Commit, Committed, Owner},
    visibility::Progress,
};

/// A busy log is not searched for an operator's word at each of its events.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// How long the store may not know of events that change none of the projection's rows. Other processes see them late
/// by as much, and wait for nothing that such events do.
const KEEP_WITHIN: Duration = Duration::from_millis(250);

/// What became of one batch.
enum Step {
    /// Its rows are written.
    On(Checkpoint),
    /// It has none for this projection.
    Past(Checkpoint),
    /// A fault that may pass.
    Again(Failure),
    /// Someone else moves it.
    Fenced,
    /// It got that far and no further.
    Stuck(Checkpoint, Stuck),
    /// The log has stopped.
    End,
}

/// What it does not get past.
enum Stuck {
    /// An event that it cannot take.
    Poison(Failure),
    /// Nothing that an operator's word would help against.
    ForGood(Failure),
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// One projection of events.
pub(super) struct Follower {
    pub(super) projection: &'static dyn Projection,
    pub(super) model: ReadModel,
    pub(super) log: EventLog,
    pub(super) process: Arc<str>,
    pub(super) progress: watch::Sender<Progress>,
}

impl Turn for Follower {
    fn name(&self) -> &'static str {
        self.projection.name()
    }

    fn progress(&self) -> &watch::Sender<Progress> {
        &self.progress
    }

    async fn go_on(&mut self, stop: &CancellationToken) -> End {
        let owner = Owner::of(self.projection);
        let (mut feed, mut retry) = (self.log.feed_of(owner.name), Retry::new(owner.name));
        let mut stand = loop {
            match begin::events(&self.model, &self.log, owner, &self.process).await {
                Ok(checkpoint) => break Stand::at(checkpoint),
                Err(failure) if retry.after(&failure, stop).await => {}
                Err(_) => return End::Stop,
            }
        };
        let mut skips = Skips::default();
        loop {
            report(owner.name, &self.progress, stand.reached.position, feed.head().get());
            let batch = tokio::select! {
                biased;
                () = stop.cancelled() => break self.keep(&mut stand, stop).await.unwrap_or(End::Stop),
                () = stand.is_due() => match self.keep(&mut stand, stop).await {
                    None => continue,
                    Some(end) => break end,
                },
                batch = feed.next(stand.reached.position, EVENTS_MAX) => batch,
            };
            // A batch once read is finished. Stopping between these lines repeats it on restart, which the
            // checkpoint notices.
            match step(&self.model, self.projection, &stand, batch).await {
                Step::Past(reached) => stand.goes_past(reached),
                Step::On(reached) => {
                    retry.passed();
                    stand = Stand::at(reached);
                }
                Step::Fenced => break End::Fenced,
                Step::Again(failure) if retry.after(&*failure, stop).await => {}
                Step::Again(_) | Step::End => break self.keep(&mut stand, stop).await.unwrap_or(End::Stop),
                Step::Stuck(reached, stuck) => {
                    stand.reached = reached;
                    report(owner.name, &self.progress, stand.reached.position, feed.head().get());
                    match self.get_unstuck(&mut stand, stuck, &mut skips, stop).await {
                        Ok(beyond) => stand = Stand::at(beyond),
                        Err(end) => break end,
                    }
                }
            }
        }
    }
}

/// How far a projection has got, and what its store knows of that: events that change none of its rows are not worth a
/// transaction each.
struct Stand {
    reached: Checkpoint,
    /// Where the store's checkpoint is.
    kept: Position,
    /// When the store is to learn of the rest.
    due: Option<Instant>,
}

impl Stand {
    fn at(checkpoint: Checkpoint) -> Self {
        Self { kept: checkpoint.position, reached: checkpoint, due: None }
    }

    fn goes_past(&mut self, reached: Checkpoint) {
        self.reached = reached;
        self.due.get_or_insert_with(|| Instant::now() + KEEP_WITHIN);
    }

    async fn is_due(&self) {
        match self.due {
            Some(due) => tokio::time::sleep_until(due.into()).await,
            None => std::future::pending().await,
        }
    }
}

impl Follower {
    /// Tells the store how far the projection has got, if it does not know. Answers why the turn is over, if it is.
    async fn keep(&self, stand: &mut Stand, stop: &CancellationToken) -> Option<End> {
        let owner = Owner::of(self.projection);
        let mut retry = Retry::new(owner.name);
        while stand.kept != stand.reached.position {
            let to = stand.reached.clone();
            match self.model.commit(Commit { owner, from: stand.kept, to, changes: vec![] }).await {
                Ok(Committed::Yes) => stand.kept = stand.reached.position,
                Ok(Committed::Fenced) => return Some(End::Fenced),
                Err(failure) if retry.after(&failure, stop).await => {}
                // Those events are looked at again.
                Err(_) => return Some(End::Stop),
            }
        }
        stand.due = None;
        None
    }

    /// Gets past an event that cannot be taken, or stays before it until told to stop.
    async fn get_unstuck(
        &self,
        stand: &mut Stand,
        stuck: Stuck,
        skips: &mut Skips,
        stop: &CancellationToken,
    ) -> Result<Checkpoint, End> {
        // Whoever reads why it stopped there finds it there.
        if let Some(end) = self.keep(stand, stop).await {
            return Err(end);
        }
        match stuck {
            Stuck::Poison(why) => self.get_past(&stand.reached, &*why, skips, stop).await,
            Stuck::ForGood(why) => {
                halt(&self.model, Owner::of(self.projection), &self.progress, &*why, stop).await;
                Err(End::Stop)
            }
        }
    }
}

impl Follower {
    /// Stays before an event that cannot be taken until an operator has said to leave it out. When that was said
    /// before, nobody hears of a halt.
    async fn get_past(
        &self,
        at: &Checkpoint,
        why: &(dyn std::error::Error + Send + Sync + 'static),
        skips: &mut Skips,
        stop: &CancellationToken,
    ) -> Result<Checkpoint, End> {
        let owner = Owner::of(self.projection);
        let (mut head, mut retry, mut told) = (self.log.watch_head(), Retry::new(owner.name), false);
        loop {
            head.mark_unchanged();
            match skip::past(&self.model, &self.log, self.projection, at, skips).await {
                Ok(Some(Applied { checkpoint, halt: None })) => return Ok(checkpoint),
                Ok(Some(Applied { checkpoint: _, halt: Some(_) })) => return Err(End::Fenced),
                Ok(None) => retry.passed(),
                Err(failure) if retry.after(&failure, stop).await => continue,
                Err(_) => return Err(End::Stop),
            }
            if !std::mem::replace(&mut told, true)
                && !say_why(&self.model, owner, &self.progress, why, stop).await
            {
                return Err(End::Stop);
            }
            if !moved(&mut head, stop).await {
                return Err(End::Stop);
            }
        }
    }
}

/// Waits until the log has more, and not only for a moment: false when told to stop.
async fn moved(head: &mut watch::Receiver<Position>, stop: &CancellationToken) -> bool {
    let more = async {
        tokio::time::sleep(LOOK_PAUSE).await;
        head.changed().await.is_ok()
    };
    let more = tokio::select! {
        biased;
        () = stop.cancelled() => return false,
        more = more => more,
    };
    if !more {
        // The log has stopped: nothing will be said any more.
        stop.cancelled().await;
    }
    more
}

async fn step(
    model: &ReadModel,
    projection: &dyn Projection,
    Stand { reached, kept, due: _ }: &Stand,
    batch: Result<Batch, LogFailure>,
) -> Step {
    let batch = match batch {
        Ok(batch) => batch,
        Err(LogFailure::Stopped) => return Step::End,
        // An event that cannot be decoded now cannot be decoded in a moment either.
        Err(failure) if matches!(failure, LogFailure::Decode { .. }) => {
            return Step::Stuck(reached.clone(), Stuck::Poison(Box::new(failure)));
        }
        Err(failure) => return Step::Again(Box::new(failure)),
    };
    if let Some(beyond) = runner::past(projection, reached, &batch) {
        return Step::Past(beyond);
    }
    let begun = Instant::now();
    let applied = match runner::apply(model, projection, *kept, reached.clone(), &batch).await {
        Ok(applied) => applied,
        Err(failure) => return Step::Again(Box::new(failure)),
    };
    metrics::histogram!("tollgate_projection_batch_seconds", "name" => projection.name())
        .record(begun.elapsed());
    let Applied { checkpoint, halt } = applied;
    match halt {
        Some(Halt::Fenced { .. }) => Step::Fenced,
        Some(why @ Halt::Poison { .. }) => Step::Stuck(checkpoint, Stuck::Poison(Box::new(why))),
        Some(why @ Halt::Gap { .. }) => Step::Stuck(checkpoint, Stuck::ForGood(Box::new(why))),
        // The feed has promised an event and the log does not have it.
        None if batch.is_empty() => {
            let after = checkpoint.position;
            let gap = Halt::Gap { after, found: after.next() };
            Step::Stuck(checkpoint, Stuck::ForGood(Box::new(gap)))
        }
        None => Step::On(checkpoint),
    }
}
