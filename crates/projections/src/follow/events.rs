//! One projection of events behind the log.

use std::time::Instant;

use eventlog::{EventLog, LogFailure};
use tokio_util::sync::CancellationToken;

use super::{
    Follower,
    pace::{EVENTS_MAX, Retry, halt, report},
};
use crate::{
    ReadModel,
    runner::{self, Halt},
};

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
            let batch = match batch {
                Ok(batch) => batch,
                Err(LogFailure::Stopped) => return,
                // An event that cannot be decoded today cannot be decoded in a moment either.
                Err(failure) if matches!(failure, LogFailure::Decode { .. }) => {
                    return halt(name, &progress, &failure);
                }
                Err(failure) if retry.after(&failure, &stop).await => continue,
                Err(_) => return,
            };
            // A batch once read is finished. Stopping between these lines would repeat it on restart, which
            // the checkpoint notices.
            if batch.is_empty() {
                let found = feed.head();
                return halt(name, &progress, &Halt::Gap { after: checkpoint.position, found });
            }
            let begun = Instant::now();
            match runner::apply(&model, projection, checkpoint.clone(), &batch).await {
                Ok(applied) => {
                    retry.passed();
                    checkpoint = applied.checkpoint;
                    metrics::histogram!("tollgate_projection_batch_seconds", "name" => name)
                        .record(begun.elapsed());
                    if let Some(why) = applied.halt {
                        report(name, &progress, checkpoint.position, feed.head().get());
                        return halt(name, &progress, &why);
                    }
                }
                Err(failure) if retry.after(&failure, &stop).await => {}
                Err(_) => return,
            }
        }
    }
}
