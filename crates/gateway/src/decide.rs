//! The decision: a function of the index, the counters, the call and the time, and of nothing else.

mod caller;
mod cost;
mod limits;
mod manner;
mod metered;

use domain::{
    Timestamp,
    decision::{Outcome, RefusalReason},
    explain::Check,
    ids::DecisionId,
    secret::{Peppers, SecretDigest},
};
use smallvec::SmallVec;

pub(crate) use self::{caller::Caller, limits::account, manner::Manner, metered::meter};
use self::{
    limits::{Limited, NotTaken},
    manner::Deciding,
};
use crate::{
    call::{Call, Decision},
    counters::Counters,
    index::{
        Index,
        keys::quarantine::Quarantine,
        micros,
        routes::ActiveRoute,
        slots::{ClientSlot, EnvironmentSlot, KeySlot, RouteSlot},
    },
    path,
    quota::shared::Patience,
    scopes::Scopes,
    settings::{OnStale, Settings, Unmatched},
    shadow::Shadowed,
    sharing::Shortage,
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

impl Grounds<'_> {
    fn check_fresh(&self) -> Result<(), RefusalReason> {
        if self.stale && self.settings.on_stale == OnStale::Refuse {
            return Err(RefusalReason::StaleConfiguration);
        }
        Ok(())
    }
}

/// What a decision is taken on.
pub(crate) struct Asked<'a> {
    pub(crate) id: DecisionId,
    pub(crate) call: &'a Call<'a>,
    /// The call's environment.
    pub(crate) environment: EnvironmentSlot,
    pub(crate) now: Timestamp,
    pub(crate) patience: Patience,
}

/// A decision, and how it is counted.
pub(crate) struct Verdict {
    pub(crate) decision: Decision,
    pub(crate) counted: Counted,
    /// What policies in shadow said, where they were asked.
    pub(crate) shadowed: SmallVec<[Shadowed; 4]>,
    /// The decision is none yet: more of a quota must be reserved first.
    pub(crate) short: Option<Shortage>,
}

/// Judges a call. An allowed one has been taken from its limits; a refused one has changed nothing.
pub(crate) fn decide(grounds: &Grounds<'_>, asked: &Asked<'_>) -> Verdict {
    go_through(grounds, asked, &mut Deciding).verdict(asked)
}

/// Asks all questions about a call that its answer rests on.
pub(crate) fn go_through<'a>(
    grounds: &Grounds<'a>,
    asked: &Asked<'_>,
    manner: &mut impl Manner<'a>,
) -> Findings<'a> {
    let mut found = Findings::none(grounds, asked);
    if let Err(reason) = found.judge(grounds, asked, manner) {
        found.decision.reason = Some(reason);
        found.decision.outcome = reason.outcome();
    }
    found
}

/// What came to light on the way, as far as it went.
pub(crate) struct Findings<'a> {
    /// Filled in as the answers come.
    pub(crate) decision: Decision,
    pub(crate) caller: Option<Caller<'a>>,
    pub(crate) route: Option<(RouteSlot, &'a ActiveRoute)>,
    shadowed: SmallVec<[Shadowed; 4]>,
    short: Option<Shortage>,
}

impl<'a> Findings<'a> {
    fn none(grounds: &Grounds<'a>, asked: &Asked<'_>) -> Self {
        let decision = Decision {
            id: asked.id,
            outcome: Outcome::Allowed,
            reason: None,
            client_id: None,
            key_id: None,
            secret_version: None,
            scopes: Scopes::default(),
            environment: asked.call.environment.clone(),
            route_id: None,
            limits: SmallVec::new(),
            retry_after_seconds: None,
            position: grounds.index.position,
            stale: grounds.stale,
        };
        Self { decision, caller: None, route: None, shadowed: SmallVec::new(), short: None }
    }

    /// One question after the other; the first no is the answer.
    fn judge(
        &mut self,
        grounds: &Grounds<'a>,
        asked: &Asked<'_>,
        manner: &mut impl Manner<'a>,
    ) -> Result<(), RefusalReason> {
        let caller = self.find_caller(grounds, asked, manner);
        let caller = manner.note(Check::Secret, caller)?;
        manner.note(Check::Lifetime, caller.check_live(asked.now))?;
        manner.note(Check::Standing, caller.check_standing())?;
        manner.note(Check::Configuration, grounds.check_fresh())?;
        manner.note(Check::Environment, caller.check_environment(asked.environment))?;
        let address = asked.call.address;
        let admitted = caller.check_address(address).and_then(|()| caller.check_quarantine(grounds, address));
        let quarantine = manner.note(Check::Address, admitted)?;
        manner.note(Check::Route, self.find_route(grounds, asked))?;
        manner.note(Check::Scopes, self.check_scopes(&caller))?;
        let taken = self.take_confined(quarantine, asked, manner, |found, manner| {
            found.take_from_limits(grounds, asked, &caller, manner)
        });
        manner.note(Check::Limits, taken)
    }

    /// Takes from limits within what a quarantine leaves, where there is one: what they refuse, or cannot say yet, was not
    /// taken of it.
    fn take_confined<M: Manner<'a>>(
        &mut self,
        quarantine: Option<&Quarantine>,
        asked: &Asked<'_>,
        manner: &mut M,
        take: impl FnOnce(&mut Self, &mut M) -> Result<(), RefusalReason>,
    ) -> Result<(), RefusalReason> {
        let Some(quarantine) = quarantine else { return take(self, manner) };
        // A call that costs nothing only looks.
        let takes = asked.call.cost != Some(0);
        if takes && let Err(wait_seconds) = manner.take_confined(quarantine, micros(asked.now)) {
            self.decision.retry_after_seconds = Some(wait_seconds);
            return Err(RefusalReason::RateLimited);
        }
        let taken = take(self, manner);
        if takes && (taken.is_err() || self.short.is_some()) {
            manner.give_back(quarantine);
        }
        taken
    }

    fn find_caller(
        &mut self,
        grounds: &Grounds<'a>,
        asked: &Asked<'_>,
        manner: &mut impl Manner<'a>,
    ) -> Result<Caller<'a>, RefusalReason> {
        let caller = manner.find_caller(grounds, asked.call.secret)?;
        self.know(caller);
        Ok(caller)
    }

    fn know(&mut self, caller: Caller<'a>) {
        let has_key = caller.slot != KeySlot::NONE;
        self.caller = Some(caller);
        self.decision.client_id = caller.client.map(|client| client.id);
        self.decision.key_id = has_key.then_some(caller.key.id);
        self.decision.secret_version = has_key.then_some(caller.version);
        self.decision.scopes = caller.scopes();
    }

    fn check_scopes(&self, caller: &Caller<'_>) -> Result<(), RefusalReason> {
        match self.route {
            Some((_, route)) if !route.required.iter().all(|scope| caller.holds(scope)) => {
                Err(RefusalReason::MissingScope)
            }
            Some(_) | None => Ok(()),
        }
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
        self.decision.route_id = routes.get(slot).map(|route| route.id);
        Ok(())
    }

    fn take_from_limits(
        &mut self,
        grounds: &Grounds<'a>,
        asked: &Asked<'_>,
        caller: &Caller<'a>,
        manner: &mut impl Manner<'a>,
    ) -> Result<(), RefusalReason> {
        let cost = cost::of(asked.call, self.route.map(|(_, route)| route));
        let limited = Limited {
            caller,
            route: self.route_slot(),
            environment: asked.environment,
            cost: u64::from(cost),
            now: asked.now,
            patience: asked.patience,
        };
        match limited.take(grounds, &mut self.decision.limits, &mut self.shadowed, manner) {
            Ok(()) => Ok(()),
            Err(NotTaken::Refused(refused)) => {
                self.decision.retry_after_seconds = Some(refused.retry_after_seconds);
                Err(refused.reason)
            }
            Err(NotTaken::Short(shortage)) => {
                self.short = Some(shortage);
                Ok(())
            }
        }
    }

    pub(crate) fn route_slot(&self) -> RouteSlot {
        self.route.map_or(RouteSlot::NONE, |(slot, _)| slot)
    }

    fn verdict(self, asked: &Asked<'_>) -> Verdict {
        let counted = Counted {
            client: self.caller.map_or(ClientSlot::NONE, |caller| caller.key.client),
            key: self.caller.map_or(KeySlot::NONE, |caller| caller.slot),
            secret_version: self.caller.map_or(0, |caller| caller.version),
            route: self.route_slot(),
            environment: asked.environment,
            outcome: self.decision.outcome,
        };
        Verdict { decision: self.decision, counted, shadowed: self.shadowed, short: self.short }
    }
}

#[cfg(test)]
mod tests;
