//! One projection of events behind the log.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{Position, Recorded};
use eventlog::{EventLog, LogFailure};
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
    store::{Checkpoint, Owner},
    visibility::Progress,
};

/// A busy log is not searched for an operator's word at each of its events.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// What became of one batch.
enum Step {
    On(Checkpoint),
    /// A fault that may pass.
    Again(Box<dyn std::error::Error + Send + Sync>),
    /// Someone else moves it.
    Fenced,
    /// It got that far, before an event that it cannot take.
    Poison(Checkpoint, Box<dyn std::error::Error + Send + Sync>),
    /// It got that far and goes no further.
    Halt(Checkpoint, Box<dyn std::error::Error + Send + Sync>),
    /// The log has stopped.
    End,
}

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
        let mut checkpoint = loop {
            match begin::events(&self.model, &self.log, owner, &self.process).await {
                Ok(checkpoint) => break checkpoint,
                Err(failure) if retry.after(&failure, stop).await => {}
                Err(_) => return End::Stop,
            }
        };
        let mut skips = Skips::default();
        loop {
            report(owner.name, &self.progress, checkpoint.position, feed.head().get());
            let batch = tokio::select! {
                biased;
                () = stop.cancelled() => return End::Stop,
                batch = feed.next(checkpoint.position, EVENTS_MAX) => batch,
            };
            // A batch once read is finished. Stopping between these lines repeats it on restart, which the
            // checkpoint notices.
            match step(&self.model, self.projection, checkpoint.clone(), batch).await {
                Step::On(reached) => {
                    retry.passed();
                    checkpoint = reached;
                }
                Step::Fenced => return End::Fenced,
                Step::Again(failure) if retry.after(&*failure, stop).await => {}
                Step::Again(_) | Step::End => return End::Stop,
                Step::Poison(reached, why) => {
                    report(owner.name, &self.progress, reached.position, feed.head().get());
                    match self.get_past(&reached, &*why, &mut skips, stop).await {
                        Ok(beyond) => checkpoint = beyond,
                        Err(end) => return end,
                    }
                }
                Step::Halt(reached, why) => {
                    report(owner.name, &self.progress, reached.position, feed.head().get());
                    halt(&self.model, owner, &self.progress, &*why, stop).await;
                    return End::Stop;
                }
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
    checkpoint: Checkpoint,
    batch: Result<Vec<Recorded>, LogFailure>,
) -> Step {
    let batch = match batch {
        Ok(batch) => batch,
        Err(LogFailure::Stopped) => return Step::End,
        // An event that cannot be decoded now cannot be decoded in a moment either.
        Err(failure) if matches!(failure, LogFailure::Decode { .. }) => {
            return Step::Poison(checkpoint, Box::new(failure));
        }
        Err(failure) => return Step::Again(Box::new(failure)),
    };
    let begun = Instant::now();
    let applied = match runner::apply(model, projection, checkpoint, &batch).await {
        Ok(applied) => applied,
        Err(failure) => return Step::Again(Box::new(failure)),
    };
    metrics::histogram!("tollgate_projection_batch_seconds", "name" => projection.name())
        .record(begun.elapsed());
    let Applied { checkpoint, halt } = applied;
    match halt {
        Some(Halt::Fenced { .. }) => Step::Fenced,
        Some(why @ Halt::Poison { .. }) => Step::Poison(checkpoint, Box::new(why)),
        Some(why @ Halt::Gap { .. }) => Step::Halt(checkpoint, Box::new(why)),
        // The feed has promised an event and the log does not have it.
        None if batch.is_empty() => {
            let after = checkpoint.position;
            Step::Halt(checkpoint, Box::new(Halt::Gap { after, found: after.next() }))
        }
        None => Step::On(checkpoint),
    }
}
