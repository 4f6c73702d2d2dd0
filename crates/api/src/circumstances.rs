//! What is known of a request beside what it asks: its names, where it came from, and with what program.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use domain::Timestamp;
use http::{HeaderMap, HeaderName, Request, header};

use crate::{
    proxies::Proxies,
    random::{Random, token_id},
};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const USER_AGENT_CHARS_MAX: usize = 256;
const ID_CHARS_MAX: usize = 64;

/// The circumstances of one request, kept with every event that it causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Circumstances {
    pub(crate) request_id: String,
    /// Named by the caller, by the trace that it is in, or as the request.
    pub(crate) correlation_id: String,
    /// The caller's span, as W3C writes it.
    pub(crate) traceparent: Option<String>,
    /// The peer's own address, or what a proxy of ours says it is: from others a forwarding header is not believed.
    pub(crate) address: Option<IpAddr>,
    pub(crate) user_agent: Option<String>,
}

impl Circumstances {
    pub(crate) fn of<B>(
        request: &Request<B>,
        random: &dyn Random,
        now: Timestamp,
        proxies: &Proxies,
    ) -> Self {
        let headers = request.headers();
        let request_id = given_id(headers, &REQUEST_ID).unwrap_or_else(|| token_id("req", random, now));
        let traceparent = traceparent(headers);
        // A later process knows the event alone: the trace must be in what the event keeps.
        let correlation_id = given_id(headers, &CORRELATION_ID)
            .or_else(|| traceparent.as_deref().and_then(trace_of))
            .unwrap_or_else(|| request_id.clone());
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let address = peer.map(|ConnectInfo(peer)| proxies.caller(peer.ip(), headers));
        Self { request_id, correlation_id, traceparent, address, user_agent: user_agent(headers) }
    }
}

impl Circumstances {
    /// Of a request that came through no frame.
    pub(crate) fn unknown() -> Self {
        let unknown = || "unknown".to_owned();
        Self {
            request_id: unknown(),
            correlation_id: unknown(),
            traceparent: None,
            address: None,
            user_agent: None,
        }
    }
}

/// An identifier that the caller chose, if it is harmless in a header and in a log line.
fn given_id(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    let harmless = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    ((1..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(harmless)).then(|| text.to_owned())
}

/// Versions to come may say more after the flags; what comes before stays. Source: W3C Trace Context §3.2.
fn traceparent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(TRACEPARENT)?.to_str().ok()?;
    let parts: Vec<&str> = text.splitn(5, '-').collect();
    let hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let nothing = |part: &str| part.bytes().all(|b| b == b'0');
    match parts.as_slice() {
        [version, trace, span, flags, rest @ ..]
            if hex(version, 2)
                && hex(trace, 32)
                && hex(span, 16)
                && hex(flags, 2)
                && !nothing(trace)
                && !nothing(span)
                && *version != "ff"
                && (rest.is_empty() || *version != "00") =>
        {
            Some(format!("{version}-{trace}-{span}-{flags}"))
        }
        _ => None,
    }
}

/// The trace's id: 32 hexadecimal digits.
fn trace_of(traceparent: &str) -> Option<String> {
    traceparent.split('-').nth(1).map(str::to_owned)
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
        Circumstances::of(&request, &SystemRandom, Timestamp::UNIX_EPOCH, &Proxies::default())
    }

    #[test]
    fn a_harmless_request_id_is_kept_and_names_the_correlation_too() {
        let request = Request::builder().header("x-request-id", "a_B-9").body(()).unwrap();
        let circumstances = of(request);
        assert_eq!((&*circumstances.request_id, &*circumstances.correlation_id), ("a_B-9", "a_B-9"));
    }

    #[test]
    fn the_caller_s_trace_names_the_correlation_unless_the_caller_does() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let request = || Request::builder().header("traceparent", parent).header("x-request-id", "r");
        let circumstances = of(request().body(()).unwrap());
        assert_eq!(circumstances.correlation_id, "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(circumstances.traceparent.as_deref(), Some(parent));
        let named = of(request().header("x-correlation-id", "order-7").body(()).unwrap());
        assert_eq!((&*named.correlation_id, named.traceparent.as_deref()), ("order-7", Some(parent)));
    }

    #[test]
    fn a_traceparent_that_is_none_is_no_news() {
        for (header, kept) in [
            ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", true),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", false),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", false),
            ("a b", false),
        ] {
            let request = Request::builder().header("traceparent", header).header("x-request-id", "r");
            let circumstances = of(request.body(()).unwrap());
            assert_eq!(circumstances.traceparent.is_some(), kept, "{header}");
            assert_eq!(circumstances.correlation_id != "r", kept, "{header}");
        }
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
