//! Limits: which bind the call, and whether all of them grant it.

use domain::{
    Timestamp,
    decision::RefusalReason,
    rate_limit_policy::Counting,
};
use smallvec::SmallVec;

use super::{Grounds, caller::Caller};
use crate::{
    call::{LimitKind, LimitStatus},
    counters::{Ask, CounterKey, Moment, Reading},
    index::{
        assignments::{Binding, Target},
        limits::Limit,
        micros,
        slots::{EnvironmentSlot, RouteSlot},
    },
};

/// A call that everything but its limits allows.
pub(super) struct Limited<'a> {
    pub(super) caller: &'a Caller<'a>,
    /// NONE when no route matched.
    pub(super) route: RouteSlot,
    pub(super) environment: EnvironmentSlot,
    pub(super) cost: u64,
    pub(super) now: Timestamp,
}

/// A no of the limits.
pub(super) struct Refused {
    pub(super) reason: RefusalReason,
    pub(super) retry_after_seconds: u64,
}

impl Limited<'_> {
    /// Takes the cost from every enforced limit, or from none. Shadowed ones are asked when these have granted it,
    /// and are taken from together too, as they would be if they were enforced.
    pub(super) fn take(
        &self,
        grounds: &Grounds<'_>,
        statuses: &mut SmallVec<[LimitStatus; 4]>,
    ) -> Result<(), Refused> {
        let Some(client) = self.caller.client else { return Ok(()) };
        let call =
            Target { client: self.caller.key.client, route: self.route, environment: self.environment };
        let index = grounds.index;
        let bindings = index.assignments.resolve(&index.policies, call, client, micros(self.now));
        let refused = self.reserve(grounds, &bindings.enforced, statuses);
        if refused.is_none() {
            self.reserve(grounds, &bindings.shadowed, statuses);
        }
        refused.map_or(Ok(()), Err)
    }

    fn reserve(
        &self,
        grounds: &Grounds<'_>,
        bindings: &[Binding<'_>],
        statuses: &mut SmallVec<[LimitStatus; 4]>,
    ) -> Option<Refused> {
        let limits = || bindings.iter().flat_map(|binding| binding.limits().map(move |limit| (binding, limit)));
        let asks: SmallVec<[Ask<'_>; 4]> = limits().map(|(binding, limit)| self.ask(binding, limit)).collect();
        if asks.is_empty() {
            return None;
        }
        let readings = grounds.counters.reserve(&asks, Moment::from(self.now));
        statuses.extend(limits().zip(&readings).map(|((binding, limit), reading)| status(binding, limit, reading)));
        refusal(limits().map(|(binding, _)| binding.kind).zip(&readings))
    }

    fn ask<'index>(&self, binding: &Binding<'index>, limit: &'index Limit) -> Ask<'index> {
        let counting = binding.policy.counting;
        let subject = match counting {
            Counting::Client => self.caller.key.client.0,
            Counting::Key => self.caller.slot.0,
            Counting::Shared => 0,
        };
        let key =
            CounterKey { limit: limit.slot, environment: self.environment, route: binding.route, counting, subject };
        Ask { key, limit, revision: binding.policy.revision, cost: self.cost }
    }
}

fn status(binding: &Binding<'_>, limit: &Limit, reading: &Reading) -> LimitStatus {
    let Reading { window_seconds, remaining, reset_seconds, wait_seconds } = *reading;
    LimitStatus {
        name: limit.name.clone(),
        kind: binding.kind,
        policy_id: binding.policy.id,
        policy_revision: binding.policy.revision,
        assignment_id: binding.assignment_id,
        mode: binding.policy.mode,
        requests: limit.requests,
        window_seconds,
        remaining,
        reset_seconds,
        refused: wait_seconds.is_some(),
    }
}

/// A quota that is used up is the graver news; the wait is the longest of all that refused.
fn refusal<'a>(readings: impl Iterator<Item = (LimitKind, &'a Reading)>) -> Option<Refused> {
    let mut refused: Option<Refused> = None;
    for (kind, reading) in readings {
        let Some(wait) = reading.wait_seconds else { continue };
        let before = refused.as_ref();
        let quota = kind == LimitKind::Quota || before.is_some_and(|no| no.reason == RefusalReason::QuotaExceeded);
        refused = Some(Refused {
            reason: if quota { RefusalReason::QuotaExceeded } else { RefusalReason::RateLimited },
            retry_after_seconds: before.map_or(1, |no| no.retry_after_seconds).max(wait),
        });
    }
    refused
}
