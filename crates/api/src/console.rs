//! The console: static files, which know the public REST API and nothing else.

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, header};
use rust_embed::RustEmbed;

use crate::problem::{Problem, kinds};

#[derive(RustEmbed)]
#[folder = "../../console"]
struct Files;

/// Nothing but its own script, style and images, and calls of the API beside it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) fn router() -> Router {
    Router::new()
        .route("/", get(|| async { file("index.html", "text/html; charset=utf-8") }))
        .route("/console.css", get(|| async { file("console.css", "text/css; charset=utf-8") }))
        .route("/console.svg", get(|| async { file("console.svg", "image/svg+xml") }))
        .route("/console.mjs", get(|| async { file("console.mjs", "text/javascript; charset=utf-8") }))
}

fn file(name: &str, kind: &'static str) -> Response {
    let Some(file) = Files::get(name) else { return Problem::new(kinds::PATH_NOT_FOUND).into_response() };
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        // Asked for again at each visit: a new release is seen at once.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (fields, file.data).into_response()
}
