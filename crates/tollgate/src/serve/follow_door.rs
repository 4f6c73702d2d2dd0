//! What gateways without a database are handed: a snapshot to begin with, and events that the bus no longer has.

use std::{fmt::Write as _, sync::Arc};

use api::{Api, protect};
use axum::{
    Router,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use domain::{Position, access::Permission};
use eventlog::{EventLog, bus::envelope};
use gateway::Gateway;
use serde::Deserialize;
use tokio::task::spawn_blocking;
use tracing::error;

const EVENTS_MAX: usize = 10_000;

#[derive(Clone)]
struct Door {
    gateway: Arc<Gateway>,
    log: EventLog,
}

/// For holders of `gateway.follow`.
pub(super) fn router(gateway: Arc<Gateway>, log: EventLog, api: Arc<Api>) -> Router {
    let router = Router::new()
        .route("/v1/gateway/snapshot", get(snapshot))
        .route("/v1/gateway/events", get(events))
        .with_state(Door { gateway, log });
    protect(router, api, Permission::GatewayFollow)
}

async fn snapshot(State(door): State<Door>) -> Response {
    match spawn_blocking(move || door.gateway.snapshot()).await {
        Ok(Some(snapshot)) => {
            let headers =
                [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, "no-store")];
            (headers, snapshot.as_bytes().to_vec()).into_response()
        }
        // It has not read the whole log itself yet.
        Ok(None) => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")]).into_response(),
        Err(failure) => failed(&failure),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    after: u64,
    limit: usize,
}

/// Envelopes as they are on the bus, one a line; at most 10,000.
async fn events(State(door): State<Door>, Query(Asked { after, limit }): Query<Asked>) -> Response {
    let stored = match door.log.read_stored(Position::new(after), limit.min(EVENTS_MAX)).await {
        Ok(stored) => stored,
        Err(failure) => return failed(&failure),
    };
    let mut lines = String::new();
    for event in &stored {
        match envelope::encode(event) {
            Ok(envelope) => drop(writeln!(lines, "{}", String::from_utf8_lossy(&envelope.body))),
            Err(failure) => return failed(&failure),
        }
    }
    let headers = [(header::CONTENT_TYPE, "application/x-ndjson"), (header::CACHE_CONTROL, "no-store")];
    (headers, lines).into_response()
}

fn failed(failure: &(dyn std::error::Error + 'static)) -> Response {
    error!(error = failure, "Cannot hand a gateway what it follows");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
