//! The only place an error becomes HTTP: RFC 9457 problems, each with a stable code.

mod catalogue;

use std::{borrow::Cow, error::Error};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use domain::Refusal;
use eventlog::LogFailure;
use http::{HeaderName, HeaderValue, StatusCode, header};

use outbox::OutboxFailure;
use projections::ReadFailure;
use serde_json::{Map, Value, json};
use sign_in::{Spent, StoreFailure};
use utoipa::ToSchema;

pub use catalogue::{CatalogueEntry, catalogue};
pub(crate) use catalogue::{Kind, kinds};

/// What an operation answers when it does not do what was asked.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// One of the API's own problems, in its own words.
    pub(crate) fn new(kind: Kind) -> Self {
        Self::because(kind, kind.message)
    }

    /// One of the API's own problems, with what was wrong this time.
    pub(crate) fn because(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: kind.status(),
            code: kind.code,
            detail: detail.into(),
            members: Map::new(),
            headers: vec![],
        }
    }

    /// A value that broke the rule.
    pub(crate) fn with(mut self, name: &str, value: impl serde::Serialize) -> Self {
        self.members.insert(name.to_owned(), json!(value));
        self
    }

    /// Another sentence, without the values that the first one spoke of.
    pub(crate) fn reworded(mut self, detail: &'static str) -> Self {
        self.detail = detail.into();
        self.members.clear();
        self
    }

    fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// The rules said no to the subject of the request.
    pub(crate) fn refused(refusal: &impl Refusal) -> Self {
        let code = refusal.code();
        let mut members = match serde_json::to_value(refusal) {
            Ok(Value::Object(values)) => values,
            Ok(_) | Err(_) => Map::new(),
        };
        members.remove("code");
        let (status, detail) = (catalogue::status_of(code), refusal.to_string().into());
        Self { status, code, detail, members, headers: vec![] }
    }

    /// A thing that the body names, other than the subject, is not there.
    pub(crate) fn refused_reference(refusal: &impl Refusal, pointer: &'static str) -> Self {
        let refused = Self::refused(refusal);
        let status = if refused.status == StatusCode::NOT_FOUND {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            refused.status
        };
        Self { status, ..refused }.with("pointer", pointer)
    }

    /// The operator's policy has nothing sent to such a URL.
    pub(crate) fn not_called(refused: &outbound::Refused, pointer: &'static str) -> Self {
        let kind = match refused {
            outbound::Refused::Url { .. } => kinds::OUTBOUND_URL_INVALID,
            outbound::Refused::Scheme { .. } => kinds::OUTBOUND_SCHEME_NOT_ALLOWED,
            outbound::Refused::Denied { .. } => kinds::OUTBOUND_DENIED,
            outbound::Refused::AddressNotPublic { .. } => kinds::OUTBOUND_ADDRESS_NOT_PUBLIC,
            outbound::Refused::NameNotResolved { .. } => kinds::OUTBOUND_NAME_NOT_RESOLVED,
        };
        Self::because(kind, refused.to_string()).with("pointer", pointer)
    }

    /// The outbox cannot be read or written now.
    pub(crate) fn unsent(failure: &OutboxFailure) -> Self {
        tracing::warn!(error = chain(failure), "Cannot read or write the outbox now");
        Self::unavailable()
    }

    /// Nobody proved who they are. The same for every cause: nothing to tell a wrong token from an unknown one.
    pub(crate) fn unauthenticated() -> Self {
        Self::new(kinds::UNAUTHENTICATED).header(header::WWW_AUTHENTICATE, "Bearer")
    }

    /// The same to a browser whose session is none: it need not show the cookie again.
    pub(crate) fn signed_out(cookie: Option<HeaderValue>) -> Self {
        let mut problem = Self::unauthenticated();
        problem.headers.extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
        problem
    }

    /// Sessions cannot be read or written now.
    pub(crate) fn unkept(failure: &StoreFailure) -> Self {
        tracing::warn!(error = chain(failure), "Cannot read or write sessions now");
        Self::unavailable()
    }

    /// Whether it says that nobody proved who they are.
    pub(crate) fn is_unauthenticated(&self) -> bool {
        self.code == kinds::UNAUTHENTICATED.code
    }

    /// Whether it is a failure of ours, after which it may not be known what was done.
    pub(crate) fn is_failure(&self) -> bool {
        self.status.is_server_error()
    }

    /// Whether it says that the thing stands in another version.
    pub(crate) fn is_stale(&self) -> bool {
        self.code == kinds::VERSION_STALE.code
    }

    /// Nobody listens for a while.
    pub(crate) fn too_many_failures(spent: Spent) -> Self {
        let Spent { retry_after_s } = spent;
        let said = format!(
            "too many attempts have failed from this address, or of this principal; try again in {retry_after_s} s"
        );
        let mut problem =
            Self::because(kinds::TOO_MANY_FAILURES, said).with("retry_after_seconds", retry_after_s);
        problem.headers.push((header::RETRY_AFTER, HeaderValue::from(retry_after_s)));
        problem
    }

    /// The caller has seen another version than the current one.
    pub(crate) fn stale(actual: u64) -> Self {
        let detail = match actual {
            0 => "`If-Match` names a version, and what is to be made has none yet".to_owned(),
            _ => {
                format!("`If-Match` does not name the current version, which is \"{actual}\"; read it again")
            }
        };
        Self::because(kinds::VERSION_STALE, detail).with("actual", actual)
    }

    /// Not now; shortly perhaps.
    pub(crate) fn unavailable() -> Self {
        Self::new(kinds::UNAVAILABLE).header(header::RETRY_AFTER, "1")
    }

    /// The store failed. Logged here, once; the caller learns nothing of it.
    pub(crate) fn failed(failure: &LogFailure) -> Self {
        match failure {
            LogFailure::Stopped
            | LogFailure::Contended { .. }
            | LogFailure::NotSequenced
            | LogFailure::Unreachable { .. } => {
                tracing::warn!(error = chain(failure), "Could not take the request now");
                Self::unavailable()
            }
            LogFailure::Append { .. }
            | LogFailure::Read { .. }
            | LogFailure::Personal { .. }
            | LogFailure::Load { .. }
            | LogFailure::Decode { .. }
            | LogFailure::Recall { .. }
            | LogFailure::Usage { .. }
            | LogFailure::Checkpoint { .. } => Self::internal(failure),
        }
    }

    /// The read models failed, or the cursor is of another list.
    pub(crate) fn unread(failure: &ReadFailure) -> Self {
        match failure {
            ReadFailure::Cursor { .. } => Self::new(kinds::CURSOR_INVALID),
            ReadFailure::Unreachable { .. } => {
                tracing::warn!(error = chain(failure), "Could not read now");
                Self::unavailable()
            }
            ReadFailure::Query { .. } | ReadFailure::Row { .. } => Self::internal(failure),
        }
    }

    /// A fault of ours. Logged here, once; the caller learns nothing of it.
    pub(crate) fn internal(failure: &(dyn Error + 'static)) -> Self {
        tracing::error!(error = chain(failure), "Could not carry out the request");
        Self::new(kinds::INTERNAL)
    }

    /// Code and sentence, for an answer that tells of more than one problem.
    pub(crate) fn told(&self) -> (&'static str, &str) {
        (self.code, &self.detail)
    }

    #[cfg(test)]
    pub(crate) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    #[cfg(test)]
    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// The answer itself. Whoever finishes responses knows the request's id.
    pub(crate) fn render(&self, request_id: &str) -> Response {
        let mut body = self.members.clone();
        body.insert("type".to_owned(), json!(format!("/problems/{}", self.code)));
        body.insert("title".to_owned(), json!(catalogue::title_of(self.code)));
        body.insert("status".to_owned(), json!(self.status.as_u16()));
        body.insert("detail".to_owned(), json!(self.detail));
        body.insert("code".to_owned(), json!(self.code));
        body.insert("request_id".to_owned(), json!(request_id));
        let mut response = Response::new(Body::from(Value::Object(body).to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(self.headers.iter().cloned());
        response
    }
}

/// What a problem reads like: RFC 9457, with the values that broke the rule as further members.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "documents what `Problem::render` writes")]
pub(crate) struct ProblemBody {
    /// Where the problem is explained, relative to the API.
    #[schema(example = "/problems/key_revoked")]
    r#type: String,
    #[schema(example = "Key revoked")]
    title: String,
    #[schema(example = 409)]
    status: u16,
    /// For people. Its wording may change.
    #[schema(example = "the key is revoked, which is final")]
    detail: String,
    /// For programs. Never changed once released.
    #[schema(example = "key_revoked")]
    code: String,
    /// Names the request in the log and the audit log.
    request_id: String,
    /// The wrong field of the body as a JSON pointer (RFC 6901).
    pointer: Option<String>,
}

impl IntoResponse for Problem {
    /// Carries the problem to the outermost layer, which renders it.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A failure with its causes, for the log.
fn chain(failure: &(dyn Error + 'static)) -> String {
    let mut text = failure.to_string();
    let mut cause = failure.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
