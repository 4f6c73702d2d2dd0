//! The door of the admin API: nobody reads or commands without having named a permission and held it.

mod behind;
mod door;
pub(crate) mod needs;
mod sight;

use std::{marker::PhantomData, sync::Arc};

use axum::{
    Extension,
    extract::{FromRequestParts, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use domain::{
    access::{self, Denied, Grant, Permission, Principal, ResourceFacts},
    approval::Need,
};
use http::request::Parts;
use parking_lot::Mutex;

pub(crate) use door::Door;
#[cfg(test)]
pub(crate) use door::WATCHING_MAX;
pub(crate) use needs::Needs;

use crate::{
    Api, circumstances::Circumstances, facts::ANYTHING, frame::framed, problem::Problem, sign_in::Known,
};

/// A request of somebody known, whatever they may do.
#[derive(Clone, Debug)]
pub(crate) struct Authenticated(pub(crate) Principal);

impl FromRequestParts<Door> for Authenticated {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Problem> {
        door.authenticate(parts).await.map(|known| Self(known.principal))
    }
}

/// A request of somebody who holds the permission. The only way to the read models, and by `Ask` to the log.
pub(crate) struct Allowed<P> {
    door: Door,
    principal: Principal,
    grant: Grant,
    circumstances: Circumstances,
    /// What was allowed so far that acts: what a second person would have to hold, too.
    judged: Mutex<Vec<Need>>,
    permission: PhantomData<fn() -> P>,
}

impl<P: Needs> FromRequestParts<Door> for Allowed<P> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Problem> {
        let Known { principal, session: _ } = door.authenticate(parts).await?;
        let framed = Extension::<Circumstances>::from_request_parts(parts, door).await;
        let Extension(circumstances) = framed.map_err(|rejection| Problem::internal(&rejection))?;
        let asking = Asking { door, principal: &principal, circumstances: &circumstances };
        let grant = if P::LIMITED {
            judged(&asking, access::holds(&principal, P::PERMISSION, door.now()), P::PERMISSION)?
        } else {
            authorize(&asking, P::PERMISSION, &ANYTHING)?
        };
        let judged = Mutex::default();
        let allowed =
            Self { door: door.clone(), principal, grant, circumstances, judged, permission: PhantomData };
        if !P::LIMITED {
            allowed.note(P::PERMISSION, &ANYTHING);
        }
        Ok(allowed)
    }
}

/// Where permissions are asked for: every way into the log or the read models passes here.
fn authorize(asking: &Asking<'_>, permission: Permission, facts: &ResourceFacts) -> Result<Grant, Problem> {
    judged(asking, access::authorize(asking.principal, permission, facts, asking.door.now()), permission)
}

/// Who asks for a permission, and from where.
struct Asking<'of> {
    door: &'of Door,
    principal: &'of Principal,
    circumstances: &'of Circumstances,
}

impl Asking<'_> {
    /// Puts on record that they may not.
    fn observe(&self, permission: Permission) {
        let Self { door, principal, circumstances } = self;
        door.api.observer.denied(principal, permission, circumstances, door.now());
    }
}

/// The one place that tells somebody that they may not.
fn judged(
    asking: &Asking<'_>,
    judgement: Result<Grant, Denied>,
    permission: Permission,
) -> Result<Grant, Problem> {
    judgement.map_err(|denied| {
        let principal = asking.principal;
        asking.observe(permission);
        tracing::warn!(
            actor = principal.id,
            permission = permission.as_str(),
            "Denied `{}`",
            permission.as_str()
        );
        Problem::refused(&denied)
    })
}

/// Puts operations that are not the API's own behind one permission, with the same authentication, identifiers
/// and headers.
pub fn protect(router: axum::Router, api: Arc<Api>, permission: Permission) -> axum::Router {
    let door = Door::new(api);
    let guarded = router
        .method_not_allowed_fallback(crate::frame::method_not_allowed)
        .layer(middleware::from_fn_with_state((door.clone(), permission), admit));
    framed(guarded, &door)
}

async fn admit(
    State((door, permission)): State<(Door, Permission)>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let admitted = door.authenticate(&parts).await.and_then(|Known { principal, session: _ }| {
        let unframed = Circumstances::unknown;
        let circumstances = parts.extensions.get().cloned().unwrap_or_else(unframed);
        let asking = Asking { door: &door, principal: &principal, circumstances: &circumstances };
        authorize(&asking, permission, &ResourceFacts::Shared).map(drop)
    });
    match admitted {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => problem.into_response(),
    }
}
