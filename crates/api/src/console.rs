//! The console: static files, which know the public REST API and nothing else.

use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::problem::{Problem, kinds};

#[derive(RustEmbed)]
#[folder = "../../console"]
struct Files;

/// Nothing but its own scripts, styles and images, and calls of the API beside it. No text becomes markup or code: there is
/// no Trusted Types policy that could make it one.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'; \
                      frame-ancestors 'none'";

/// What is served, by the end of its name. Anything else in the folder is for whoever works on it.
const KINDS: [(&str, &str); 6] = [
    ("html", "text/html; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("json", "application/json"),
];

/// The page, what it begins with, and its folders. Its places are in the fragment of the address, which no server sees,
/// so any other path is one of the API.
const PATHS: [&str; 9] = [
    "/",
    "/console.css",
    "/console.mjs",
    "/console.svg",
    "/lib/{*file}",
    "/components/{*file}",
    "/pages/{*file}",
    "/styles/{*file}",
    "/vendor/{*file}",
];

pub(crate) fn router() -> Router {
    PATHS.iter().fold(Router::new(), |router, path| router.route(path, get(serve)))
}

async fn serve(request: Request) -> Response {
    let name = match request.uri().path().trim_start_matches('/') {
        "" => "index.html",
        name => name,
    };
    match (Files::get(name), kind(name)) {
        (Some(file), Some(kind)) => answer(file, kind, request.headers()),
        (_, _) => Problem::new(kinds::PATH_NOT_FOUND).into_response(),
    }
}

fn kind(name: &str) -> Option<&'static str> {
    let (_, end) = name.rsplit_once('.')?;
    KINDS.iter().find(|(known, _)| *known == end).map(|(_, kind)| *kind)
}

fn answer(file: EmbeddedFile, kind: &'static str, asked: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", hex::encode(file.metadata.sha256_hash()));
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut fields = HeaderMap::new();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    fields.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // Asked for again at each visit: a new release is seen at once, and what is the same is not sent again.
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        fields.insert(header::ETAG, etag);
    }
    if known {
        return (StatusCode::NOT_MODIFIED, fields).into_response();
    }
    (fields, file.data).into_response()
}
