//! The door for proxies that ask by a sub-request: nginx `auth_request`, Traefik `ForwardAuth`, Caddy `forward_auth`.
//!
//! The crate's documentation says how each is to be set up. The sub-request carries the original call's headers, so a
//! caller can write any of them; what the proxy itself writes is believed only where nothing contradicts it.

mod question;

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::{
    door::{Door, Kind},
    headers,
    refuse::{self, Refused},
    told::Told,
};

/// The status that was meant, where another is answered for a proxy that cannot pass it on.
const MEANT_STATUS: &str = "x-tollgate-status";

/// Answers a sub-request of any method. Neither its body nor its query, which Caddy takes from the original call, is
/// read.
pub(crate) async fn forward_auth(State(door): State<Arc<Door>>, headers: HeaderMap) -> Response {
    answer(&door, &headers).await
}

/// The same in the statuses that nginx passes on: 2xx, 401 and 403. It turns any other into a 500, so 403 is said, and
/// beside it what was meant.
pub(crate) async fn for_nginx(State(door): State<Arc<Door>>, headers: HeaderMap) -> Response {
    let mut response = answer(&door, &headers).await;
    let meant = response.status();
    response.headers_mut().insert(MEANT_STATUS, HeaderValue::from(meant.as_u16()));
    if !matches!(meant, StatusCode::OK | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    response
}

async fn answer(door: &Door, headers: &HeaderMap) -> Response {
    let given = question::Given(headers);
    let judged = door.answer(Kind::ForwardAuth, |turn| {
        let decision = door.judge(Kind::ForwardAuth, &question::read(door, &given)?, turn)?;
        Ok(refuse::refused(&decision, door.told())
            .map_or_else(|| passed(&decision, door.told()), Refused::into_response))
    });
    judged.await.unwrap_or_else(IntoResponse::into_response)
}

fn passed(decision: &gateway::Decision, told: Told) -> Response {
    let mut response = StatusCode::OK.into_response();
    let map = response.headers_mut();
    let mut headers = headers::identity(decision, told);
    headers::add_limits(&mut headers, decision, told);
    headers.put_on(map);
    map.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
