//! One notifier at a time finds what is to be told; every one of them delivers.

use std::{sync::Arc, time::Duration};

use outbox::Backlog;
use projections::Leadership;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    deliver, digests,
    follow::Follower,
    parts::{Parts, Settings},
    timed::{Watch, gauge_backlog},
};

const NAME: &str = "notifier";

/// How the notifier of this process is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Another finds what is to be told; this one delivers.
    #[default]
    StandingBy,
    Leading,
}

/// A notifier under way.
#[derive(Debug)]
pub struct Notifier {
    parts: Arc<Parts>,
    status: watch::Sender<Status>,
}

impl Notifier {
    /// # Errors
    /// When a lease would end before an attempt does: two would try the same delivery.
    pub fn new(parts: Parts) -> Result<Self, LeaseTooShort> {
        let Settings { lease, attempt_max: attempt, .. } = parts.settings;
        if lease <= attempt.saturating_add(deliver::REPORTED_WITHIN) {
            return Err(LeaseTooShort { lease, attempt });
        }
        Ok(Self { parts: Arc::new(parts), status: watch::Sender::default() })
    }

    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Until it is told to stop; what is under way is finished.
    pub async fn run(self, stop: CancellationToken) {
        let parts = &self.parts;
        let health = Arc::new(deliver::Channels::default());
        tokio::join!(
            self.find(&health, &stop),
            deliver::webhooks(parts, &health, &stop),
            deliver::letters(parts, &health, &stop),
        );
    }

    async fn find(&self, health: &deliver::Channels, stop: &CancellationToken) {
        let mut leadership = self.parts.read.leadership(NAME);
        while leadership.gained(stop).await {
            info!("Leading as the notifier");
            metrics::gauge!("tollgate_notifier_leads").set(1.0);
            self.status.send_replace(Status::Leading);
            let told_to_stop = Box::pin(self.lead(&mut leadership, health, stop)).await;
            // Whoever leads counts what waits; what was counted here is of then.
            gauge_backlog(&Backlog::default());
            metrics::gauge!("tollgate_notifier_leads").set(0.0);
            self.status.send_replace(Status::StandingBy);
            leadership.release().await;
            if told_to_stop {
                return;
            }
            warn!("The notifier's lock is lost; standing by");
        }
    }

    /// Whether it was told to stop; else the turn is lost. Whatever it was at then is told once, whoever goes on.
    async fn lead(
        &self,
        leadership: &mut Leadership,
        health: &deliver::Channels,
        stop: &CancellationToken,
    ) -> bool {
        let work = async {
            tokio::join!(
                Follower::new(&self.parts).run(stop),
                Watch::new(&self.parts, health).run(stop),
                digests::run(&self.parts, stop),
            );
        };
        tokio::select! {
            biased;
            () = work => true,
            () = leadership.lost() => false,
        }
    }
}

/// A delivery that is still under way would be tried by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "deliveries are leased for {lease:?}, which is not longer than an attempt may take: {attempt:?} and five seconds"
)]
pub struct LeaseTooShort {
    pub lease: Duration,
    pub attempt: Duration,
}
