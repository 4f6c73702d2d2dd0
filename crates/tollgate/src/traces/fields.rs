//! What a span says of itself, as a collector wants it.

use std::fmt;

use opentelemetry_proto::tonic::{
    common::v1::{KeyValue, any_value::Value},
    trace::v1::span::SpanKind,
};
use tracing::field::{Field, Visit};

use super::{
    attribute,
    context::{Origin, TraceId},
};

/// Longer values are cut: some are the caller's.
const VALUE_CHARS_MAX: usize = 256;
/// From this status on an answer is a failure of ours.
const FAILED_FROM: i64 = 500;

/// Fields as they are recorded. Two are not only attributes: they say where the span belongs.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) attributes: Vec<KeyValue>,
    /// The trace that `correlation.id` stands for.
    pub(super) trace: Option<TraceId>,
    /// The caller's span, from `trace.parent`.
    pub(super) caller: Option<Origin>,
    pub(super) failed: bool,
    /// There turned out to be nothing to do, which is not worth telling.
    pub(super) idle: bool,
}

impl Fields {
    fn text(&mut self, field: &Field, text: &str) {
        match field.name() {
            "trace.parent" => self.caller = Origin::of(text),
            "correlation.id" => {
                self.trace = Some(TraceId::of(text));
                self.keep(field, Value::StringValue(text.to_owned()));
            }
            _ => self.keep(field, Value::StringValue(text.chars().take(VALUE_CHARS_MAX).collect())),
        }
    }

    fn number(&mut self, field: &Field, number: i64) {
        self.idle |= field.name() == "batch.events" && number == 0;
        self.failed |= field.name() == "http.status" && number >= FAILED_FROM;
        self.keep(field, Value::IntValue(number));
    }

    fn keep(&mut self, field: &Field, value: Value) {
        self.attributes.push(attribute(conventional(field.name()), value));
    }

    /// What the span is called: two requests on one route are alike, two projections are not.
    pub(super) fn title(&self, name: &str) -> String {
        match (self.read("http.request.method"), self.read("http.route"), self.read("projection.name")) {
            (Some(method), Some(route), _) => format!("{method} {route}"),
            (_, _, Some(projection)) => format!("{name} {projection}"),
            _ => name.to_owned(),
        }
    }

    /// Who waits for whom: a request is served; what is published is taken by those who project and apply.
    pub(super) fn kind(&self, name: &str) -> SpanKind {
        match name {
            "request" => SpanKind::Server,
            "publish" => SpanKind::Producer,
            "project" | "apply" | "notify" => SpanKind::Consumer,
            _ => SpanKind::Internal,
        }
    }

    fn read(&self, key: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|attribute| attribute.key == key)?;
        match found.value.as_ref()?.value.as_ref()? {
            Value::StringValue(text) => Some(text),
            _ => None,
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, i64::try_from(value).unwrap_or(i64::MAX));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.keep(field, Value::BoolValue(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.keep(field, Value::DoubleValue(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, &format!("{value:?}"));
    }
}

/// Our names where OpenTelemetry has another. Source: its semantic conventions for HTTP, stable since 1.23.
fn conventional(name: &str) -> &str {
    match name {
        "http.method" => "http.request.method",
        "http.status" => "http.response.status_code",
        ours => ours,
    }
}
