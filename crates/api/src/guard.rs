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
    access::{
        self, Access, Denied, Grant, GrantScope, Permission, Principal, PrincipalKind, Reach, ResourceFacts,
    },
    api_key::NewSecret,
    approval::Need,
    personal::PersonalValue,
    secret::PlainSecret,
};
use eventlog::{EventLog, Loaded};
use http::request::Parts;
use outbox::Outbox;
use parking_lot::Mutex;
use projections::{ReadModel, Visibility};

use crate::{
    Api, Readiness, ReportFiles, Settings, Uploads,
    auth::claimant,
    circumstances::Circumstances,
    facts::{ANYTHING, Guarded},
    frame::framed,
    gateways::Gateways,
    idempotency::InFlight,
    nodes::GatewayNodes,
    observe::{Doer, Exports},
    previews::Previews,
    problem::Problem,
    random::{NoRandom, Random, salt, token_id},
    secret::new_key_secret,
    sign_in::Known,
};

/// A permission as a type, so that a handler's signature names what it needs.
pub(crate) trait Needs: Send + Sync + 'static {
    const PERMISSION: Permission;
    /// Whether every handler that names it asks whose its things are. Those of the others are for grants over everything.
    const LIMITED: bool;
}

macro_rules! needs {
    (limited: [$($limited:ident),+ $(,)?], whole: [$($whole:ident),* $(,)?]) => {
        /// One type for each permission that a handler may name.
        pub(crate) mod needs {
            use super::{Needs, Permission};
            needs!(@each $($limited = true,)+ $($whole = false,)*);
        }
    };
    (@each $($permission:ident = $limited:literal,)+) => {
        $(
            #[derive(Debug)]
            pub(crate) enum $permission {}
            impl Needs for $permission {
                const PERMISSION: Permission = Permission::$permission;
                const LIMITED: bool = $limited;
            }
        )+
    };
}
needs!(
    limited: [
        ClientRead,
        ClientWrite,
        ClientSuspend,
        KeyRead,
        KeyIssue,
        KeyRotate,
        KeySuspend,
        KeyRevoke,
        RouteRead,
        RouteWrite,
        PolicyRead,
        PolicyWrite,
        PolicyAssign,
        AuditRead,
        ChangeRead,
        LimitReset,
        LeakRead,
        OperationRead,
        PrincipalRead,
        PrincipalWrite,
        PrincipalDisable,
        ServiceAccountRead,
        ServiceAccountWrite,
        GrantRead,
        GrantWrite,
        ReportRead,
        ReportExport,
        GatewayRead,
        DecisionRead,
        BreakGlassOpen,
        ApprovalRead,
        ApprovalDecide,
        ApprovalRuleWrite,
        WebhookRead,
        WebhookWrite,
        NotificationRuleRead,
        NotificationRuleWrite,
    ],
    whole: [KeyImport, AuditExport, PersonalErase]
);

/// What requests come through. The log and the read models are behind it: [`Allowed`] hands them out.
#[derive(Clone)]
pub(crate) struct Door {
    api: Arc<Api>,
    pub(crate) in_flight: InFlight,
    /// What is being taken out.
    pub(crate) exports: Exports,
    /// Held from looking for overlapping routes until the new one is on record.
    pub(crate) routes: Arc<tokio::sync::Mutex<()>>,
    /// Held from looking who else may grant everything until it is on record, and known, that somebody may not.
    pub(crate) admins: Arc<tokio::sync::Mutex<()>>,
}

impl Door {
    pub(crate) fn new(api: Arc<Api>) -> Self {
        Self {
            api,
            in_flight: InFlight::default(),
            exports: Exports::default(),
            routes: Arc::default(),
            admins: Arc::default(),
        }
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

    pub(crate) fn report_files(&self) -> &ReportFiles {
        &self.api.report_files
    }

    /// Whom one of our own tokens stands for.
    pub(crate) fn holder(&self, token: &str) -> Result<Principal, Problem> {
        let (api, now) = (&*self.api, self.now());
        let installed = api.admin.principal(&api.peppers, token);
        let known = match installed {
            // It opens nothing once somebody has claimed the installation.
            Some(principal) if principal.kind == PrincipalKind::Bootstrap => {
                Some(principal).filter(|_| api.access.is_complete() && api.access.is_unclaimed())
            }
            Some(principal) => Some(principal),
            None => {
                let known = api.access.principal(&api.peppers, token, now);
                known.inspect(|principal| api.token_uses.note(principal, now)).or_else(|| {
                    let reopens = api.access.reopens(&api.peppers, token, now);
                    reopens.then(claimant)
                })
            }
        };
        match known {
            Some(principal) => Ok(principal),
            // Who is not known yet may be known in a moment.
            None if !api.access.is_complete() => Err(Problem::unavailable()),
            None => Err(Problem::unauthenticated()),
        }
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

impl<P: Needs> Allowed<P> {
    /// Whether the principal may do what the handler is for to this thing, and by which grant.
    pub(crate) fn allow(&self, facts: &ResourceFacts) -> Result<Grant, Problem> {
        self.allow_also(P::PERMISSION, facts)
    }

    /// The same of a second permission, for those who ask for more than the handler always gives.
    pub(crate) fn allow_also(&self, permission: Permission, facts: &ResourceFacts) -> Result<Grant, Problem> {
        let grant = authorize(&self.asking(), permission, facts)?;
        self.note(permission, facts);
        Ok(grant)
    }

    fn asking(&self) -> Asking<'_> {
        Asking { door: &self.door, principal: &self.principal, circumstances: &self.circumstances }
    }

    fn note(&self, permission: Permission, facts: &ResourceFacts) {
        let need = Need { permission, facts: facts.clone() };
        let mut judged = self.judged.lock();
        if permission.access() == Access::Write && !judged.contains(&need) {
            judged.push(need);
        }
    }

    /// What was allowed so far that acts.
    pub(crate) fn judged(&self) -> Vec<Need> {
        self.judged.lock().clone()
    }

    /// The same where it does not matter what for.
    pub(crate) fn also(&self, permission: Permission) -> Result<Grant, Problem> {
        judged(&self.asking(), access::holds(&self.principal, permission, self.now()), permission)
    }

    /// The same of all that a grant in this scope would reach.
    pub(crate) fn covers(&self, permission: Permission, scope: &GrantScope) -> Result<Grant, Problem> {
        let judgement = access::covers(&self.principal, permission, scope, self.now());
        judged(&self.asking(), judgement, permission)
    }

    /// What let the request in at all.
    pub(crate) fn grant(&self) -> Grant {
        self.grant.clone()
    }

    /// Whether the principal sees this thing.
    pub(crate) fn sees(&self, permission: Permission, facts: &ResourceFacts) -> bool {
        access::authorize(&self.principal, permission, facts, self.now()).is_ok()
    }

    /// Refuses to know of what the principal does not see.
    pub(crate) fn reveals(
        &self,
        facts: &ResourceFacts,
        missing: impl FnOnce() -> Problem,
    ) -> Result<(), Problem> {
        if self.sees(P::PERMISSION, facts) {
            return Ok(());
        }
        self.asking().observe(P::PERMISSION);
        Err(missing())
    }

    /// Who asks, for what is to be on record of it.
    pub(crate) fn doer(&self) -> Doer {
        Doer::known(&self.principal, &self.grant.describe())
    }

    pub(crate) fn circumstances(&self) -> &Circumstances {
        &self.circumstances
    }

    /// How far the principal sees by what the handler is for: what lists are narrowed to.
    pub(crate) fn reach(&self) -> Reach {
        access::reach(&self.principal, P::PERMISSION, self.now())
    }

    /// The same for everything that this request sets in motion.
    pub(crate) fn correlation_id(&self) -> &str {
        &self.circumstances.correlation_id
    }

    /// Whether the principal holds another permission, where less is shown to those who do not.
    pub(crate) fn holds(&self, permission: Permission) -> bool {
        access::holds(&self.principal, permission, self.now()).is_ok()
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

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.door.api.outbox
    }

    pub(crate) fn door(&self) -> &Door {
        &self.door
    }

    pub(crate) fn gateways(&self) -> &dyn Gateways {
        &*self.door.api.gateways
    }

    /// The notifier, which is only asked.
    pub(crate) fn previews(&self) -> &dyn Previews {
        &*self.door.api.previews
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

    /// The aggregate as it stands. One that the principal does not see is nothing, like one that is not there.
    pub(crate) async fn load<A: Guarded>(&self, id: A::Id) -> Result<Loaded<A>, Problem> {
        self.judge(id).await.map(|(loaded, _)| loaded)
    }

    /// The same, with whose it is.
    pub(crate) async fn judge<A: Guarded>(
        &self,
        id: A::Id,
    ) -> Result<(Loaded<A>, Option<ResourceFacts>), Problem> {
        let log = &self.door.api.log;
        let failed = |failure| Problem::failed(&failure);
        let loaded = Box::pin(log.load::<A>(id)).await.map_err(failed)?;
        let facts = loaded.state.facts(log, &self.principal).await.map_err(failed)?;
        let seen_by = loaded.state.seen_by();
        // Everybody sees themselves.
        let own = self.principal.id == id.to_string();
        match facts {
            Some(facts) if own || self.sees(seen_by, &facts) => return Ok((loaded, Some(facts))),
            // It is there, and not for them.
            Some(_) => self.asking().observe(seen_by),
            None => {}
        }
        Ok((Loaded { state: Arc::new(A::default()), version: 0 }, None))
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
