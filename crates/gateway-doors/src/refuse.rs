//! The one place where a decision, or a door's own fault, becomes HTTP.
//!
//! Whoever did not prove a live secret is always told the same: nothing tells an unknown key from a wrong secret, or
//! one that was never issued from one that was revoked. The true reason stays in the counted usage.

mod catalogue;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use domain::{
    decision::{Outcome, RefusalReason},
    ids::DecisionId,
};
use gateway::Decision;
use http::{StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use catalogue::Rejection;
pub use catalogue::{ProblemDoc, problems};

use crate::{
    headers::{self, Headers},
    text::push_decimal,
    told::Told,
};

/// RFC 9110 §11.6.1 wants a registered scheme that is really taken: that is `Bearer`. No `error` is given with it
/// (RFC 6750 §3.1), since it would tell a missing secret from a wrong one.
const CHALLENGE: &str = "Bearer realm=\"tollgate\"";

/// An answer that refuses: what the caller gets, whatever the door.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) headers: Headers,
    pub(crate) body: String,
}

/// A problem as RFC 9457 has it, with a code that programs match on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
// The admin API has a `Problem` of its own in the same document.
#[schema(as = DoorProblem)]
pub struct Problem {
    /// Names the kind of problem: `/problems/<code>`.
    pub r#type: String,
    #[schema(example = "Rate limited")]
    pub title: String,
    #[schema(example = 429)]
    pub status: u16,
    /// For people.
    pub detail: Cow<'static, str>,
    /// For programs; never changed once released.
    #[schema(example = "rate_limited")]
    pub code: &'static str,
    /// Names the decision, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "dec_01k2m3n4p5q6r7s8t9v0w1x2y3")]
    pub decision_id: Option<String>,
    /// The field of the body that is wrong, as a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/cost")]
    pub pointer: Option<String>,
}

/// What a caller is told instead of `allowed`; none when the call may pass.
pub(crate) fn refused(decision: &Decision, told: Told) -> Option<Refused> {
    let status = status(decision.outcome)?;
    let code = code(decision).unwrap_or_default();
    let mut headers = problem_headers();
    if status == StatusCode::UNAUTHORIZED {
        headers.add("www-authenticate", |text| text.push_str(CHALLENGE));
    }
    if let Some(seconds) = decision.retry_after_seconds {
        headers.add("retry-after", |text| push_decimal(text, seconds));
    }
    headers::add_limits(&mut headers, decision, told);
    let detail = detail(decision.reason.unwrap_or(RefusalReason::MissingSecret));
    let problem = problem(status, code, detail.into(), Some(decision.id));
    Some(Refused { status, headers, body: problem.to_json() })
}

fn status(outcome: Outcome) -> Option<StatusCode> {
    match outcome {
        Outcome::Allowed => None,
        Outcome::Unauthenticated => Some(StatusCode::UNAUTHORIZED),
        Outcome::Forbidden => Some(StatusCode::FORBIDDEN),
        Outcome::RateLimited | Outcome::QuotaExceeded => Some(StatusCode::TOO_MANY_REQUESTS),
    }
}

/// The reason as the outside may know it; none when the call was allowed.
pub(crate) fn code(decision: &Decision) -> Option<&'static str> {
    match decision.outcome {
        Outcome::Allowed => None,
        Outcome::Unauthenticated | Outcome::RateLimited => Some(decision.outcome.as_str()),
        Outcome::Forbidden | Outcome::QuotaExceeded => {
            Some(decision.reason.map_or(decision.outcome.as_str(), RefusalReason::as_str))
        }
    }
}

/// Every reason of an unauthenticated call has the same sentence.
fn detail(reason: RefusalReason) -> &'static str {
    use RefusalReason as Reason;
    match reason {
        Reason::MissingSecret
        | Reason::MalformedSecret
        | Reason::UnknownSecret
        | Reason::SecretRetired
        | Reason::KeyNotYetValid
        | Reason::KeyExpired
        | Reason::KeyRevoked => {
            "present a valid secret as `x-api-key` or as `Authorization: Bearer`, and only one"
        }
        Reason::KeySuspended => "the key is suspended",
        Reason::ClientSuspended => "the client is suspended",
        Reason::ClientArchived => "the client is archived",
        Reason::WrongEnvironment => "the key is not for this environment",
        Reason::AddressNotAllowed => "the key may not be used from this address",
        Reason::KeyQuarantined => {
            "the secret was found where others can read it, and may only be used from where it was before; rotate it"
        }
        Reason::BadPath => {
            "the path must be in normal form: no `.` or `..` segments, repeated or encoded slashes, or needless escapes"
        }
        Reason::UnknownRoute => "no route is defined for this method and path",
        Reason::MissingScope => "the key lacks a scope that this route requires",
        Reason::RateLimited => "too many requests: wait as long as `Retry-After` says",
        Reason::QuotaExceeded => "the quota is used up: `Retry-After` says when it is there again",
        Reason::QuotaUnavailable => "what is left of the quota is not known at this moment: try again soon",
        Reason::StaleConfiguration => "the gateway's configuration is too old to decide by",
    }
}

/// What a caller reads of a refusal where its status is that of a limit, whatever refused.
pub(crate) fn over_limit(decision: &Decision) -> String {
    let detail = detail(decision.reason.unwrap_or(RefusalReason::RateLimited));
    let code = code(decision).unwrap_or_default();
    problem(StatusCode::TOO_MANY_REQUESTS, code, detail.into(), Some(decision.id)).to_json()
}

/// The same of a limit that came with a call of nobody who is known.
pub(crate) fn over_own_limit(reason: RefusalReason) -> String {
    problem(StatusCode::TOO_MANY_REQUESTS, reason.as_str(), detail(reason).into(), None).to_json()
}

/// Why a door could not even ask the gateway: a machine's fault, not the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    NotReady,
    /// Envoy's configuration names one that cannot be.
    InvalidEnvironment,
    UnclearCall,
    Panicked,
}

impl Fault {
    const ALL: [Self; 4] = [Self::NotReady, Self::InvalidEnvironment, Self::UnclearCall, Self::Panicked];

    pub(crate) fn doc(self) -> ProblemDoc {
        let (code, status, message) = match self {
            Self::NotReady => ("unavailable", 503, "the gateway has not read its configuration yet"),
            Self::InvalidEnvironment => {
                ("invalid_environment", 403, "the proxy names an environment that cannot be one")
            }
            Self::UnclearCall => {
                ("unclear_call", 403, "the proxy does not say which call it asks about, or says it twice")
            }
            Self::Panicked => ("internal", 500, "something went wrong here"),
        };
        ProblemDoc { code, status, message }
    }
}

/// What a caller is told of a door's fault: no call passes on one.
pub(crate) fn faulted(fault: Fault) -> Refused {
    let mut refused = plain(fault.doc(), None, None);
    if fault == Fault::NotReady {
        refused.headers.add("retry-after", |text| text.push('1'));
    }
    refused
}

/// What is wrong with a request to a door itself: the field at `pointer`, in these words.
pub(crate) fn rejected(rejection: Rejection, detail: Option<String>, pointer: Option<String>) -> Refused {
    plain(rejection.doc(), detail, pointer)
}

fn plain(doc: ProblemDoc, detail: Option<String>, pointer: Option<String>) -> Refused {
    let status = StatusCode::from_u16(doc.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let detail = detail.map_or(Cow::Borrowed(doc.message), Cow::Owned);
    let body = Problem { pointer, ..problem(status, doc.code, detail, None) }.to_json();
    Refused { status, headers: problem_headers(), body }
}

fn problem_headers() -> Headers {
    let mut headers = Headers::new();
    headers.add("content-type", |text| text.push_str("application/problem+json"));
    headers
}

fn problem(
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    decision_id: Option<DecisionId>,
) -> Problem {
    let mut title = code.replace('_', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Problem {
        r#type: format!("/problems/{code}"),
        title,
        status: status.as_u16(),
        detail,
        code,
        decision_id: decision_id.map(|id| id.to_string()),
        pointer: None,
    }
}

impl Problem {
    fn to_json(&self) -> String {
        // Texts and numbers: serialising them does not fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        self.headers.put_on(response.headers_mut());
        response.headers_mut().insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
        response
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        faulted(self).into_response()
    }
}
