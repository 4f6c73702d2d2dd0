//! What a request sets in motion, over all processes, as one trace for an OpenTelemetry collector. Source: ADR 0020.
//!
//! The crates below write `tracing` spans and know nothing of collectors. Here each becomes a span of the trace that its
//! `correlation.id` stands for, and waits in a bounded queue for the next export. Nobody ever waits for a collector.

mod context;
mod export;
mod fields;
mod layer;

use domain::SharedClock;
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value::Value},
    resource::v1::Resource,
};
use tokio::sync::mpsc;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use crate::settings::{Role, Settings};
pub(crate) use export::Exporter;
use layer::SpanLayer;

/// Spans that wait for their export, some hundred bytes each. What comes on top of these is dropped and counted.
const QUEUE_SPANS_MAX: usize = 8_192;
const SERVICE: &str = "tollgate";

/// The two ends of the queue: what makes spans of this process's work, and what sends them. None without a collector.
pub(crate) fn to_collector<S>(
    settings: &Settings,
    clock: SharedClock,
) -> anyhow::Result<Option<(impl Layer<S> + use<S>, Exporter)>>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let Some(endpoint) = &settings.otlp_endpoint else { return Ok(None) };
    let (queue, waiting) = mpsc::channel(QUEUE_SPANS_MAX);
    let exporter = Exporter::new(endpoint, resource(settings), waiting)?;
    Ok(Some((SpanLayer::new(queue, clock).with_filter(filter_fn(is_ours)), exporter)))
}

/// Our own spans, and our own errors, which mark the span that they happen in. What libraries do is not traced.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with(SERVICE) && (metadata.is_span() || *metadata.level() == Level::ERROR)
}

/// Who speaks. Source: OpenTelemetry's semantic conventions for services.
fn resource(settings: &Settings) -> Resource {
    let roles: Vec<&str> = settings.roles.iter().map(|role| Role::as_str(*role)).collect();
    let attributes = [
        ("service.name", SERVICE.to_owned()),
        ("service.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("service.instance.id", settings.node.clone()),
        ("tollgate.roles", roles.join(",")),
        ("tollgate.environment", settings.environment.to_string()),
    ];
    let attributes = attributes.map(|(key, value)| attribute(key, Value::StringValue(value))).into();
    Resource { attributes, ..Resource::default() }
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}
