//! `POST /v1/verify`: a gateway of any make asks about a call in JSON.
//!
//! A verification is a real call: it consumes what an allowed call consumes. The answer is 200 whatever was decided;
//! a problem means that the question could not be asked.

mod answer;
mod question;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use gateway::path::PATH_BYTES_MAX;
use http::{HeaderMap, header};
use utoipa::OpenApi;

pub use answer::{VerifyAnswer, VerifyLimit};
pub use question::VerifyRequest;

use crate::{
    door::{Door, Kind},
    refuse::{self, Problem, Refused, Rejection},
};

/// 64 KiB.
const BODY_BYTES_MAX: usize = 64 * 1024;
const BODY_TIME_MAX: Duration = Duration::from_secs(10);
/// Method, host, secret and the rest fit beside the longest path, however it is escaped.
const _: () = assert!(PATH_BYTES_MAX * 6 + 4096 < BODY_BYTES_MAX);

/// The operation as a router of its own, for whichever listener is to have it.
pub fn verify_router(door: Arc<Door>) -> Router {
    Router::new().route("/v1/verify", post(verify)).with_state(door)
}

/// The operation's part of the OpenAPI document.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(verify))]
    struct Document;
    Document::openapi()
}

/// Judge one call
///
/// Decides like the gateway itself, for gateways that ask over HTTP. It is a real call: an allowed one takes its cost
/// from every limit that applies. The path is normalised as the recommended Envoy configuration does. Whoever does not
/// hold a live secret is `unauthenticated`, without a hint at what is wrong with it.
#[utoipa::path(
    post,
    path = "/v1/verify",
    operation_id = "verify",
    tag = "gateway",
    request_body = VerifyRequest,
    responses(
        (status = 200, description = "What was decided", body = VerifyAnswer),
        (status = 400, description = "`body_malformed`: not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "`body_too_slow`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`body_too_large`: more than 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "`media_type_unsupported`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`body_invalid`: a field is missing, unknown or out of bounds", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "`internal`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the configuration has not been read yet", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn verify(State(door): State<Arc<Door>>, headers: HeaderMap, body: Body) -> Response {
    match read(&headers, body).await {
        Ok(request) => answer(&door, &request).await,
        Err(refused) => refused.into_response(),
    }
}

async fn answer(door: &Door, request: &VerifyRequest) -> Response {
    let answer = door.answer(Kind::Verify, |turn| {
        let decision = door.judge(Kind::Verify, &request.call(door.environment()), turn)?;
        Ok(VerifyAnswer::from(&decision))
    });
    match answer.await {
        Ok(answer) => ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response(),
        Err(fault) => fault.into_response(),
    }
}

async fn read(headers: &HeaderMap, body: Body) -> Result<VerifyRequest, Refused> {
    if !is_json(headers) {
        return Err(refuse::rejected(Rejection::MediaTypeUnsupported, None, None));
    }
    question::parse(&whole(body).await?).map_err(|refused| *refused)
}

/// `application/json`, whatever its parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = value.and_then(|value| value.split(';').next());
    media_type.is_some_and(|media_type| media_type.trim_ascii().eq_ignore_ascii_case("application/json"))
}

async fn whole(body: Body) -> Result<Bytes, Refused> {
    let read = tokio::time::timeout(BODY_TIME_MAX, axum::body::to_bytes(body, BODY_BYTES_MAX)).await;
    let read = read.map_err(|_| refuse::rejected(Rejection::BodyTooSlow, None, None))?;
    // A body that breaks off has nobody left to answer to, so what is told is of those that are too long.
    read.map_err(|_| refuse::rejected(Rejection::BodyTooLarge, None, None))
}
