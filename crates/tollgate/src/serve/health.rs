//! Whether the server is fit to be used, and the numbers that say how it is.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context;
use api::{AccessIndex, PartReadiness, Readiness};
use domain::SharedClock;
use eventlog::{
    EventLog,
    bus::{
        Bus,
        publish::{PublisherState, PublisherStatus},
    },
};
use gateway::Gateway;
use metrics::gauge;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use projections::Visibility;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{checkpoints::SignerStatus, scheduler::SchedulerStatus};

/// Seconds; a decision is far below the first, a write through the whole API among the middle ones.
const BUCKETS: [f64; 14] =
    [0.000_001, 0.000_01, 0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];

const UPKEEP_EVERY: Duration = Duration::from_secs(5);

pub(super) fn install_recorder() -> anyhow::Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
        .context("the histogram has no buckets")?
        .install_recorder()
        .context("cannot collect metrics")
}

/// Folds recorded samples into their histograms until stopped: they would otherwise wait in memory for a scrape that
/// may never come.
pub(super) async fn upkeep(metrics: PrometheusHandle, stop: CancellationToken) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(UPKEEP_EVERY) => metrics.run_upkeep(),
        }
    }
}

/// What `/readyz` and `/metrics` ask.
pub(super) struct Health {
    /// The gateway, where calls are judged.
    pub(super) judges: Option<Arc<Gateway>>,
    pub(super) visibility: Option<Visibility>,
    pub(super) publisher: Option<watch::Receiver<PublisherStatus>>,
    pub(super) signer: Option<watch::Receiver<SignerStatus>>,
    pub(super) scheduler: Option<watch::Receiver<SchedulerStatus>>,
    pub(super) notifier: Option<super::notifier::Watched>,
    /// Who may do what, where the admin API is.
    pub(super) access: Option<Arc<AccessIndex>>,
    pub(super) bus: Option<Bus>,
    pub(super) clock: SharedClock,
    pub(super) log: Option<EventLog>,
    pub(super) metrics: PrometheusHandle,
}

impl Health {
    pub(super) fn readiness(&self) -> Readiness {
        let mut parts = BTreeMap::new();
        if let Some(gateway) = &self.judges {
            parts.insert("gateway".to_owned(), self.of_gateway(gateway));
        }
        for projection in self.visibility.iter().flat_map(Visibility::status) {
            let part = PartReadiness {
                ready: projection.halted.is_none(),
                detail: projection.halted.unwrap_or_else(|| {
                    format!("at {}, {} behind", projection.position, projection.lag_events)
                }),
            };
            parts.insert(format!("projection {}", projection.name), part);
        }
        if let Some(publisher) = &self.publisher {
            parts.insert("publisher".to_owned(), of_publisher(&publisher.borrow()));
        }
        if let Some(signer) = &self.signer {
            parts.insert("checkpoints".to_owned(), signer.borrow().readiness());
        }
        if let Some(notifier) = &self.notifier {
            parts.insert("notifier".to_owned(), notifier.readiness());
        }
        if let Some(scheduler) = &self.scheduler {
            parts.insert("scheduler".to_owned(), scheduler.borrow().readiness());
        }
        if let Some(access) = &self.access {
            let (ready, at) = (access.is_complete(), access.position());
            let detail = if ready { format!("at {at}") } else { format!("at {at}, reading the log") };
            parts.insert("access".to_owned(), PartReadiness { ready, detail });
        }
        if let Some(bus) = &self.bus {
            // Everything goes on without it for a while: whoever cannot says so in its own part.
            let detail = if bus.is_connected() { "connected" } else { "not connected" };
            parts.insert("bus".to_owned(), PartReadiness { ready: true, detail: detail.to_owned() });
        }
        Readiness { ready: parts.values().all(|part| part.ready), parts }
    }

    fn of_gateway(&self, gateway: &Gateway) -> PartReadiness {
        let stale = gateway.is_stale(self.clock.now());
        let of = self.log.as_ref().map(|log| format!(" of {}", log.head())).unwrap_or_default();
        PartReadiness {
            // A stale one that is set to serve does serve: taking it out of service would leave nobody.
            ready: gateway.ready() && (!stale || gateway.serves_stale()),
            detail: format!("at position {}{of}{}", gateway.position(), if stale { ", stale" } else { "" }),
        }
    }

    pub(super) fn metrics(&self) -> String {
        if let Some(log) = &self.log {
            gauge!("tollgate_log_head").set(measure(log.head().get()));
            if let Some(signer) = &self.signer {
                signer.borrow().measure(self.clock.now(), log.head());
            }
        }
        if let Some(gateway) = &self.judges {
            gauge!("tollgate_gateway_position").set(measure(gateway.position().get()));
            let (now, flag) = (self.clock.now(), |on: bool| if on { 1.0 } else { 0.0 });
            gauge!("tollgate_gateway_stale").set(flag(gateway.is_stale(now)));
            if let Some(since) = gateway.since_caught_up(now) {
                gauge!("tollgate_gateway_lag_seconds").set(since.as_secs_f64());
            }
        }
        if let Some(bus) = &self.bus {
            gauge!("tollgate_bus_connected").set(if bus.is_connected() { 1.0 } else { 0.0 });
        }
        for projection in self.visibility.iter().flat_map(Visibility::status) {
            gauge!("tollgate_projection_lag_events", "name" => projection.name)
                .set(measure(projection.lag_events));
            gauge!("tollgate_projection_halted", "name" => projection.name)
                .set(if projection.halted.is_some() { 1.0 } else { 0.0 });
        }
        self.metrics.render()
    }
}

fn of_publisher(status: &PublisherStatus) -> PartReadiness {
    let PublisherStatus { position, lag_events, state } = status;
    let at = format!("at {position}, {lag_events} behind");
    match state {
        PublisherState::Starting => PartReadiness { ready: true, detail: "standing by".to_owned() },
        PublisherState::Publishing => PartReadiness { ready: true, detail: at },
        PublisherState::Held { why } => {
            PartReadiness { ready: true, detail: format!("{at}, held up: {why}") }
        }
        PublisherState::Stopped { why } => PartReadiness { ready: false, detail: why.clone() },
    }
}

/// Prometheus counts in floating point; exact up to 2^53.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a gauge is a float")]
pub(super) fn measure(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests;
