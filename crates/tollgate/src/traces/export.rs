//! Sends finished spans to the collector: OTLP over HTTP, some at a time.

use std::time::Duration;

use anyhow::{Context, ensure};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use prost::Message;
use reqwest::{Client, header};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::layer::count_dropped;

/// Where a collector takes traces, under its endpoint. Source: OTLP 1.0, "OTLP/HTTP Request".
const PATH: &str = "/v1/traces";
const CONTENT_TYPE: &str = "application/x-protobuf";
/// The most that is sent at once, and the longest that a span waits for others.
const BATCH_SPANS_MAX: usize = 512;
const BATCH_WAITS_AT_MOST: Duration = Duration::from_secs(1);
/// A collector that hangs costs the spans that come meanwhile, and no more.
const ANSWER_AT_MOST: Duration = Duration::from_secs(5);
/// What a stop spends on the last spans.
const LAST_AT_MOST: Duration = Duration::from_secs(2);

/// The sending end of the queue. What cannot be sent is dropped, counted, and told once until it can.
pub(crate) struct Exporter {
    client: Client,
    url: String,
    resource: Resource,
    waiting: mpsc::Receiver<Span>,
    failing: bool,
}

impl Exporter {
    pub(super) fn new(
        endpoint: &str,
        resource: Resource,
        waiting: mpsc::Receiver<Span>,
    ) -> anyhow::Result<Self> {
        let client = Client::builder().timeout(ANSWER_AT_MOST).build().context("cannot speak HTTP")?;
        let endpoint = endpoint.trim_end_matches('/');
        let url = format!("{}{PATH}", endpoint.strip_suffix(PATH).unwrap_or(endpoint));
        Ok(Self { client, url, resource, waiting, failing: false })
    }

    /// Sends until stopped, then what is left if that goes quickly.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            let mut batch = Vec::with_capacity(BATCH_SPANS_MAX);
            let stopped = tokio::select! {
                biased;
                () = stop.cancelled() => true,
                () = gather(&mut self.waiting, &mut batch) => false,
            };
            if stopped {
                return self.finish(batch).await;
            }
            self.send(batch).await;
        }
    }

    async fn finish(mut self, mut batch: Vec<Span>) {
        let last = async {
            self.waiting.close();
            loop {
                let room = BATCH_SPANS_MAX.saturating_sub(batch.len());
                if self.waiting.recv_many(&mut batch, room).await == 0 && batch.is_empty() {
                    return;
                }
                self.send(std::mem::take(&mut batch)).await;
            }
        };
        // Who is in a hurry to stop does not wait for a collector.
        drop(timeout(LAST_AT_MOST, last).await);
    }

    async fn send(&mut self, batch: Vec<Span>) {
        let spans = batch.len();
        let sent = self.try_send(batch).await;
        count_dropped(*sent.as_ref().unwrap_or(&spans));
        match sent {
            Ok(_) if std::mem::take(&mut self.failing) => info!("The trace collector takes traces again"),
            Ok(_) => {}
            Err(failure) if !std::mem::replace(&mut self.failing, true) => {
                warn!("Traces are dropped, for the collector does not take them: {failure:#}");
            }
            Err(_told) => {}
        }
    }

    /// How many of them the collector did not want.
    async fn try_send(&self, spans: Vec<Span>) -> anyhow::Result<usize> {
        let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
        let resource = Some(self.resource.clone());
        let resource_spans = vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }];
        let body = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        let request = self.client.post(&self.url).header(header::CONTENT_TYPE, CONTENT_TYPE).body(body);
        let answer = request.send().await.context("sending traces")?;
        ensure!(answer.status().is_success(), "it answered {}", answer.status());
        // Some collectors answer with nothing, or in JSON; only what says so is a refusal.
        let answer = answer.bytes().await.context("reading the collector's answer")?;
        let partial = ExportTraceServiceResponse::decode(answer).ok().and_then(|said| said.partial_success);
        Ok(partial.and_then(|partial| usize::try_from(partial.rejected_spans).ok()).unwrap_or_default())
    }
}

/// Waits for a span, and then a little for more.
async fn gather(waiting: &mut mpsc::Receiver<Span>, batch: &mut Vec<Span>) {
    if waiting.recv_many(batch, BATCH_SPANS_MAX).await == 0 {
        // Nobody makes spans any more.
        return std::future::pending().await;
    }
    let until = Instant::now() + BATCH_WAITS_AT_MOST;
    while let Some(room) = BATCH_SPANS_MAX.checked_sub(batch.len()).filter(|room| *room > 0) {
        tokio::select! {
            more = waiting.recv_many(batch, room) => if more == 0 { return },
            () = sleep_until(until) => return,
        }
    }
}
