//! Whether the server is fit to be used, and the numbers that say how it is.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context;
use api::{PartReadiness, Readiness};
use domain::SharedClock;
use eventlog::EventLog;
use gateway::Gateway;
use metrics::gauge;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use projections::Visibility;
use tokio_util::sync::CancellationToken;

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
    pub(super) gateway: Arc<Gateway>,
    pub(super) visibility: Visibility,
    pub(super) clock: SharedClock,
    pub(super) log: EventLog,
    pub(super) metrics: PrometheusHandle,
}

impl Health {
    pub(super) fn readiness(&self) -> Readiness {
        let stale = self.gateway.is_stale(self.clock.now());
        let gateway = PartReadiness {
            ready: self.gateway.ready() && !stale,
            detail: format!(
                "at position {} of {}{}",
                self.gateway.position(),
                self.log.head(),
                if stale { ", stale" } else { "" }
            ),
        };
        let mut parts: BTreeMap<String, PartReadiness> = [("gateway".to_owned(), gateway)].into();
        for projection in self.visibility.status() {
            let part = PartReadiness {
                ready: projection.halted.is_none(),
                detail: projection.halted.unwrap_or_else(|| {
                    format!("at {}, {} behind", projection.position, projection.lag_events)
                }),
            };
            parts.insert(format!("projection {}", projection.name), part);
        }
        Readiness { ready: parts.values().all(|part| part.ready), parts }
    }

    pub(super) fn metrics(&self) -> String {
        gauge!("tollgate_log_head").set(measure(self.log.head().get()));
        gauge!("tollgate_gateway_position").set(measure(self.gateway.position().get()));
        gauge!("tollgate_gateway_stale").set(if self.gateway.is_stale(self.clock.now()) { 1.0 } else { 0.0 });
        for projection in self.visibility.status() {
            gauge!("tollgate_projection_lag_events", "name" => projection.name)
                .set(measure(projection.lag_events));
            gauge!("tollgate_projection_halted", "name" => projection.name)
                .set(if projection.halted.is_some() { 1.0 } else { 0.0 });
        }
        self.metrics.render()
    }
}

/// Prometheus counts in floating point; exact up to 2^53.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a gauge is a float")]
fn measure(number: u64) -> f64 {
    number as f64
}
