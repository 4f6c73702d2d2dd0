//! A write: what every command needs beside its body, and the one way from a handler to the log.

mod again;
mod command;
mod second_person;
mod shown;

use std::ops::Deref;

use axum::{
    body::Bytes,
    extract::{
        FromRequest, FromRequestParts, Request,
        rejection::{BytesRejection, FailedToBufferBody},
    },
};
use domain::Position;
use eventlog::{Idempotency, Remembered};
use http::{HeaderMap, Method};
use serde::de::DeserializeOwned;

use again::recall;
pub(crate) use command::Said;
use second_person::Second;

use crate::{
    body,
    guard::{Allowed, Door, Needs},
    idempotency::{Claim, given_key, request_digest},
    manner::Manner,
    path::{Id, Place},
    precondition::IfMatch,
    problem::{Problem, kinds},
    query::{NoParams, Params},
};

/// A command on its way: allowed, addressed, read, named by the caller if it wants to be.
pub(crate) struct Ask<P, Where = (), Query = NoParams> {
    allowed: Allowed<P>,
    pub(crate) place: Where,
    pub(crate) query: Query,
    manner: Manner,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
    if_match: Option<IfMatch>,
    claim: Option<Claim>,
    remembered: Option<Remembered>,
    second: Second,
}

impl<P, W, Q> Deref for Ask<P, W, Q> {
    type Target = Allowed<P>;
    fn deref(&self) -> &Allowed<P> {
        &self.allowed
    }
}

/// What a command did, now or when it was given before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effect<Id> {
    pub(crate) id: Id,
    pub(crate) version: u64,
    /// Whoever has applied this position shows it; none while no sequencer is at work.
    pub(crate) position: Option<Position>,
    /// Of the command's aggregate: reads of others show nothing of it. None where that is not known any more.
    pub(crate) aggregate_type: Option<&'static str>,
    pub(crate) replayed: bool,
}

impl<P: Needs, W: Place, Q: DeserializeOwned + Send> FromRequest<Door> for Ask<P, W, Q> {
    type Rejection = Problem;
    /// Who asks comes first: to the others, nothing here is missing, malformed or too large.
    async fn from_request(request: Request, door: &Door) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let allowed = Allowed::<P>::from_request_parts(&mut parts, door).await?;
        let place = W::read(&mut parts).await?;
        let (manner, uri) = Manner::take(&parts.uri)?;
        parts.uri = uri;
        let Params(query) = Params::from_request_parts(&mut parts, door).await?;
        let if_match = IfMatch::read(&parts.headers)?;
        if if_match.is_none() && (parts.method == Method::PATCH || parts.method == Method::DELETE) {
            return Err(Problem::new(kinds::IF_MATCH_REQUIRED));
        }
        // A dry run is nothing that could be repeated by mistake: its name is checked and then left alone.
        let key = given_key(&parts.headers)?.filter(|_| !manner.dry_run);
        let second = Second::of(&parts.headers, &parts.uri)?;
        // What is approved is done once whatever the caller calls it.
        let approved = second.approval.filter(|_| !manner.dry_run).map(|id| format!("approval:{id}"));
        let key = approved.or(key);
        let body = arrived(Request::from_parts(parts.clone(), body), door).await?;
        let claim = key.map(|key| {
            let key = format!("{}:{key}", allowed.principal().id);
            let request_digest = request_digest(&parts.method, &parts.uri, &body);
            door.in_flight.claim(Idempotency { key, request_digest })
        });
        let claim = claim.transpose()?;
        let remembered = match &claim {
            Some(claim) => recall(&allowed, claim).await?,
            None => None,
        };
        let (method, headers) = (parts.method, parts.headers);
        Ok(Self { allowed, place, query, manner, method, headers, body, if_match, claim, remembered, second })
    }
}

/// The body of a request, once it is there.
pub(crate) async fn arrived(request: Request, door: &Door) -> Result<Bytes, Problem> {
    let arrived = tokio::time::timeout(door.settings().body_wait, Bytes::from_request(request, door)).await;
    let arrived = arrived.map_err(|_| Problem::new(kinds::BODY_TOO_SLOW))?;
    arrived.map_err(|rejection| unread(&rejection))
}

/// Why a body did not arrive whole.
pub(crate) fn unread(rejection: &BytesRejection) -> Problem {
    if let BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) = rejection {
        Problem::new(kinds::BODY_TOO_LARGE)
    } else {
        Problem::because(kinds::BODY_MALFORMED, "the body broke off")
    }
}

impl<P: Needs, W, Q> Ask<P, W, Q> {
    /// The right to the caller's name for the command, for one whose commands are many: they are given without it.
    pub(crate) fn take_claim(&mut self) -> Option<Claim> {
        self.claim.take()
    }

    pub(crate) fn is_dry_run(&self) -> bool {
        self.manner.dry_run
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body as it came.
    pub(crate) fn raw_body(&self) -> &Bytes {
        &self.body
    }

    /// The body as this type.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        body::check_media_type(&self.method, &self.headers)?;
        body::parse(&self.body)
    }

    /// The body as this type; an absent one, and a `null`, is an empty object.
    pub(crate) fn body_if_any<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        match self.body.trim_ascii() {
            b"" | b"null" => body::parse(b"{}"),
            _ => self.body(),
        }
    }

    /// What the body is said to be, without parameters.
    pub(crate) fn media_type(&self) -> &str {
        body::media_type(&self.headers)
    }
}

impl<P, T: Copy, Q> Ask<P, Id<T>, Q> {
    /// What the path names.
    pub(crate) fn id(&self) -> T {
        self.place.0
    }
}
