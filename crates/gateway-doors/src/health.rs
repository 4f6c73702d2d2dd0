//! `/healthz`: whether this door can decide, and on how much of the log.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    door::{Door, Kind},
    refuse::Fault,
};

/// The state of a door.
#[derive(Debug, Serialize)]
struct Health {
    status: Status,
    /// How much of the log decisions rest on.
    position: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    /// Deciding by a configuration that is older than allowed. Still 200: taking every door out of service because
    /// the log is away would stop all traffic, and whether to decide is what `on_stale` says.
    Stale,
    /// The log has not been read to its end once; 503.
    Starting,
}

pub(crate) async fn healthz(State(door): State<Arc<Door>>) -> Response {
    let health: Result<Health, Fault> = door.guarded(Kind::Verify, || {
        let gateway = door.gateway();
        let status = if !gateway.ready() {
            Status::Starting
        } else if gateway.is_stale(door.now()) {
            Status::Stale
        } else {
            Status::Ok
        };
        Ok(Health { status, position: gateway.position().get() })
    });
    match health {
        Ok(health) => {
            let code = match health.status {
                Status::Ok | Status::Stale => StatusCode::OK,
                Status::Starting => StatusCode::SERVICE_UNAVAILABLE,
            };
            (code, Json(health)).into_response()
        }
        Err(fault) => fault.into_response(),
    }
}
