//! Limits: which bind the call, and whether all of them grant it.

use domain::{Timestamp, decision::RefusalReason, rate_limit_policy::Counting};
use smallvec::SmallVec;

use super::{Grounds, caller::Caller};
use crate::{
    call::{LimitKind, LimitStatus},
    counters::{AccountKey, Ask, Moment, Reading},
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
        let mut asks: SmallVec<[Ask<'_>; 4]> = SmallVec::new();
        for binding in bindings {
            let (account, revision) = (self.account(binding), binding.policy.revision);
            for limit in binding.limits() {
                asks.push(Ask { account, limit, revision, cost: self.cost });
            }
        }
        if asks.is_empty() {
            return None;
        }
        let readings = grounds.counters.reserve(&asks, Moment::from(self.now));
        let mut readings = readings.iter();
        let mut refused = None;
        for binding in bindings {
            for (limit, reading) in binding.limits().zip(&mut readings) {
                statuses.push(status(binding, limit, reading));
                refused = Refused::also(refused, binding.kind, reading);
            }
        }
        refused
    }

    fn account(&self, binding: &Binding<'_>) -> AccountKey {
        let counting = binding.policy.counting;
        let subject = match counting {
            Counting::Client => self.caller.key.client.0,
            Counting::Key => self.caller.slot.0,
            Counting::Shared => binding.policy_slot.0,
        };
        AccountKey { environment: self.environment, route: binding.route, counting, subject }
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

impl Refused {
    /// A quota that is used up is the graver news; the wait is the longest of all that refused.
    fn also(before: Option<Self>, kind: LimitKind, reading: &Reading) -> Option<Self> {
        let Some(wait) = reading.wait_seconds else { return before };
        let quota = kind == LimitKind::Quota
            || before.as_ref().is_some_and(|before| before.reason == RefusalReason::QuotaExceeded);
        Some(Self {
            reason: if quota { RefusalReason::QuotaExceeded } else { RefusalReason::RateLimited },
            retry_after_seconds: before.map_or(1, |before| before.retry_after_seconds).max(wait),
        })
    }
}
