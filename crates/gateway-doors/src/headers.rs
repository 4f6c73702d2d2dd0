//! The header fields that a decision is told in.
//!
//! `RateLimit` and `RateLimit-Policy` are those of draft-ietf-httpapi-ratelimit-headers: every enforced limit, the
//! one that refused or is nearest to its end first. `X-RateLimit-*`, for the clients of today, tell of that first one
//! only, `Reset` in seconds from now. Limits in shadow are nobody's business but the operator's.

#[cfg(test)]
mod tests;

use std::{cmp::Ordering, fmt::Write};

use domain::{
    decision::{Outcome, RefusalReason},
    rate_limit_policy::Mode,
};
use gateway::{Decision, LimitKind, LimitStatus};
use http::{HeaderMap, HeaderName, HeaderValue};
use prost::bytes::Bytes;

pub const CLIENT_ID: &str = "x-tollgate-client-id";
pub const KEY_ID: &str = "x-tollgate-key-id";
pub const SCOPES: &str = "x-tollgate-scopes";
pub const ENVIRONMENT: &str = "x-tollgate-environment";
pub const DECISION_ID: &str = "x-tollgate-decision-id";
/// `true` when the decision rests on a configuration older than allowed.
pub const STALE: &str = "x-tollgate-stale";

const RATE_LIMIT: &str = "ratelimit";
const RATE_LIMIT_POLICY: &str = "ratelimit-policy";
const X_LIMIT: &str = "x-ratelimit-limit";
const X_REMAINING: &str = "x-ratelimit-remaining";
const X_RESET: &str = "x-ratelimit-reset";

/// A header field whose value is known to be visible ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: &'static str,
    pub(crate) value: Bytes,
}

impl Header {
    pub(crate) fn new(name: &'static str, value: impl Into<Bytes>) -> Self {
        Self { name, value: value.into() }
    }
}

/// Puts headers on an HTTP answer.
pub(crate) fn extend(map: &mut HeaderMap, headers: impl IntoIterator<Item = Header>) {
    for Header { name, value } in headers {
        // Every value is made of identifiers, bounded names, numbers and constants, which all are visible ASCII.
        if let Ok(value) = HeaderValue::from_maybe_shared(value) {
            map.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Who calls, for the upstream. Every name is given, an absent value being empty, so that one that a caller sent is
/// always replaced.
pub(crate) fn identity(decision: &Decision) -> [Header; 5] {
    let text = |id: Option<String>| Bytes::from(id.unwrap_or_default());
    [
        Header::new(CLIENT_ID, text(decision.client_id.map(|id| id.to_string()))),
        Header::new(KEY_ID, text(decision.key_id.map(|id| id.to_string()))),
        Header::new(SCOPES, scopes(decision)),
        Header::new(ENVIRONMENT, decision.environment.to_string()),
        Header::new(DECISION_ID, decision.id.to_string()),
    ]
}

/// Separated by spaces, as OAuth does.
fn scopes(decision: &Decision) -> String {
    let mut text = String::new();
    for scope in decision.scopes.iter() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(scope.as_str());
    }
    text
}

/// Where the caller stands, for the caller.
pub(crate) fn limits(decision: &Decision) -> Vec<Header> {
    let mut headers = Vec::with_capacity(6);
    if decision.stale {
        headers.push(Header::new(STALE, "true"));
    }
    let mut limits: Vec<&LimitStatus> =
        decision.limits.iter().filter(|limit| limit.mode == Mode::Enforce).collect();
    let refused_by = refused_by(decision);
    limits.sort_by(|one, other| urgency(one, other, refused_by));
    // Whoever did not prove a genuine secret learns nothing of limits.
    if let (Some(first), true) = (limits.first(), decision.outcome != Outcome::Unauthenticated) {
        headers.extend([
            Header::new(RATE_LIMIT_POLICY, list(&limits, write_policy)),
            Header::new(RATE_LIMIT, list(&limits, write_state)),
            Header::new(X_LIMIT, first.requests.to_string()),
            Header::new(X_REMAINING, first.remaining.to_string()),
            Header::new(X_RESET, first.reset_seconds.to_string()),
        ]);
    }
    headers
}

fn refused_by(decision: &Decision) -> Option<LimitKind> {
    match decision.reason {
        Some(RefusalReason::RateLimited) => Some(LimitKind::Rate),
        Some(RefusalReason::QuotaExceeded) => Some(LimitKind::Quota),
        Some(_) | None => None,
    }
}

/// The limit that the decision names before one that would have refused too, before the one of which the smallest
/// share is left.
fn urgency(one: &LimitStatus, other: &LimitStatus, refused_by: Option<LimitKind>) -> Ordering {
    let named = |limit: &LimitStatus| limit.refused && Some(limit.kind) == refused_by;
    // one.remaining / one.requests against other.remaining / other.requests, without a division.
    let left = |limit: &LimitStatus, of: &LimitStatus| u128::from(limit.remaining) * u128::from(of.requests);
    named(other)
        .cmp(&named(one))
        .then(other.refused.cmp(&one.refused))
        .then(left(one, other).cmp(&left(other, one)))
}

fn list(limits: &[&LimitStatus], write_item: fn(&mut String, &LimitStatus) -> std::fmt::Result) -> String {
    let mut text = String::with_capacity(limits.len() * 40);
    for limit in limits {
        if !text.is_empty() {
            text.push(',');
        }
        // Writing to a string does not fail.
        if write_item(&mut text, limit).is_err() {
            return String::new();
        }
    }
    text
}

/// A limit's name is of a-z, 0-9, _ and -, so the quotes need no escapes.
fn write_policy(text: &mut String, limit: &LimitStatus) -> std::fmt::Result {
    write!(text, "\"{}\";q={};w={}", limit.name, limit.requests, limit.window_seconds)
}

fn write_state(text: &mut String, limit: &LimitStatus) -> std::fmt::Result {
    write!(text, "\"{}\";r={};t={}", limit.name, limit.remaining, limit.reset_seconds)
}
