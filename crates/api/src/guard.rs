//! The door of the admin API: nobody reads or commands without having named a permission and held it.

use std::{marker::PhantomData, sync::Arc};

use axum::{
    Extension,
    extract::{FromRequestParts, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use domain::{
    Environment, Metadata, Name, Position, Reason, Timestamp,
    access::{self, Grant, Permission, Principal, ResourceFacts},
    api_key::NewSecret,
    personal::PersonalValue,
    secret::PlainSecret,
};
use eventlog::{EventLog, Loaded, Stored};
use http::{HeaderMap, request::Parts};
use projections::{ReadModel, Visibility};

use crate::{
    Api, Readiness, Settings, Uploads,
    auth::bearer,
    circumstances::Circumstances,
    frame::framed,
    gateways::Gateways,
    idempotency::InFlight,
    nodes::GatewayNodes,
    problem::Problem,
    random::{NoRandom, Random, salt, token_id},
    secret::new_key_secret,
};

/// A permission as a type, so that a handler's signature names what it needs.
pub(crate) trait Needs: Send + Sync + 'static {
    const PERMISSION: Permission;
}

macro_rules! needs {
    ($($permission:ident),+ $(,)?) => {
        /// One type for each permission that a handler may name.
        pub(crate) mod needs {
            use super::{Needs, Permission};
            $(
                #[derive(Debug)]
                pub(crate) enum $permission {}
                impl Needs for $permission {
                    const PERMISSION: Permission = Permission::$permission;
                }
            )+
        }
    };
}
needs!(
    ClientRead,
    ClientWrite,
    ClientSuspend,
    KeyRead,
    KeyIssue,
    KeyRotate,
    KeySuspend,
    KeyRevoke,
    KeyImport,
    RouteRead,
    RouteWrite,
    PolicyRead,
    PolicyWrite,
    PolicyAssign,
    AuditRead,
    ChangeRead,
    ReportRead,
    GatewayRead,
    DecisionRead,
    LimitReset,
    LeakRead,
    OperationRead
);

/// What requests come through. The log and the read models are behind it: [`Allowed`] hands them out.
#[derive(Clone)]
pub(crate) struct Door {
    api: Arc<Api>,
    pub(crate) in_flight: InFlight,
    /// Held from looking for overlapping routes until the new one is on record.
    pub(crate) routes: Arc<tokio::sync::Mutex<()>>,
}

impl Door {
    pub(crate) fn new(api: Arc<Api>) -> Self {
        Self { api, in_flight: InFlight::default(), routes: Arc::default() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.api.clock.now()
    }

    pub(crate) fn random(&self) -> &dyn Random {
        &*self.api.random
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.api.settings
    }

    pub(crate) fn nodes(&self) -> &GatewayNodes {
        &self.api.nodes
    }

    pub(crate) fn readiness(&self) -> Readiness {
        (self.api.readiness)()
    }

    pub(crate) fn openapi(&self) -> String {
        self.api.openapi.clone()
    }

    pub(crate) fn metrics(&self) -> String {
        (self.api.metrics)()
    }

    /// What is behind it, for those whom no principal asks: a signature is proof enough for them, or they only ask what would be.
    pub(crate) fn api(&self) -> &Arc<Api> {
        &self.api
    }

    pub(crate) fn node(&self) -> &Name {
        &self.api.node
    }

    pub(crate) fn uploads(&self) -> &Uploads {
        &self.api.uploads
    }

    fn authenticate(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        bearer(headers)
            .and_then(|token| self.api.admin.principal(&self.api.peppers, token))
            .ok_or_else(Problem::unauthenticated)
    }
}

/// Whatever it turns out to be: a grant in a narrower scope reaches none of it.
const ANYTHING: ResourceFacts =
    ResourceFacts::Owned { owner_team: None, environments: std::collections::BTreeSet::new() };

/// Where permissions are asked for: every way into the log or the read models passes here.
fn authorize(
    principal: &Principal,
    permission: Permission,
    facts: &ResourceFacts,
    now: Timestamp,
) -> Result<Grant, Problem> {
    access::authorize(principal, permission, facts, now).map_err(|denied| {
        tracing::warn!(
            actor = principal.id,
            permission = permission.as_str(),
            "Denied `{}`",
            permission.as_str()
        );
        Problem::refused(&denied)
    })
}

/// A request of somebody known, whatever they may do.
#[derive(Clone, Debug)]
pub(crate) struct Authenticated(pub(crate) Principal);

impl FromRequestParts<Door> for Authenticated {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Problem> {
        door.authenticate(&parts.headers).map(Self)
    }
}

/// A request of somebody who holds the permission. The only way to the read models, and by `Ask` to the log.
pub(crate) struct Allowed<P> {
    door: Door,
    principal: Principal,
    grant: Grant,
    circumstances: Circumstances,
    permission: PhantomData<fn() -> P>,
}

impl<P: Needs> FromRequestParts<Door> for Allowed<P> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Problem> {
        let principal = door.authenticate(&parts.headers)?;
        let grant = authorize(&principal, P::PERMISSION, &ANYTHING, door.now())?;
        let framed = Extension::<Circumstances>::from_request_parts(parts, door).await;
        let Extension(circumstances) = framed.map_err(|rejection| Problem::internal(&rejection))?;
        Ok(Self { door: door.clone(), principal, grant, circumstances, permission: PhantomData })
    }
}

impl<P: Needs> Allowed<P> {
    /// A second permission, for those who ask for more than the handler always gives.
    pub(crate) fn also(&self, permission: Permission) -> Result<Grant, Problem> {
        authorize(&self.principal, permission, &ANYTHING, self.now())
    }

    /// The same for everything that this request sets in motion.
    pub(crate) fn correlation_id(&self) -> &str {
        &self.circumstances.correlation_id
    }

    /// Whether the principal holds another permission, where less is shown to those who do not.
    pub(crate) fn holds(&self, permission: Permission) -> bool {
        access::authorize(&self.principal, permission, &ANYTHING, self.now()).is_ok()
    }

    /// The grant that allowed the request: `role:admin`.
    pub(crate) fn allowed_by(&self) -> String {
        self.grant.describe()
    }

    pub(crate) fn principal(&self) -> &Principal {
        &self.principal
    }

    pub(crate) fn read(&self) -> &ReadModel {
        &self.door.api.read
    }

    pub(crate) fn door(&self) -> &Door {
        &self.door
    }

    pub(crate) fn gateways(&self) -> &dyn Gateways {
        &*self.door.api.gateways
    }

    /// For [`Ask`](crate::ask::Ask), which gives the commands.
    pub(crate) fn log(&self) -> &EventLog {
        &self.door.api.log
    }

    /// The last position of the log.
    pub(crate) fn head(&self) -> Position {
        self.door.api.log.head()
    }

    pub(crate) fn visibility(&self) -> &Visibility {
        &self.door.api.visibility
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.door.now()
    }

    pub(crate) fn random(&self) -> &dyn Random {
        self.door.random()
    }

    /// A new secret for a key of this environment, with what is kept of it.
    pub(crate) fn new_secret(&self, environment: &Environment) -> Result<(PlainSecret, NewSecret), Problem> {
        let Api { brand, peppers, .. } = &*self.door.api;
        new_key_secret(brand, environment, peppers, self.random()).map_err(|why| Problem::internal(&why))
    }

    /// What stands for a secret where none is to be made: nobody's, and no secret at all.
    pub(crate) fn no_secret(&self, environment: &Environment) -> Result<(PlainSecret, NewSecret), Problem> {
        let Api { brand, peppers, .. } = &*self.door.api;
        new_key_secret(brand, environment, peppers, &NoRandom).map_err(|why| Problem::internal(&why))
    }

    pub(crate) async fn load<A: Stored>(&self, id: A::Id) -> Result<Loaded<A>, Problem> {
        self.door.api.log.load::<A>(id).await.map_err(|failure| Problem::failed(&failure))
    }

    /// The circumstances of a command for its events, with the personal value that they commit to.
    pub(crate) fn metadata(
        &self,
        command: Option<&str>,
        reason: Option<&Reason>,
    ) -> (Metadata, Option<PersonalValue>) {
        let now = self.now();
        let Circumstances { request_id, correlation_id, address, user_agent, traceparent: _ } =
            self.circumstances.clone();
        let address = address.map(|address| PersonalValue::new(salt(self.random()), &address.to_string()));
        let metadata = Metadata {
            occurred_at: now,
            actor: self.principal.id.clone(),
            actor_kind: self.principal.kind.actor_kind(),
            authenticated_by: self.principal.authenticated_by.to_owned(),
            on_behalf_of: None,
            allowed_by: self.grant.describe(),
            address: address.as_ref().map(PersonalValue::commitment),
            user_agent,
            request_id,
            correlation_id,
            causation_id: None,
            reason: reason.map(ToString::to_string),
            command_id: command.map_or_else(|| token_id("cmd", self.random(), now), ToOwned::to_owned),
        };
        (metadata, address)
    }
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
    let admitted = door
        .authenticate(request.headers())
        .and_then(|principal| authorize(&principal, permission, &ResourceFacts::Shared, door.now()).map(drop));
    match admitted {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
