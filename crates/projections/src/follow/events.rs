//! One projection of events behind the log.

use std::{sync::Arc, time::Instant};

use domain::Recorded;
use eventlog::{EventLog, LogFailure};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    begin,
    pace::{EVENTS_MAX, Retry, halt, report},
    turns::{End, Turn},
};
use crate::{
    Projection, ReadModel,
    runner::{self, Applied, Halt},
    store::{Checkpoint, Owner},
    visibility::Progress,
};

/// What became of one batch.
enum Step {
    On(Checkpoint),
    /// A fault that may pass.
    Again(Box<dyn std::error::Error + Send + Sync>),
    /// Someone else moves it.
    Fenced,
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
                Step::Halt(reached, why) => {
                    report(owner.name, &self.progress, reached.position, feed.head().get());
                    halt(&self.model, owner, &self.progress, &*why, stop).await;
                    return End::Stop;
                }
            }
        }
    }
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
            return Step::Halt(checkpoint, Box::new(failure));
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
        Some(why) => Step::Halt(checkpoint, Box::new(why)),
        // The feed has promised an event and the log does not have it.
        None if batch.is_empty() => {
            let after = checkpoint.position;
            Step::Halt(checkpoint, Box::new(Halt::Gap { after, found: after.next() }))
        }
        None => Step::On(checkpoint),
    }
}
