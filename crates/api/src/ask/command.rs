//! A command on its way to the log: judged, perhaps waiting for a second person, perhaps only rehearsed.

use domain::{
    Environment, Position, Reason, Refusal,
    access::{Grant, ResourceFacts},
    api_key::NewSecret,
    personal::{PersonalValue, PersonalValues},
    secret::PlainSecret,
};
use eventlog::{Execute, ExecuteError, Stored};

use super::{Ask, Effect};
use crate::{
    access::is_ours,
    dry_run::{DryRun, Instead, Rehearsal, view::Warning},
    facts::Guarded,
    guard::Needs,
    idempotency::given_key,
    path::Named,
    precondition::IfMatch,
    problem::{Problem, kinds},
    random::NoRandom,
    secret::new_principal_token,
};

/// How often a change is worked out while others are quicker. Of those who are at it together one gets through each time.
const TRIES_MAX: u32 = 16;

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

/// Why a command came to nothing; a repetition is none of this.
pub(super) fn unexecuted<R: Refusal>(why: ExecuteError<R>, missing: fn() -> Problem) -> Problem {
    match why {
        ExecuteError::Refused(refusal) => Problem::refused(&refusal),
        ExecuteError::VersionMismatch { expected: _, actual: 0 } => missing(),
        ExecuteError::VersionMismatch { expected: _, actual } => Problem::stale(actual),
        ExecuteError::Repeated(_) => Problem::new(kinds::IDEMPOTENCY_KEY_REUSED),
        ExecuteError::Failed(failure) => Problem::failed(&failure),
    }
}

impl<P: Needs, W, Q> Ask<P, W, Q> {
    /// Refuses unless the thing stands in a version that the caller has seen, if it says which.
    pub(crate) fn check_seen(&self, version: u64) -> Result<(), Problem> {
        match &self.if_match {
            Some(if_match) if !if_match.holds(version) => Err(Problem::stale(version)),
            Some(_) | None => Ok(()),
        }
    }

    /// What a change comes to that is merged into what there is, and stands on that version alone. Where any version will do
    /// (`If-Match: *`) it is worked out and judged again when another caller was quicker.
    pub(crate) async fn merged<T, F>(&self, change: impl Fn() -> F) -> Result<T, Instead>
    where
        F: Future<Output = Result<T, Instead>>,
    {
        let any_version = self.if_match == Some(IfMatch::Exists);
        for _ in 1..TRIES_MAX {
            match change().await {
                Err(Instead::Problem(problem)) if any_version && problem.is_stale() => {}
                other => return other,
            }
        }
        change().await
    }

    /// The version that the log is to check once more when it appends.
    async fn seen<A: Guarded>(&self, id: A::Id, missing: fn() -> Problem) -> Result<Option<u64>, Problem> {
        let versions = match &self.if_match {
            // Any version will do, also one that comes about while this is on its way. That there is one is known by now.
            None | Some(IfMatch::Exists) => return Ok(None),
            Some(IfMatch::OneOf(versions)) => versions,
        };
        if let [version] = versions.as_slice() {
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
    pub(super) async fn know<A: Stored>(&self, position: Option<Position>) {
        if let (Some(position), true) = (position, is_ours(A::TYPE)) {
            let at_most = self.door().settings().visible_wait;
            if !self.door().api().access.wait_for(position, at_most).await {
                tracing::warn!(event.position = position.get(), "The access index is behind");
            }
        }
    }

    /// Decides a command without giving it.
    pub(super) async fn rehearse<A: Stored>(
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
}
