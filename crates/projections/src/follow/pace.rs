//! What followers have in common: how much at once, how soon again, and what they tell the metrics.

use std::time::Duration;

use domain::Position;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::{
    ProjectionStatus, ReadModel,
    store::Owner,
    visibility::{Progress, status},
};

/// Bounds how long a batch holds the writer from the others.
pub(super) const EVENTS_MAX: usize = 1_000;
pub(super) const BATCHES_MAX: usize = 200;
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A fault that may pass: told once, tried again at growing distance.
#[derive(Debug)]
pub(super) struct Retry {
    name: &'static str,
    pause: Option<Duration>,
}

impl Retry {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, pause: None }
    }

    /// Waits before the next try; false when told to stop.
    pub(super) async fn after(
        &mut self,
        failure: &(dyn std::error::Error + Send + Sync + 'static),
        stop: &CancellationToken,
    ) -> bool {
        let pause = self.pause.map_or(PAUSE_MIN, |pause| (pause * 2).min(PAUSE_MAX));
        if self.pause.replace(pause).is_none() {
            let name = self.name;
            warn!(
                projection.name = name,
                error = failure,
                "The projection `{name}` is held up and tries again"
            );
        }
        metrics::counter!("tollgate_projection_retries_total", "name" => self.name).increment(1);
        tokio::select! {
            biased;
            () = stop.cancelled() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }

    pub(super) fn passed(&mut self) {
        self.pause = None;
    }
}

/// Tells those who wait and those who watch how far a projection has got that this process moves.
pub(super) fn report(name: &'static str, progress: &watch::Sender<Progress>, position: Position, head: u64) {
    progress.send_modify(|progress| {
        // It goes on, so whatever halted it has passed.
        (progress.position, progress.halted) = (position, None);
        (progress.active, progress.looked_up) = (true, false);
    });
    gauges(name, &progress.borrow(), head);
}

/// What the metrics say of a projection, moved here or elsewhere.
pub(crate) fn gauges(name: &'static str, progress: &Progress, head: u64) {
    let ProjectionStatus { position, lag_events, lag_seconds, active, halted, .. } =
        status(name, progress, head);
    let flag = |on: bool| if on { 1.0 } else { 0.0 };
    metrics::gauge!("tollgate_projection_position", "name" => name).set(float(position.get()));
    metrics::gauge!("tollgate_projection_lag_events", "name" => name).set(float(lag_events));
    metrics::gauge!("tollgate_projection_lag_seconds", "name" => name).set(float(lag_seconds));
    metrics::gauge!("tollgate_projection_active", "name" => name).set(flag(active));
    metrics::gauge!("tollgate_projection_halted", "name" => name).set(flag(halted.is_some()));
}

/// The projection goes no further, and nothing but another program or another log can help it: says so and waits
/// until told to stop. Another process would meet the same: the lock is kept.
pub(super) async fn halt(
    model: &ReadModel,
    owner: Owner,
    progress: &watch::Sender<Progress>,
    why: &(dyn std::error::Error + Send + Sync + 'static),
    stop: &CancellationToken,
) {
    if say_why(model, owner, progress, why, stop).await {
        stop.cancelled().await;
    }
}

/// Says why the projection goes no further: here and, for the other processes, beside its checkpoint. False when
/// told to stop.
pub(super) async fn say_why(
    model: &ReadModel,
    owner: Owner,
    progress: &watch::Sender<Progress>,
    why: &(dyn std::error::Error + Send + Sync + 'static),
    stop: &CancellationToken,
) -> bool {
    let name = owner.name;
    error!(projection.name = name, error = why, "The projection `{name}` has stopped");
    metrics::gauge!("tollgate_projection_halted", "name" => name).set(1.0);
    let (why, position) = (said(why), progress.borrow().position);
    progress.send_modify(|progress| progress.halted = Some(why.clone()));
    let mut retry = Retry::new(name);
    while let Err(failure) = model.halt(owner, position, &why).await {
        if !retry.after(&failure, stop).await {
            return false;
        }
    }
    true
}

/// A failure with its causes, in one line.
pub(crate) fn said(failure: &dyn std::error::Error) -> String {
    let mut text = failure.to_string();
    let mut source = failure.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Exact up to 2^53.
fn float(number: u64) -> f64 {
    let high = u32::try_from(number >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(number & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}
