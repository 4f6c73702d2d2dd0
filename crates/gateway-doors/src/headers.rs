//! The header fields that a decision is told in.
//!
//! `RateLimit` and `RateLimit-Policy` are those of draft-ietf-httpapi-ratelimit-headers: every enforced limit, the
//! one that refused or is nearest to its end first. `X-RateLimit-*`, for the clients of today, tell of that first one
//! only, `Reset` in seconds from now. Limits in shadow are nobody's business but the operator's.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use domain::{
    decision::{Outcome, RefusalReason},
    rate_limit_policy::Mode,
};
use gateway::{Decision, LimitKind, LimitStatus, OwnStanding};
use http::{HeaderMap, HeaderName, HeaderValue};
use smallvec::SmallVec;

use crate::{
    text::{IdText, push_decimal},
    told::{IdentityHeader, RateLimitHeaders, Told},
};

pub const CLIENT_ID: &str = "x-tollgate-client-id";
pub const KEY_ID: &str = "x-tollgate-key-id";
pub const SCOPES: &str = "x-tollgate-scopes";
pub const ENVIRONMENT: &str = "x-tollgate-environment";
pub const DECISION_ID: &str = "x-tollgate-decision-id";
/// `true` when the decision rests on a configuration older than allowed.
pub const STALE: &str = "x-tollgate-stale";

/// Header fields, their values one after the other in one text: an answer has ten of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    text: String,
    /// Each name, and where in the text its value ends.
    ends: SmallVec<[(&'static str, usize); 10]>,
}

impl Headers {
    pub(crate) fn new() -> Self {
        Self { text: String::with_capacity(256), ends: SmallVec::new() }
    }

    /// Adds a field; `write` appends its value, which must be visible ASCII and blanks.
    pub(crate) fn add(&mut self, name: &'static str, write: impl FnOnce(&mut String)) {
        write(&mut self.text);
        self.ends.push((name, self.text.len()));
    }

    /// Each field with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let mut begin = 0;
        self.ends.iter().map(move |(name, end)| {
            let value = self.text.get(begin..*end).unwrap_or_default();
            begin = *end;
            (*name, value)
        })
    }

    /// Puts the fields on an HTTP answer.
    pub(crate) fn put_on(&self, map: &mut HeaderMap) {
        for (name, value) in self.iter() {
            // Every value is made of identifiers, bounded names, numbers and constants.
            if let Ok(value) = HeaderValue::from_str(value) {
                map.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

/// Who calls, for the upstream. Every name is given, an absent value being empty, so that one that a caller sent is
/// always replaced; so is one that is not to be told.
pub(crate) fn identity(decision: &Decision, Told { identity: told, .. }: Told) -> Headers {
    use IdentityHeader as Header;
    let mut headers = Headers::new();
    let mut id = |header, name, id: Option<IdText>| {
        let id = id.as_ref().filter(|_| told.contains(header));
        headers.add(name, |text| text.push_str(id.map_or("", IdText::as_str)));
    };
    id(Header::ClientId, CLIENT_ID, decision.client_id.map(IdText::from));
    id(Header::KeyId, KEY_ID, decision.key_id.map(IdText::from));
    id(Header::DecisionId, DECISION_ID, Some(decision.id.into()));
    let environment = if told.contains(Header::Environment) { decision.environment.as_str() } else { "" };
    headers.add(ENVIRONMENT, |text| text.push_str(environment));
    // Separated by spaces, as OAuth does.
    let scopes = told.contains(Header::Scopes).then_some(&decision.scopes);
    headers.add(SCOPES, |text| {
        for (number, scope) in scopes.into_iter().flat_map(|scopes| scopes.iter()).enumerate() {
            if number > 0 {
                text.push(' ');
            }
            text.push_str(scope.as_str());
        }
    });
    headers
}

/// Adds where the caller stands, for the caller.
pub(crate) fn add_limits(headers: &mut Headers, decision: &Decision, told: Told) {
    if decision.stale {
        headers.add(STALE, |text| text.push_str("true"));
    }
    // Whoever did not prove a genuine secret learns nothing of limits.
    if decision.outcome == Outcome::Unauthenticated || told.rate_limit.is_none() {
        return;
    }
    let limits = in_order(Shown::of(decision).collect());
    if told.rate_limit.contains(RateLimitHeaders::RateLimit) {
        add_fields(headers, &limits);
    }
    let first = limits.first().filter(|_| told.rate_limit.contains(RateLimitHeaders::XRateLimit));
    if let Some(first) = first {
        headers.add("x-ratelimit-limit", |text| push_decimal(text, first.requests));
        headers.add("x-ratelimit-remaining", |text| push_decimal(text, first.remaining));
        headers.add("x-ratelimit-reset", |text| push_decimal(text, first.reset_seconds));
    }
}

/// Adds the two fields of the draft.
pub(crate) fn add_fields(headers: &mut Headers, limits: &[Shown<'_>]) {
    if !limits.is_empty() {
        headers.add("ratelimit-policy", |text| write_list(text, limits, write_policy));
        headers.add("ratelimit", |text| write_list(text, limits, write_state));
    }
}

/// A limit as a caller is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown<'a> {
    /// Of a-z, 0-9, _ and -.
    pub(crate) name: &'a str,
    pub(crate) requests: u64,
    pub(crate) window_seconds: u64,
    pub(crate) remaining: u64,
    pub(crate) reset_seconds: u64,
    pub(crate) refused: bool,
    /// Whether it is the reason of the decision.
    named: bool,
}

/// What a limit is called that came with a call.
const OWN: &str = "override";

impl<'a> Shown<'a> {
    /// The enforced limits.
    pub(crate) fn of(decision: &'a Decision) -> impl Iterator<Item = Self> {
        let refused_by = match decision.reason {
            Some(RefusalReason::RateLimited) => Some(LimitKind::Rate),
            Some(RefusalReason::QuotaExceeded) => Some(LimitKind::Quota),
            Some(_) | None => None,
        };
        let enforced = decision.limits.iter().filter(|limit| limit.mode == Mode::Enforce);
        enforced.map(move |limit| Self::limit(limit, limit.refused && Some(limit.kind) == refused_by))
    }

    fn limit(limit: &'a LimitStatus, named: bool) -> Self {
        Self {
            name: limit.name.as_str(),
            requests: limit.requests,
            window_seconds: limit.window_seconds,
            remaining: limit.remaining,
            reset_seconds: limit.reset_seconds,
            refused: limit.refused,
            named,
        }
    }

    pub(crate) fn own(standing: &OwnStanding) -> Self {
        let OwnStanding { requests, window_seconds, remaining, reset_seconds, wait_seconds, no_room: _ } =
            *standing;
        let refused = wait_seconds.is_some();
        Self { name: OWN, requests, window_seconds, remaining, reset_seconds, refused, named: refused }
    }
}

/// Those that matter most first: the limit that a decision names before one that would have refused too, before the one of
/// which the smallest share is left.
pub(crate) fn in_order<'a>(mut limits: SmallVec<[Shown<'a>; 4]>) -> SmallVec<[Shown<'a>; 4]> {
    limits.sort_by(urgency);
    limits
}

fn urgency(one: &Shown<'_>, other: &Shown<'_>) -> Ordering {
    // one.remaining / one.requests against other.remaining / other.requests, without a division.
    let left = |limit: &Shown<'_>, of: &Shown<'_>| u128::from(limit.remaining) * u128::from(of.requests);
    other
        .named
        .cmp(&one.named)
        .then(other.refused.cmp(&one.refused))
        .then(left(one, other).cmp(&left(other, one)))
}

/// A list of RFC 9651. A limit's name is of a-z, 0-9, _ and -, so its quotes need no escapes.
fn write_list(text: &mut String, limits: &[Shown<'_>], write_parameters: fn(&mut String, &Shown<'_>)) {
    for (number, limit) in limits.iter().enumerate() {
        text.push_str(if number > 0 { ",\"" } else { "\"" });
        text.push_str(limit.name);
        text.push('"');
        write_parameters(text, limit);
    }
}

fn write_policy(text: &mut String, limit: &Shown<'_>) {
    text.push_str(";q=");
    push_decimal(text, limit.requests);
    text.push_str(";w=");
    push_decimal(text, limit.window_seconds);
}

fn write_state(text: &mut String, limit: &Shown<'_>) {
    text.push_str(";r=");
    push_decimal(text, limit.remaining);
    text.push_str(";t=");
    push_decimal(text, limit.reset_seconds);
}
