//! An OpenTelemetry collector that remembers what it was sent: OTLP over HTTP, in protobuf.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{ResourceSpans, Span},
};
use prost::Message as _;
use test_servers::Port;
use tokio::task::JoinHandle;

/// A span as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    /// In hexadecimal digits, as are the others.
    pub trace: String,
    pub span: String,
    /// Empty for the first of its process.
    pub parent: String,
    /// `trace` of each link.
    pub links: Vec<String>,
    pub name: String,
    /// `service.name` and `service.instance.id`.
    pub process: (String, String),
    pub took_nanos: u64,
    /// Whatever is a number is written as text.
    pub attributes: Vec<(String, String)>,
}

impl Collected {
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

type Seen = Arc<Mutex<(usize, Vec<Collected>)>>;

/// A server in the test's own process.
#[derive(Debug)]
pub struct Collector {
    port: Port,
    seen: Seen,
    server: JoinHandle<std::io::Result<()>>,
}

impl Collector {
    /// # Errors
    /// When there is no port for it.
    pub async fn start() -> Result<Self> {
        let mut port = Port::reserve()?;
        let listener = port.take_listener()?;
        listener.set_nonblocking(true).context("making the collector's listener asynchronous")?;
        let listener = tokio::net::TcpListener::from_std(listener).context("the collector's listener")?;
        let seen = Seen::default();
        let app = axum::Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&seen));
        let serve = async move { axum::serve(listener, app).await };
        #[expect(clippy::disallowed_methods, reason = "this handle owns the task and ends it when dropped")]
        let server = tokio::spawn(serve);
        Ok(Self { port, seen, server })
    }

    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.port.address())
    }

    /// What has arrived until now.
    #[must_use]
    pub fn spans(&self) -> Vec<Collected> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// How often anything was sent.
    #[must_use]
    pub fn exports(&self) -> usize {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(State(seen): State<Seen>, body: Bytes) -> StatusCode {
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.0 += 1;
    match ExportTraceServiceRequest::decode(body) {
        Ok(export) => {
            seen.1.extend(export.resource_spans.iter().flat_map(collected));
            StatusCode::OK
        }
        Err(_rubbish) => StatusCode::BAD_REQUEST,
    }
}

fn collected(of: &ResourceSpans) -> Vec<Collected> {
    let resource = of.resource.clone().unwrap_or_default();
    let said = |name: &str| {
        let found = resource.attributes.iter().find(|attribute| attribute.key == name);
        found.map(text).unwrap_or_default()
    };
    let process = (said("service.name"), said("service.instance.id"));
    let spans = of.scope_spans.iter().flat_map(|scope| &scope.spans);
    spans.map(|span| one(span, process.clone())).collect()
}

fn one(span: &Span, process: (String, String)) -> Collected {
    Collected {
        trace: hex(&span.trace_id),
        span: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        links: span.links.iter().map(|link| hex(&link.trace_id)).collect(),
        name: span.name.clone(),
        process,
        took_nanos: span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano),
        attributes: span
            .attributes
            .iter()
            .map(|attribute| (attribute.key.clone(), text(attribute)))
            .collect(),
    }
}

fn text(attribute: &KeyValue) -> String {
    match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
