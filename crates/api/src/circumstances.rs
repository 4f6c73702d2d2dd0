//! What is known of a request beside what it asks: its names, where it came from, and with what program.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use domain::Timestamp;
use http::{HeaderMap, HeaderName, Request, header};

use crate::random::{Random, token_id};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const USER_AGENT_CHARS_MAX: usize = 256;
const ID_CHARS_MAX: usize = 64;

/// The circumstances of one request, kept with every event that it causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Circumstances {
    pub(crate) request_id: String,
    pub(crate) correlation_id: String,
    /// The peer's own address. A forwarding header is not believed: anyone can write one.
    pub(crate) address: Option<IpAddr>,
    pub(crate) user_agent: Option<String>,
}

impl Circumstances {
    pub(crate) fn of<B>(request: &Request<B>, random: &dyn Random, now: Timestamp) -> Self {
        let headers = request.headers();
        let request_id = given_id(headers, &REQUEST_ID).unwrap_or_else(|| token_id("req", random, now));
        let correlation_id = given_id(headers, &CORRELATION_ID).unwrap_or_else(|| request_id.clone());
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let address = peer.map(|ConnectInfo(peer)| peer.ip().to_canonical());
        Self { request_id, correlation_id, address, user_agent: user_agent(headers) }
    }
}

/// An identifier that the caller chose, if it is harmless in a header and in a log line.
fn given_id(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    let harmless = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    ((1..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(harmless)).then(|| text.to_owned())
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::USER_AGENT)?.to_str().ok()?;
    (!text.is_empty()).then(|| text.chars().take(USER_AGENT_CHARS_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    fn of(request: Request<()>) -> Circumstances {
        Circumstances::of(&request, &SystemRandom, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_harmless_request_id_is_kept_and_names_the_correlation_too() {
        let request = Request::builder().header("x-request-id", "a_B-9").body(()).unwrap();
        let circumstances = of(request);
        assert_eq!((&*circumstances.request_id, &*circumstances.correlation_id), ("a_B-9", "a_B-9"));
    }

    #[test]
    fn another_request_id_is_replaced() {
        for id in ["", "a b", "a\"b", "ä", &"x".repeat(65)] {
            let request = Request::builder().header("x-request-id", id).body(()).unwrap();
            assert!(of(request).request_id.starts_with("req_"), "{id}");
        }
    }

    #[test]
    fn the_peer_counts_and_a_forwarding_header_does_not() {
        let peer: SocketAddr = "[::ffff:192.0.2.7]:1234".parse().unwrap();
        let mut request = Request::builder().header("x-forwarded-for", "203.0.113.9").body(()).unwrap();
        assert_eq!(of(request.clone()).address, None);
        request.extensions_mut().insert(ConnectInfo(peer));
        assert_eq!(of(request).address, Some("192.0.2.7".parse().unwrap()));
    }

    #[test]
    fn a_long_user_agent_is_cut() {
        let request = Request::builder().header("user-agent", "u".repeat(300)).body(()).unwrap();
        assert_eq!(of(request).user_agent.unwrap().len(), 256);
    }
}
