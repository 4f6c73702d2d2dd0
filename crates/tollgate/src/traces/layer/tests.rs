//! Where spans come to stand, and what of them is sent.

use tracing::{Level, error, field::Empty, info, info_span, span_enabled, trace_span};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::*;
use crate::{runtime::system_clock, traces::is_ours};

/// What is sent of the work, through a queue of this size.
fn spans_of(work: impl FnOnce(), room: usize) -> Vec<Span> {
    let (queue, mut waiting) = mpsc::channel(room);
    let layer =
        SpanLayer::new(queue, system_clock()).with_filter(tracing_subscriber::filter::filter_fn(is_ours));
    tracing::subscriber::with_default(Registry::default().with(layer), work);
    std::iter::from_fn(|| waiting.try_recv().ok()).collect()
}

fn named<'spans>(spans: &'spans [Span], name: &str) -> &'spans Span {
    spans.iter().find(|span| span.name == name).unwrap()
}

#[test]
fn a_step_within_a_request_is_its_child_and_work_of_another_is_linked() {
    let work = || {
        let request = info_span!("request", correlation.id = "a", http.method = "POST", http.route = "/x");
        let _within = request.enter();
        drop(trace_span!("append", correlation.id = "a"));
        drop(trace_span!("sequence"));
        drop(trace_span!("publish", correlation.id = "b"));
    };
    let spans = spans_of(work, 8);
    let request = named(&spans, "POST /x");
    assert_eq!(request.kind, i32::from(SpanKind::Server));
    for child in [named(&spans, "append"), named(&spans, "sequence")] {
        assert_eq!((&child.trace_id, &child.parent_span_id), (&request.trace_id, &request.span_id));
    }
    let other = named(&spans, "publish");
    assert_eq!(other.trace_id, TraceId::of("b").to_vec());
    assert!(other.parent_span_id.is_empty(), "a parent is within a trace");
    assert_eq!(other.links[0].span_id, request.span_id);
}

#[test]
fn two_processes_put_one_correlation_id_into_one_trace() {
    let here = spans_of(|| drop(trace_span!("append", correlation.id = "req_1")), 1);
    let there = spans_of(|| drop(trace_span!("apply", correlation.id = "req_1")), 1);
    assert_eq!(here[0].trace_id, there[0].trace_id);
    assert_ne!(here[0].span_id, there[0].span_id);
}

#[test]
fn an_error_or_a_status_of_ours_marks_the_span() {
    let work = || {
        trace_span!("quiet").in_scope(|| info!("all is well"));
        trace_span!("loud").in_scope(|| error!("it is not"));
        for status in [404_u16, 503] {
            let span = info_span!("request", http.method = "GET", http.route = status, http.status = Empty);
            span.record("http.status", status);
        }
    };
    let spans = spans_of(work, 8);
    let failed = |name: &str| named(&spans, name).status.is_some();
    let marked = [failed("quiet"), failed("loud"), failed("request")];
    assert_eq!(marked, [false, true, false]);
    assert_eq!(spans.iter().filter(|span| span.status.is_some()).count(), 2);
}

#[test]
fn a_look_that_found_nothing_is_not_sent() {
    let work = || {
        for events in [0_u64, 3] {
            trace_span!("sequence", batch.events = Empty).record("batch.events", events);
        }
    };
    assert_eq!(spans_of(work, 8).len(), 1);
}

#[test]
fn a_full_queue_drops_and_does_not_wait() {
    let work = || (0..100).for_each(|_| drop(trace_span!("append")));
    assert_eq!(spans_of(work, 3).len(), 3);
}

#[test]
fn what_libraries_do_is_not_traced() {
    let work = || drop(info_span!(target: "hyper", "connection"));
    assert!(spans_of(work, 8).is_empty());
}

#[test]
fn without_a_collector_no_span_is_made() {
    let none: Option<SpanLayer> = None;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::sink)
        .with_filter(tracing_subscriber::EnvFilter::new("info"));
    tracing::subscriber::with_default(Registry::default().with(none).with(lines), || {
        assert!(!span_enabled!(Level::TRACE));
        assert!(trace_span!("append").is_disabled());
    });
}
