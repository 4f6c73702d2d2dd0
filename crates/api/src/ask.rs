//! A write: what every command needs beside its body, and the one way from a handler to the log.

mod second_person;

use std::{ops::Deref, str::FromStr};

use axum::{
    body::Bytes,
    extract::{
        FromRequest, FromRequestParts, Request,
        rejection::{BytesRejection, FailedToBufferBody},
    },
};
use domain::{
    Aggregate as _, Environment, Position, Reason, Refusal,
    access::{Grant, Permission, ResourceFacts},
    api_client::ApiClient,
    api_key::{ApiKey, NewSecret},
    approval::Approval,
    approval_rule::ApprovalRule,
    erasure::Erasure,
    grant::GivenGrant,
    notification_rule::NotificationRule,
    operation::Operation,
    personal::{PersonalValue, PersonalValues},
    principal::Account,
    rate_limit_policy::RateLimitPolicy,
    route::Route,
    scheduled_change::ScheduledChange,
    secret::PlainSecret,
    webhook::Webhook,
};
use eventlog::{Execute, ExecuteError, Idempotency, Place as LogPlace, Remembered, Stored};
use http::{HeaderMap, Method};
use serde::de::DeserializeOwned;

use second_person::Second;

use crate::{
    access::is_ours,
    body,
    dry_run::{DryRun, Instead, Rehearsal, view::Warning},
    facts::Guarded,
    guard::{Allowed, Door, Needs},
    idempotency::{Claim, given_key, request_digest},
    manner::Manner,
    path::{Id, Named, Place},
    precondition::IfMatch,
    problem::{Problem, kinds},
    query::{NoParams, Params},
    random::NoRandom,
    receipt::ReceiptView,
    secret::new_principal_token,
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

async fn recall<P: Needs>(allowed: &Allowed<P>, claim: &Claim) -> Result<Option<Remembered>, Problem> {
    let remembered = allowed.log().recall(&claim.idempotency().key).await;
    let remembered = remembered.map_err(|failure| Problem::failed(&failure))?;
    remembered.map(|remembered| claim.check(remembered)).transpose()
}

/// Why a command came to nothing; a repetition is none of this.
fn unexecuted<R: Refusal>(why: ExecuteError<R>, missing: fn() -> Problem) -> Problem {
    match why {
        ExecuteError::Refused(refusal) => Problem::refused(&refusal),
        ExecuteError::VersionMismatch { expected: _, actual: 0 } => missing(),
        ExecuteError::VersionMismatch { expected: _, actual } => Problem::stale(actual),
        ExecuteError::Repeated(_) => Problem::new(kinds::IDEMPOTENCY_KEY_REUSED),
        ExecuteError::Failed(failure) => Problem::failed(&failure),
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

    /// What the command did if it was given before; else what it does now.
    pub(crate) async fn once<Id: FromStr>(
        &self,
        now: impl Future<Output = Result<Effect<Id>, Instead>>,
    ) -> Result<Effect<Id>, Instead> {
        match &self.remembered {
            Some(remembered) => {
                self.still_reaches(remembered).await?;
                Ok(self.replayed(remembered).await?)
            }
            None => now.await,
        }
    }

    /// Refuses to tell what came of a command to somebody who has lost sight of what it was about, or may not give it
    /// any more.
    async fn still_reaches(&self, remembered: &Remembered) -> Result<(), Problem> {
        let Remembered { aggregate_type, aggregate_id, .. } = remembered;
        match aggregate_type.as_str() {
            ApiClient::TYPE => self.reaches_again::<ApiClient>(aggregate_id).await,
            ApiKey::TYPE => self.reaches_again::<ApiKey>(aggregate_id).await,
            Route::TYPE => self.reaches_again::<Route>(aggregate_id).await,
            RateLimitPolicy::TYPE => self.reaches_again::<RateLimitPolicy>(aggregate_id).await,
            ScheduledChange::TYPE => self.reaches_again::<ScheduledChange>(aggregate_id).await,
            Operation::TYPE => self.reaches_again::<Operation>(aggregate_id).await,
            Account::TYPE => self.reaches_again::<Account>(aggregate_id).await,
            GivenGrant::TYPE => self.reaches_again::<GivenGrant>(aggregate_id).await,
            Erasure::TYPE => self.reaches_again::<Erasure>(aggregate_id).await,
            Approval::TYPE => self.reaches_again::<Approval>(aggregate_id).await,
            ApprovalRule::TYPE => self.reaches_again::<ApprovalRule>(aggregate_id).await,
            Webhook::TYPE => self.reaches_again::<Webhook>(aggregate_id).await,
            NotificationRule::TYPE => self.reaches_again::<NotificationRule>(aggregate_id).await,
            // Nothing else is commanded here: what nobody has thought of is not told.
            _ => Err(Problem::new(kinds::IDEMPOTENCY_KEY_REUSED)),
        }
    }

    async fn reaches_again<A>(&self, id: &str) -> Result<(), Problem>
    where
        A: Guarded,
        A::Id: Named,
    {
        let id: A::Id = id.parse().map_err(|_| Problem::new(kinds::IDEMPOTENCY_KEY_REUSED))?;
        let (_, facts) = self.judge::<A>(id).await?;
        let facts = facts.ok_or_else(<A::Id as Named>::missing)?;
        // An order on many things is its giver's; and a limit is reset for a client, which its policy does not know.
        let seen_is_enough =
            [Operation::TYPE, Approval::TYPE].contains(&A::TYPE) || P::PERMISSION == Permission::LimitReset;
        if seen_is_enough { Ok(()) } else { self.allow(&facts).map(drop) }
    }

    /// Refuses unless the thing stands in a version that the caller has seen, if it says which.
    pub(crate) fn check_seen(&self, version: u64) -> Result<(), Problem> {
        match &self.if_match {
            Some(if_match) if !if_match.holds(version) => Err(Problem::stale(version)),
            Some(_) | None => Ok(()),
        }
    }

    /// The version that the log is to check once more when it appends.
    async fn seen<A: Guarded>(&self, id: A::Id, missing: fn() -> Problem) -> Result<Option<u64>, Problem> {
        let Some(if_match) = &self.if_match else { return Ok(None) };
        if let IfMatch::OneOf(versions) = if_match
            && let [version] = versions.as_slice()
        {
            return Ok(Some(*version));
        }
        let version = self.load::<A>(id).await?.version;
        if version == 0 { Err(missing()) } else { self.check_seen(version).map(|()| Some(version)) }
    }

    /// Gives a command about a thing that should be there; in a dry run, answers what it would do.
    pub(crate) async fn execute<A>(
        &self,
        id: A::Id,
        command: A::Command,
        said: Said,
    ) -> Result<Effect<A::Id>, Instead>
    where
        A: Guarded,
        A::Id: Named,
    {
        let missing = <A::Id as Named>::missing;
        let (_, facts) = self.judge::<A>(id).await?;
        let Some(facts) = facts else { return Err(missing().into()) };
        let grant = match &said.allowed_by {
            Some(grant) => grant.clone(),
            None => self.allow(&facts)?,
        };
        for touched in &said.touches {
            self.allow(touched)?;
        }
        let seen = match said.based_on {
            Some(version) => self.check_seen(version).map(|()| Some(version))?,
            None => self.seen::<A>(id, missing).await?,
        };
        let said = Said { allowed_by: Some(grant), ..said };
        // What is large in a handler's future is this.
        Box::pin(self.append::<A>(id, command, said, seen, missing)).await
    }

    /// Gives a command that makes a new thing, likewise. No version of it can have been seen; what allowed it has to be
    /// shown, for there is nothing yet that would say whose it is.
    pub(crate) async fn create<A>(
        &self,
        id: A::Id,
        command: A::Command,
        grant: Grant,
        said: Said,
    ) -> Result<Effect<A::Id>, Instead>
    where
        A: Stored,
        A::Id: Named,
    {
        let said = Said { allowed_by: Some(grant), ..said };
        Box::pin(self.append::<A>(id, command, said, None, <A::Id as Named>::missing)).await
    }

    async fn append<A: Stored>(
        &self,
        id: A::Id,
        command: A::Command,
        said: Said,
        expected_version: Option<u64>,
        missing: fn() -> Problem,
    ) -> Result<Effect<A::Id>, Instead> {
        let Said { reason, mut personal, based_on: _, warnings, allowed_by, touches: _ } = said;
        let idempotency = self.claim.as_ref().map(|claim| claim.idempotency().clone());
        let named = given_key(&self.headers)?;
        let (mut metadata, address) = self.metadata(named.as_deref(), reason.as_ref());
        if let Some(grant) = allowed_by {
            metadata.allowed_by = grant.describe();
        }
        personal.extend(address);
        let mut ask = Execute { id, command, metadata, expected_version, idempotency, personal };
        if !self.manner.dry_run {
            Box::pin(self.pass::<A>(&mut ask, missing)).await?;
        }
        if self.manner.dry_run {
            let rehearsal = self.rehearse::<A>(&ask, warnings, missing).await?;
            return Err(self.instead(vec![rehearsal]).await?);
        }
        match self.log().execute::<A>(ask).await {
            Ok(done) => {
                let position = self.position(done.place).await;
                let aggregate_type = Some(A::TYPE);
                self.know::<A>(position).await;
                Ok(Effect { id, version: done.version, position, aggregate_type, replayed: false })
            }
            // Another process was quicker with the same key.
            Err(ExecuteError::Repeated(remembered)) => match &self.claim {
                Some(claim) => Ok(self.replayed(&claim.check(remembered)?).await?),
                None => Err(Problem::new(kinds::IDEMPOTENCY_KEY_REUSED).into()),
            },
            Err(other) => Err(unexecuted(other, missing).into()),
        }
    }

    /// Waits until this process goes by what was just written about who may do what.
    async fn know<A: Stored>(&self, position: Option<Position>) {
        if let (Some(position), true) = (position, is_ours(A::TYPE)) {
            let at_most = self.door().settings().visible_wait;
            if !self.door().api().access.wait_for(position, at_most).await {
                tracing::warn!(event.position = position.get(), "The access index is behind");
            }
        }
    }

    /// Decides a command without giving it.
    async fn rehearse<A: Stored>(
        &self,
        ask: &Execute<A>,
        warnings: Vec<Warning>,
        missing: fn() -> Problem,
    ) -> Result<Rehearsal, Problem> {
        let rehearsed = self.log().rehearse(ask).await.map_err(|why| unexecuted(why, missing))?;
        let waits = self.waits::<A>(ask.id, &rehearsed.events).await?;
        let values = ask.personal.iter().map(|value| (value.commitment(), value.text().into()));
        Ok(Rehearsal::of(ask.id, rehearsed, values.collect::<PersonalValues>(), warnings, waits))
    }

    /// The answer of a dry run.
    pub(crate) async fn instead(&self, rehearsals: Vec<Rehearsal>) -> Result<Instead, Problem> {
        let behind = !self.visible(self.log().head(), None).await;
        Ok(Instead::DryRun(Box::new(DryRun::of(&self.allowed, rehearsals, behind).await?)))
    }

    /// A new secret for a key of this environment, with what is kept of it. For a dry run none is made: what stands in
    /// its place is the same each time, proves nothing and is not shown.
    pub(crate) fn new_secret(&self, environment: &Environment) -> Result<(PlainSecret, NewSecret), Problem> {
        if self.manner.dry_run {
            self.allowed.no_secret(environment)
        } else {
            self.allowed.new_secret(environment)
        }
    }

    /// A new token of a principal, likewise.
    pub(crate) fn new_token(&self) -> Result<(PlainSecret, NewSecret), Problem> {
        let peppers = &self.door().api().peppers;
        let made = if self.manner.dry_run {
            new_principal_token(peppers, &NoRandom)
        } else {
            new_principal_token(peppers, self.random())
        };
        made.map_err(|why| Problem::internal(&why))
    }

    /// The event that brought an aggregate to a version.
    pub(crate) async fn event_of<A: Stored>(&self, id: A::Id, version: u64) -> Result<A::Event, Problem> {
        let event = self.log().event::<A>(id, version).await.map_err(|failure| Problem::failed(&failure))?;
        event.ok_or_else(Problem::unavailable)
    }

    /// The position of a place, if it gets one before the time is up.
    async fn position(&self, place: LogPlace) -> Option<Position> {
        self.log().position(place, self.door().settings().visible_wait).await.ok()
    }

    async fn replayed<Id: FromStr>(&self, remembered: &Remembered) -> Result<Effect<Id>, Problem> {
        let Remembered { request_digest: _, aggregate_type: _, aggregate_id, version, place } = remembered;
        // The digest covers the path: a command that is remembered is about the same kind of thing.
        let id = aggregate_id.parse().map_err(|_| Problem::new(kinds::IDEMPOTENCY_KEY_REUSED))?;
        let position = self.position(*place).await;
        Ok(Effect { id, version: *version, position, aggregate_type: None, replayed: true })
    }

    /// Waits until reads show everything that is on record of these aggregates.
    pub(crate) async fn caught_up<A: Stored>(&self) -> Result<(), Problem> {
        let head = self.log().head();
        if self.visible(head, Some(A::TYPE)).await { Ok(()) } else { Err(Problem::unavailable()) }
    }

    /// Whether the read models show an effect before the time is up. One without a position is shown nowhere yet.
    pub(crate) async fn shows<Id>(&self, effect: &Effect<Id>) -> bool {
        match effect.position {
            Some(position) => self.visible(position, effect.aggregate_type).await,
            None => false,
        }
    }

    /// What the gateways say of an effect, if the caller waits for that.
    pub(crate) async fn receipt<Id>(&self, effect: &Effect<Id>) -> Option<ReceiptView> {
        if !self.manner.wait_applied {
            return None;
        }
        let Some(position) = effect.position else { return Some(ReceiptView::without_position()) };
        let (nodes, at_most) = (self.door().nodes(), self.door().settings().applied_wait);
        Some(nodes.applied(position, at_most).await.into())
    }

    /// Whether the read models show the position before the time is up.
    async fn visible(&self, position: Position, aggregate_type: Option<&str>) -> bool {
        let at_most = self.door().settings().visible_wait;
        match aggregate_type {
            Some(of) => self.visibility().wait_for_effect(position, of, at_most).await,
            None => self.visibility().wait_for(position, at_most).await,
        }
    }
}

impl<P, T: Copy, Q> Ask<P, Id<T>, Q> {
    /// What the path names.
    pub(crate) fn id(&self) -> T {
        self.place.0
    }
}

/// What the caller says beside the command itself.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) reason: Option<Reason>,
    pub(crate) personal: Vec<PersonalValue>,
    /// The version that the command was worked out from, if its words depend on it: it stands on no other.
    pub(crate) based_on: Option<u64>,
    /// What a dry run is to say of the command beside what it would do.
    pub(crate) warnings: Vec<Warning>,
    /// What allowed it, where that is not the permission that the handler names, or another thing is asked about.
    pub(crate) allowed_by: Option<Grant>,
    /// What it changes beside the thing itself: the grant has to reach that too.
    pub(crate) touches: Vec<ResourceFacts>,
}

impl Said {
    pub(crate) fn nothing() -> Self {
        Self::default()
    }

    pub(crate) fn because(reason: Option<&Reason>) -> Self {
        Self { reason: reason.cloned(), ..Self::default() }
    }
}
