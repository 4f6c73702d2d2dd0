//! `/v1/session`: signing in, being signed in, signing out.

mod end;
mod finish;
mod get;
mod start;
pub(crate) mod view;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(start::start))
        .routes(routes!(finish::finish))
        .routes(routes!(get::get, end::end))
}

/// Sends a browser on, with what it is to keep. By GET, whatever it came with.
fn sent_on(location: &str, cookies: impl IntoIterator<Item = Option<HeaderValue>>) -> Response {
    let mut headers = HeaderMap::new();
    if let Ok(location) = HeaderValue::from_str(location) {
        headers.insert(header::LOCATION, location);
    }
    for cookie in cookies.into_iter().flatten() {
        headers.append(header::SET_COOKIE, cookie);
    }
    (StatusCode::SEE_OTHER, headers).into_response()
}
