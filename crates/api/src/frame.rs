//! What surrounds every request: its identifiers, its trace and measures, the fields of every answer, and the
//! answers to requests that reach no handler.

use std::{any::Any, time::Instant};

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, Method, header};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use crate::{
    circumstances::{Circumstances, REQUEST_ID},
    guard::Door,
    problem::{Problem, kinds},
};

/// No body is larger.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Said of every answer that does not say otherwise: nothing here is kept, framed, guessed at or run.
const ALWAYS: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Puts the frame around these routes.
pub(crate) fn framed(router: Router, door: &Door) -> Router {
    router
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(door.clone(), frame))
}

pub(crate) async fn path_not_found() -> Problem {
    Problem::new(kinds::PATH_NOT_FOUND)
}

pub(crate) async fn method_not_allowed() -> Problem {
    Problem::new(kinds::METHOD_NOT_ALLOWED)
}

/// The message of a panic may hold anything; it is not even logged. The panic hook has written where it was.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("A request was given up after a panic");
    Problem::new(kinds::INTERNAL).into_response()
}

async fn frame(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let circumstances = Circumstances::of(&request, door.random(), door.now(), &door.api().proxies);
    request.extensions_mut().insert(circumstances.clone());
    let path = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!(
        "request",
        request.id = circumstances.request_id,
        correlation.id = circumstances.correlation_id,
        trace.parent = circumstances.traceparent,
        http.method = %method,
        http.route = path,
        http.status = tracing::field::Empty,
    );
    let mut response = next.run(request).instrument(span.clone()).await;
    finish(&mut response, &circumstances.request_id);
    let (status, took) = (response.status().as_u16(), began.elapsed());
    span.in_scope(|| {
        tracing::info!(
            http.status = status,
            duration_ms = took.as_secs_f64() * 1_000.0,
            "Answered {method} {path} with {status}"
        );
    });
    span.record("http.status", status);
    let labels = [("method", known(&method).to_owned()), ("route", path), ("status", status.to_string())];
    metrics::counter!("tollgate_api_requests_total", &labels).increment(1);
    metrics::histogram!("tollgate_api_request_seconds", &labels).record(took.as_secs_f64());
    response
}

/// A method for the measures: anyone can make one up, and each would be a series of its own.
fn known(method: &Method) -> &str {
    let all = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PATCH,
        Method::DELETE,
        Method::PUT,
        Method::OPTIONS,
    ];
    if all.contains(method) { method.as_str() } else { "other" }
}

/// Renders a problem, and says what is said of every answer.
fn finish(response: &mut Response, request_id: &str) {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let rendered = problem.render(request_id);
        let allow = response.headers_mut().remove(header::ALLOW);
        *response = rendered;
        response.headers_mut().extend(allow.map(|allow| (header::ALLOW, allow)));
    }
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
}
