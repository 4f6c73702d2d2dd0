//! What reads and writes answer: a resource with its entity tag, and after a write where its effect stands.

use std::fmt::Display;

use axum::response::{IntoResponse, Response};
use domain::{
    Position,
    access::{Principal, Reach, ResourceFacts},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use projections::{ReadFailure, ReadModel};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    as_of::{AsOf, Of},
    ask::{Ask, Effect},
    dry_run::Instead,
    facts::Guarded,
    guard::{Allowed, Needs},
    path::Named,
    precondition::etag,
    problem::Problem,
    receipt::{ReceiptView, receipted},
};

/// The log's position of a write's last event.
pub(crate) const POSITION: HeaderName = HeaderName::from_static("tollgate-position");
/// `false` where reads do not show the write yet.
pub(crate) const VISIBLE: HeaderName = HeaderName::from_static("tollgate-visible");
/// `true` where the answer is to a command that was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A thing with an identifier, a version and a page of its own.
pub(crate) trait Resource: Serialize + Send + Sized {
    type Id: Named + Copy + Display + Send + Sync;
    /// Where such things are: `/v1/clients`.
    const COLLECTION: &'static str;

    /// The thing as the read models show it.
    fn read(read: &ReadModel, id: Self::Id)
    -> impl Future<Output = Result<Option<Self>, ReadFailure>> + Send;

    fn version(&self) -> u64;

    /// The thing without the parts of it that are out of reach.
    fn within(
        self,
        _read: &ReadModel,
        _reach: &Reach,
    ) -> impl Future<Output = Result<Self, ReadFailure>> + Send {
        std::future::ready(Ok(self))
    }

    /// Whose it is, for this asker.
    fn facts(
        &self,
        read: &ReadModel,
        asker: &Principal,
    ) -> impl Future<Output = Result<ResourceFacts, ReadFailure>> + Send;
}

/// The resource, as it stands or stood.
pub(crate) async fn found<P: Needs, R: Resource>(
    allowed: &Allowed<P>,
    id: R::Id,
    as_of: Option<AsOf>,
) -> Result<Response, Problem> {
    let reading = allowed.reading(as_of, Of::One(&id.to_string())).await?;
    let read = R::read(&reading.model, id).await.map_err(|failure| Problem::unread(&failure))?;
    let resource = read.ok_or_else(R::Id::missing)?;
    let unread = |failure| Problem::unread(&failure);
    // Whoever may see it now may see what it was.
    let present = match as_of {
        Some(_) => R::read(allowed.read(), id).await.map_err(unread)?,
        None => None,
    };
    let facts = present.as_ref().unwrap_or(&resource).facts(allowed.read(), allowed.principal()).await;
    allowed.reveals(&facts.map_err(unread)?, R::Id::missing)?;
    let resource = resource.within(allowed.read(), &allowed.reach()).await.map_err(unread)?;
    let mut response = reading.answer(&resource);
    set(response.headers_mut(), header::ETAG, &etag(resource.version()));
    Ok(response)
}

/// A write that the read models do not show yet. It is on record all the same.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pending {
    pub(crate) id: String,
    /// The version that the write made.
    pub(crate) version: u64,
    /// Reads show the write once they have reached this position; null while it has none.
    pub(crate) position: Option<u64>,
    /// Always `false`.
    pub(crate) visible: bool,
}

/// What a write answers with.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Shown<R> {
    Resource(R),
    Pending(Pending),
}

/// A write with what reads show of it.
pub(crate) struct Settled<R: Resource> {
    effect: Effect<R::Id>,
    shown: Shown<R>,
    receipt: Option<ReceiptView>,
}

/// Waits until reads show the effect, and until gateways have applied it if the caller waits for that; for a bounded time.
pub(crate) async fn settle<P: Needs, W, Q, R: Resource>(
    ask: &Ask<P, W, Q>,
    effect: Effect<R::Id>,
) -> Result<Settled<R>, Problem> {
    let (visible, receipt) = tokio::join!(ask.shows(&effect), ask.receipt(&effect));
    let read = if visible { R::read(ask.read(), effect.id).await } else { Ok(None) };
    // The write is on record, and with it perhaps a secret that only this answer can show: a read that fails now
    // must not turn it into a failure.
    let shown = read.unwrap_or_else(|failure| {
        tracing::warn!(error = %failure, "Cannot show what was just written");
        None
    });
    Ok(Settled { receipt, ..Settled::of(effect, shown) })
}

fn pending<Id: Display>(effect: &Effect<Id>) -> Pending {
    let Effect { id, version, position, .. } = effect;
    Pending { id: id.to_string(), version: *version, position: position.map(Position::get), visible: false }
}

impl<R: Resource> Settled<R> {
    /// Of a command that did not come by an `Ask`, and what reads show of it.
    pub(crate) fn of(effect: Effect<R::Id>, resource: Option<R>) -> Self {
        let pending = || Shown::Pending(pending(&effect));
        let shown = resource.map_or_else(pending, Shown::Resource);
        Self { effect, shown, receipt: None }
    }

    /// The same, what is shown being made more of.
    pub(crate) async fn with(self, more: impl AsyncFnOnce(Shown<R>) -> Shown<R>) -> Self {
        let Self { effect, shown, receipt } = self;
        Self { effect, shown: more(shown).await, receipt }
    }

    /// The answer, its body made of what is shown. 202 in place of the status where that is not the effect.
    pub(crate) fn answer<B: Serialize>(
        self,
        status: StatusCode,
        body: impl FnOnce(Shown<R>) -> B,
    ) -> Response {
        let Self { effect, shown, receipt } = self;
        let (status, version, visible) = match &shown {
            Shown::Resource(resource) => (status, resource.version(), true),
            Shown::Pending(pending) => (StatusCode::ACCEPTED, pending.version, false),
        };
        let mut response = receipted(status, body(shown), receipt);
        let headers = response.headers_mut();
        if status == StatusCode::CREATED || status == StatusCode::ACCEPTED {
            set(headers, header::LOCATION, &format!("{}/{}", R::COLLECTION, effect.id));
        }
        if !visible {
            headers.insert(VISIBLE, HeaderValue::from_static("false"));
        }
        effect_headers(headers, &effect, version);
        response
    }
}

/// Says of an effect where it stands.
pub(crate) fn effect_headers<Id>(headers: &mut HeaderMap, effect: &Effect<Id>, version: u64) {
    set(headers, header::ETAG, &etag(version));
    if let Some(position) = effect.position {
        set(headers, POSITION, &position.to_string());
    }
    if effect.replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
}

/// Waits for the effect, and answers with the resource as it then stands.
pub(crate) async fn written<P: Needs, W, Q, R: Resource>(
    ask: &Ask<P, W, Q>,
    effect: Effect<R::Id>,
    status: StatusCode,
) -> Result<Response, Instead> {
    let settled = settle::<P, W, Q, R>(ask, effect).await?;
    Ok(settled.answer(status, |shown| shown))
}

/// The answer about a part of a thing: its entity tag is the whole thing's. Without a body of its own it is one only
/// where the caller is told something: then it is 200 in the place of 204.
pub(crate) async fn bound<P: Needs, W, Q, A: Guarded>(
    ask: &Ask<P, W, Q>,
    effect: Effect<A::Id>,
    status: StatusCode,
    body: Option<impl Serialize>,
) -> Result<Response, Instead> {
    let (visible, receipt) = tokio::join!(ask.shows(&effect), ask.receipt(&effect));
    let version = if effect.replayed { ask.load::<A>(effect.id).await?.version } else { effect.version };
    let status = if visible { status } else { StatusCode::ACCEPTED };
    let mut response = match body {
        Some(body) => receipted(status, body, receipt),
        None if receipt.is_none() => status.into_response(),
        None => {
            let told = if status == StatusCode::NO_CONTENT { StatusCode::OK } else { status };
            receipted(told, Map::<String, Value>::new(), receipt)
        }
    };
    let headers = response.headers_mut();
    if !visible {
        headers.insert(VISIBLE, HeaderValue::from_static("false"));
    }
    effect_headers(headers, &effect, version);
    Ok(response)
}

/// Sets a field to a text that this program wrote.
pub(crate) fn set(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}
