//! The decision: a function of the index, the counters, the call and the time, and of nothing else.

mod caller;
mod limits;

use domain::{
    Position, Timestamp,
    decision::{Outcome, RefusalReason},
    ids::DecisionId,
    secret::{Peppers, SecretDigest},
};
use smallvec::SmallVec;

use self::{caller::Caller, limits::Limited};
use crate::{
    call::{Call, Decision, LimitStatus},
    counters::Counters,
    index::{
        Index,
        routes::ActiveRoute,
        slots::{ClientSlot, EnvironmentSlot, KeySlot, RouteSlot},
    },
    path,
    scopes::Scopes,
    settings::{OnStale, Settings, Unmatched},
    usage::Counted,
};

/// All that a decision rests on.
pub(crate) struct Grounds<'a> {
    pub(crate) index: &'a Index,
    pub(crate) counters: &'a Counters,
    pub(crate) peppers: &'a Peppers,
    /// Compared with what is presented when no key is found, so that it takes as long.
    pub(crate) no_digest: SecretDigest,
    pub(crate) settings: &'a Settings,
    pub(crate) stale: bool,
}

/// What a decision is taken on.
pub(crate) struct Asked<'a> {
    pub(crate) id: DecisionId,
    pub(crate) call: &'a Call<'a>,
    /// The call's environment.
    pub(crate) environment: EnvironmentSlot,
    pub(crate) now: Timestamp,
}

/// A decision, and how it is counted.
pub(crate) struct Verdict {
    pub(crate) decision: Decision,
    pub(crate) counted: Counted,
}

/// Judges a call. An allowed one has been taken from its limits; a refused one has changed nothing.
pub(crate) fn decide(grounds: &Grounds<'_>, asked: &Asked<'_>) -> Verdict {
    let mut found = Findings::default();
    let refused = found.judge(grounds, asked).err();
    found.verdict(asked, refused, grounds.index.position, grounds.stale)
}

/// What came to light on the way, as far as it went.
#[derive(Default)]
struct Findings<'a> {
    caller: Option<Caller<'a>>,
    route: Option<(RouteSlot, &'a ActiveRoute)>,
    route_id: Option<domain::RouteId>,
    limits: SmallVec<[LimitStatus; 4]>,
    retry_after_seconds: Option<u64>,
}

impl<'a> Findings<'a> {
    /// One question after the other; the first no is the answer.
    fn judge(&mut self, grounds: &Grounds<'a>, asked: &Asked<'_>) -> Result<(), RefusalReason> {
        let caller = Caller::prove(grounds, asked.call.secret)?;
        self.caller = Some(caller);
        caller.check_live(asked.now)?;
        caller.check_standing()?;
        if grounds.stale && grounds.settings.on_stale == OnStale::Refuse {
            return Err(RefusalReason::StaleConfiguration);
        }
        caller.check_environment(asked.environment)?;
        caller.check_address(asked.call.address)?;
        self.find_route(grounds, asked)?;
        if let Some((_, route)) = self.route
            && !route.required.iter().all(|scope| caller.holds(scope))
        {
            return Err(RefusalReason::MissingScope);
        }
        self.take_from_limits(grounds, asked, &caller)
    }

    fn find_route(&mut self, grounds: &Grounds<'a>, asked: &Asked<'_>) -> Result<(), RefusalReason> {
        let Call { method, host, path, environment, .. } = asked.call;
        let path = path::normalise(path).map_err(|_| RefusalReason::BadPath)?;
        let routes = &grounds.index.routes;
        self.route = routes.find(*host, method, &path);
        let Some((slot, _)) = self.route else {
            return match grounds.settings.unmatched.get(*environment).copied().unwrap_or_default() {
                Unmatched::Refuse => Err(RefusalReason::UnknownRoute),
                Unmatched::Allow => Ok(()),
            };
        };
        self.route_id = routes.get(slot).map(|route| route.id);
        Ok(())
    }

    fn take_from_limits(
        &mut self,
        grounds: &Grounds<'_>,
        asked: &Asked<'_>,
        caller: &Caller<'_>,
    ) -> Result<(), RefusalReason> {
        let cost = asked.call.cost.unwrap_or_else(|| self.route.map_or(1, |(_, route)| route.cost));
        let limited = Limited {
            caller,
            route: self.route_slot(),
            environment: asked.environment,
            cost: u64::from(cost),
            now: asked.now,
        };
        let Err(refused) = limited.take(grounds, &mut self.limits) else { return Ok(()) };
        self.retry_after_seconds = Some(refused.retry_after_seconds);
        Err(refused.reason)
    }

    fn route_slot(&self) -> RouteSlot {
        self.route.map_or(RouteSlot::NONE, |(slot, _)| slot)
    }

    fn verdict(
        self,
        asked: &Asked<'_>,
        refused: Option<RefusalReason>,
        position: Position,
        stale: bool,
    ) -> Verdict {
        let outcome = refused.map_or(Outcome::Allowed, RefusalReason::outcome);
        let counted = Counted {
            client: self.caller.map_or(ClientSlot::NONE, |caller| caller.key.client),
            key: self.caller.map_or(KeySlot::NONE, |caller| caller.slot),
            secret_version: self.caller.map_or(0, |caller| caller.version),
            route: self.route_slot(),
            environment: asked.environment,
            outcome,
        };
        let decision = Decision {
            id: asked.id,
            outcome,
            reason: refused,
            client_id: self.caller.and_then(|caller| caller.client).map(|client| client.id),
            key_id: self.caller.map(|caller| caller.key.id),
            secret_version: self.caller.map(|caller| caller.version),
            scopes: self.caller.map_or_else(Scopes::default, |caller| caller.scopes()),
            environment: asked.call.environment.clone(),
            route_id: self.route_id,
            limits: self.limits,
            retry_after_seconds: self.retry_after_seconds,
            position,
            stale,
        };
        Verdict { decision, counted }
    }
}

#[cfg(test)]
mod tests;
