//! Makes spans for a collector of the spans that the program writes.

use domain::SharedClock;
use metrics::counter;
use opentelemetry_proto::tonic::trace::v1::{Span, Status, span::Link, status::StatusCode};
use tokio::sync::mpsc;
use tracing::{
    Event, Level, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

use super::{
    context::{Origin, SpanId, TraceId},
    fields::Fields,
};

/// Spans that no collector has got: the queue was full, or the collector was away or would not take them.
pub(super) fn count_dropped(spans: usize) {
    counter!("tollgate_traces_dropped_total").increment(u64::try_from(spans).unwrap_or(u64::MAX));
}

/// Puts a finished span into the queue; drops it when that is full.
pub(super) struct SpanLayer {
    queue: mpsc::Sender<Span>,
    clock: SharedClock,
}

/// A span under way, kept beside the program's own.
struct Recording {
    at: Origin,
    span: Span,
}

impl SpanLayer {
    pub(super) fn new(queue: mpsc::Sender<Span>, clock: SharedClock) -> Self {
        Self { queue, clock }
    }

    fn now_nanos(&self) -> u64 {
        u64::try_from(self.clock.now().as_nanosecond()).unwrap_or_default()
    }

    fn begin(&self, name: &str, fields: Fields, around: Option<Origin>) -> Recording {
        let place = Place::of(&fields, around);
        let at = Origin { trace: place.trace, span: SpanId::random() };
        let span = Span {
            trace_id: at.trace.to_vec(),
            span_id: at.span.to_vec(),
            parent_span_id: place.parent.map(SpanId::to_vec).unwrap_or_default(),
            name: fields.title(name),
            kind: fields.kind(name).into(),
            start_time_unix_nano: self.now_nanos(),
            attributes: fields.attributes,
            links: place.link.map(link).into_iter().collect(),
            ..Span::default()
        };
        Recording { at, span }
    }
}

/// Where a new span belongs.
struct Place {
    trace: TraceId,
    parent: Option<SpanId>,
    /// Another trace that it has to do with.
    link: Option<Origin>,
}

impl Place {
    /// In the trace of its correlation id; without one in that of the span around it; or in one of its own. A parent is
    /// a parent within a trace: the caller's span, or the one around, in another trace is linked to.
    fn of(fields: &Fields, around: Option<Origin>) -> Self {
        let from = around.or(fields.caller);
        let Some(trace) = fields.trace.or(from.map(|from| from.trace)) else {
            return Self { trace: TraceId::random(), parent: None, link: None };
        };
        match from {
            Some(from) if from.trace == trace => Self { trace, parent: Some(from.span), link: None },
            other => Self { trace, parent: None, link: other },
        }
    }
}

fn link(to: Origin) -> Link {
    Link { trace_id: to.trace.to_vec(), span_id: to.span.to_vec(), ..Link::default() }
}

fn failed() -> Option<Status> {
    Some(Status { code: StatusCode::Error.into(), ..Status::default() })
}

fn place_of<'span, S: LookupSpan<'span>>(span: &SpanRef<'span, S>) -> Option<Origin> {
    span.extensions().get::<Recording>().map(|recording| recording.at)
}

impl<S> Layer<S> for SpanLayer
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let around = span.parent().and_then(|parent| place_of(&parent));
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let recording = self.begin(span.name(), fields, around);
        span.extensions_mut().insert(recording);
    }

    /// What is known later becomes an attribute; where the span belongs is settled by then.
    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        values.record(&mut fields);
        if fields.idle {
            span.extensions_mut().remove::<Recording>();
            return;
        }
        if let Some(Recording { span, .. }) = span.extensions_mut().get_mut() {
            span.attributes.append(&mut fields.attributes);
            span.status = if fields.failed { failed() } else { span.status.take() };
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if *event.metadata().level() != Level::ERROR {
            return;
        }
        let Some(span) = context.event_span(event) else { return };
        if let Some(Recording { span, .. }) = span.extensions_mut().get_mut() {
            span.status = failed();
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(Recording { mut span, .. }) = span.extensions_mut().remove() else { return };
        span.end_time_unix_nano = self.now_nanos();
        if self.queue.try_send(span).is_err() {
            count_dropped(1);
        }
    }
}

#[cfg(test)]
mod tests;
