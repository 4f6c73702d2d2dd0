//! Explains what would be decided about a call, by the very questions that decide it.

mod candidates;
mod standing;

use domain::{
    Timestamp,
    decision::RefusalReason,
    explain::{Check, CheckOutcome, Checked, RouteCandidate, ScopesHeld},
};

pub(crate) use self::{
    candidates::{Scales, candidates, same_place},
    standing::standing,
};
use crate::{
    counters::{Ask, Moment, Reserved, account_text},
    decide::{Caller, Findings, Grounds, Manner},
    index::{
        assignments::{Weighed, Weighing},
        keys::quarantine::Quarantine,
    },
    path,
    quota::shared::Patience,
};

/// Routes that are listed for one call.
const ROUTES_MAX: usize = 50;

/// Whose call is explained.
#[derive(Clone, Copy)]
pub(crate) enum Who<'a> {
    Nobody(RefusalReason),
    Proven(Caller<'a>),
    /// Named, without a secret that proves it.
    Named(Caller<'a>),
}

/// The total of a shared quota, by the name of its account.
pub(crate) type Totals<'a> = &'a dyn Fn(&str) -> Option<i64>;

/// Goes through a call and takes nothing.
pub(crate) struct Explaining<'a> {
    who: Who<'a>,
    totals: Totals<'a>,
    checks: Vec<Checked>,
    pub(crate) scales: Scales,
}

impl<'a> Explaining<'a> {
    pub(crate) fn new(who: Who<'a>, totals: Totals<'a>) -> Self {
        Self { who, totals, checks: vec![], scales: Scales::default() }
    }

    /// Every check: those after the one that failed were not reached.
    pub(crate) fn checks(&self) -> Vec<Checked> {
        let made = |check: &Check| self.checks.iter().find(|made| made.check == *check).copied();
        let not_reached = |check| Checked { check, outcome: CheckOutcome::NotReached, reason: None };
        Check::ALL.iter().map(|check| made(check).unwrap_or_else(|| not_reached(*check))).collect()
    }
}

impl Weighing for Explaining<'_> {
    fn weigh(&mut self, weighed: Weighed<'_>) {
        self.scales.weigh(weighed);
    }
}

impl<'a> Manner<'a> for Explaining<'a> {
    fn find_caller(&mut self, _: &Grounds<'a>, _: Option<&str>) -> Result<Caller<'a>, RefusalReason> {
        match self.who {
            Who::Nobody(reason) => Err(reason),
            Who::Proven(caller) | Who::Named(caller) => Ok(caller),
        }
    }

    fn note<T>(&mut self, check: Check, answer: Result<T, RefusalReason>) -> Result<T, RefusalReason> {
        let outcome = match (&answer, check, self.who) {
            (Err(_), _, _) => CheckOutcome::Failed,
            (Ok(_), Check::Secret, Who::Named(_)) => CheckOutcome::Assumed,
            (Ok(_), _, _) => CheckOutcome::Passed,
        };
        self.checks.push(Checked { check, outcome, reason: answer.as_ref().err().copied() });
        answer
    }

    fn take_confined(&mut self, quarantine: &Quarantine, now_us: i64) -> Result<(), u64> {
        quarantine.look(now_us)
    }

    fn give_back(&mut self, _: &Quarantine) {}

    fn reserve(&mut self, grounds: &Grounds<'a>, asks: &[Ask<'_>], now: Moment, _: Patience) -> Reserved {
        grounds.counters.look(asks, now, |account, limit| {
            let epoch = grounds.index.resets.epoch(account, limit);
            account_text(account, limit, epoch, grounds.index).and_then(|name| (self.totals)(&name))
        })
    }
}

/// The scopes that the route requires and the caller holds; none before both are found.
pub(crate) fn scopes(found: &Findings<'_>) -> Option<ScopesHeld> {
    let (caller, (_, route)) = (found.caller?, found.route?);
    let required: Vec<_> = route.required.iter().cloned().collect();
    let missing = required.iter().filter(|scope| !caller.holds(scope)).cloned().collect();
    Some(ScopesHeld { required, held: caller.scopes().to_vec(), missing })
}

/// The routes whose templates fit, the one that takes the call first.
pub(crate) fn routes(
    grounds: &Grounds<'_>,
    host: Option<&str>,
    method: &str,
    path: &str,
) -> Vec<RouteCandidate> {
    let Ok(path) = path::normalise(path) else { return vec![] };
    let fitting = grounds.index.routes.fitting(host, method, &path);
    let mut routes: Vec<_> = fitting.map(|(route_id, fate)| RouteCandidate { route_id, fate }).collect();
    routes.sort_by_key(|route| (route.fate, route.route_id));
    routes.truncate(ROUTES_MAX);
    routes
}

/// As an explanation has a moment that the index holds in microseconds.
pub(crate) fn moment(micros: i64) -> Option<Timestamp> {
    (micros != i64::MIN && micros != i64::MAX).then(|| Timestamp::from_microsecond(micros).ok()).flatten()
}
