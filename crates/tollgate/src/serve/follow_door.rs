//! What gateways without a database are handed: a snapshot to begin with, and events, those that the bus no longer has or,
//! where they have no bus, all of them as they come. Such gateways hand over here what they count.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use api::{Api, GatewayNodes, Heard, protect};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domain::{Environment, Position, SharedClock, access::Permission, usage::UsageBatch};
use eventlog::{
    EventLog, LogFailure,
    bus::{UsagePublisher, envelope},
    usage::UsageLog,
};
use gateway::Gateway;
use gateway_node::is_too_large;
use serde::Deserialize;
use tokio::task::spawn_blocking;
use tracing::error;

const EVENTS_MAX: usize = 10_000;
/// A question that waits for news is answered after so long without any.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// A batch of 5,000 facts with their decisions is two megabytes.
const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Of a node and of a run, as the settings of a gateway bound them.
const NAME_BYTES_MAX: usize = 64;
/// Says where the log ends, beside the events.
const HEAD: &str = "tollgate-head";

/// Who takes usage batches from gateways that have no bus.
#[derive(Clone)]
pub(super) enum UsageTaker {
    File(UsageLog),
    Bus(UsagePublisher),
    /// Neither a bus nor a gateway in this process.
    Nobody,
}

/// What gateways are handed, and who hears what they say by asking.
#[derive(Clone)]
pub(super) struct FollowDoor {
    pub(super) gateway: Arc<Gateway>,
    pub(super) log: EventLog,
    pub(super) usage: UsageTaker,
    pub(super) nodes: GatewayNodes,
    pub(super) clock: SharedClock,
}

/// For holders of `gateway.follow`.
pub(super) fn router(door: FollowDoor, api: Arc<Api>) -> Router {
    let router = Router::new()
        .route("/v1/gateway/snapshot", get(snapshot))
        .route("/v1/gateway/events", get(events))
        .route("/v1/gateway/usage", post(usage).layer(DefaultBodyLimit::max(BATCH_BYTES_MAX)))
        .with_state(door);
    protect(router, api, Permission::GatewayFollow)
}

async fn snapshot(State(door): State<FollowDoor>) -> Response {
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
    /// How long to wait for news when there is none.
    #[serde(default)]
    wait_ms: u64,
    /// Who asks, if it judges calls: what it has asked for before is in force there.
    environment: Option<Environment>,
    node: Option<String>,
    boot: Option<String>,
    /// It asks for the last time.
    #[serde(default)]
    leaving: bool,
}

/// Envelopes as they are on the bus, one a line; at most 10,000.
async fn events(State(door): State<FollowDoor>, Query(asked): Query<Asked>) -> Response {
    let (after, wait) = (Position::new(asked.after), Duration::from_millis(asked.wait_ms).min(WAIT_MAX));
    let limit = asked.limit.min(EVENTS_MAX);
    door.hear(asked);
    let mut head = door.log.watch_head();
    // Without news in time there is nothing to read, which is an answer too.
    let news = head.wait_for(|head| *head > after);
    drop(tokio::time::timeout(wait, news).await);
    let head = door.log.head();
    let stored = match door.log.read_stored(after, limit).await {
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
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::HeaderName::from_static(HEAD), head.to_string()),
    ];
    (headers, lines).into_response()
}

/// Takes a batch: 204 when it is kept. One that comes again counts once; of one that the bus does not take, 413, parts may come.
async fn usage(State(door): State<FollowDoor>, Json(batch): Json<UsageBatch>) -> Response {
    if !(is_name(&batch.node) && is_name(&batch.boot)) {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    match door.usage.take(batch).await {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Err(failure) if is_too_large(&failure) => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(failure) => failed(&failure),
    }
}

/// Whether it can name a node or one of its runs. Postgres takes no NUL, and a batch that was taken cannot be left out again.
fn is_name(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}

impl UsageTaker {
    /// False when there is nobody to take it.
    async fn take(&self, batch: UsageBatch) -> Result<bool, LogFailure> {
        match self {
            Self::File(file) => file.append(Some(batch), vec![]).await.map(|()| true),
            Self::Bus(bus) => bus.publish(&batch).await.map(|()| true),
            Self::Nobody => Ok(false),
        }
    }
}

impl FollowDoor {
    fn hear(&self, asked: Asked) {
        let Asked { after, environment, node, boot, leaving, .. } = asked;
        if let (Some(environment), Some(node), Some(boot)) = (environment, node, boot) {
            let position = Position::new(after);
            let heard = Heard { environment, node, boot, position, stale: false, leaving };
            self.nodes.hear(heard, self.clock.now(), self.log.head());
        }
    }
}

fn failed(failure: &(dyn std::error::Error + 'static)) -> Response {
    error!(error = failure, "Cannot hand a gateway what it follows");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_named_by_a_short_text_without_control_characters() {
        for (text, named) in [
            ("edge-1", true),
            ("01JNQ5T8ZK3Y", true),
            ("", false),
            ("edge\0", false),
            ("edge\n1", false),
            (&*"e".repeat(64), true),
            (&*"e".repeat(65), false),
        ] {
            assert_eq!(is_name(text), named, "{text:?}");
        }
    }
}
