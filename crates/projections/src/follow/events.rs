//! One projection of events behind the log.

use std::time::Instant;

use domain::Recorded;
use eventlog::{EventLog, LogFailure};
use tokio_util::sync::CancellationToken;

use super::{
    Follower,
    pace::{EVENTS_MAX, Retry, halt, report},
};
use crate::{
    Projection, ReadModel,
    runner::{self, Applied, Halt},
    store::Checkpoint,
};

/// What became of one batch.
enum Step {
    On(Checkpoint),
    /// A fault that may pass.
    Again(Box<dyn std::error::Error + Send + Sync>),
    /// It got that far and goes no further.
    Halt(Checkpoint, Box<dyn std::error::Error + Send + Sync>),
    /// The log has stopped.
    End,
}

impl Follower {
    pub(super) async fn follow(self, model: ReadModel, log: EventLog, stop: CancellationToken) {
        let Self { projection, mut checkpoint, progress } = self;
        let name = projection.name();
        let (mut feed, mut retry) = (log.feed(), Retry::new(name));
        metrics::gauge!("tollgate_projection_halted", "name" => name).set(0.0);
        loop {
            report(name, &progress, checkpoint.position, feed.head().get());
            let batch = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                batch = feed.next(checkpoint.position, EVENTS_MAX) => batch,
            };
            // A batch once read is finished. Stopping between these lines repeats it on restart, which the
            // checkpoint notices.
            match step(&model, projection, checkpoint.clone(), batch).await {
                Step::On(reached) => {
                    retry.passed();
                    checkpoint = reached;
                }
                Step::Again(failure) if retry.after(&*failure, &stop).await => {}
                Step::Again(_) | Step::End => return,
                Step::Halt(reached, why) => {
                    report(name, &progress, reached.position, feed.head().get());
                    return halt(name, &progress, &*why);
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
        Some(why) => Step::Halt(checkpoint, Box::new(why)),
        // The feed has promised an event and the log does not have it.
        None if batch.is_empty() => {
            let after = checkpoint.position;
            Step::Halt(checkpoint, Box::new(Halt::Gap { after, found: after.next() }))
        }
        None => Step::On(checkpoint),
    }
}
