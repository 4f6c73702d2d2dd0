//! Limits: which bind the call, and whether all of them grant it.

use domain::{
    Timestamp,
    decision::{LimitKind, LimitStatus, RefusalReason},
    rate_limit_policy::Counting,
};
use smallvec::SmallVec;

use super::{Grounds, Manner, caller::Caller};
use crate::{
    counters::{AccountKey, Ask, Moment, Reading, Reserved},
    index::{
        assignments::{Binding, Target},
        limits::Limit,
        micros,
        slots::{ClientSlot, EnvironmentSlot, KeySlot, LimitSlot, RouteSlot},
    },
    quota::shared::Patience,
    shadow::Shadowed,
    sharing::Shortage,
};

/// A call that everything but its limits allows.
pub(super) struct Limited<'call, 'a> {
    pub(super) caller: &'call Caller<'a>,
    /// NONE when no route matched.
    pub(super) route: RouteSlot,
    pub(super) environment: EnvironmentSlot,
    pub(super) cost: u64,
    pub(super) now: Timestamp,
    pub(super) patience: Patience,
}

/// Why nothing was taken.
pub(super) enum NotTaken {
    Refused(Refused),
    /// It is not known yet.
    Short(Shortage),
}

/// A no of the limits.
pub(super) struct Refused {
    pub(super) reason: RefusalReason,
    pub(super) retry_after_seconds: u64,
}

impl<'a> Limited<'_, 'a> {
    /// Takes the cost from every enforced limit, or from none. Shadowed ones are asked when these have granted it,
    /// and are taken from together too, as they would be if they were enforced.
    pub(super) fn take(
        &self,
        grounds: &Grounds<'a>,
        statuses: &mut SmallVec<[LimitStatus; 4]>,
        shadowed: &mut SmallVec<[Shadowed; 4]>,
        manner: &mut impl Manner<'a>,
    ) -> Result<(), NotTaken> {
        let Some(client) = self.caller.client else { return Ok(()) };
        let call =
            Target { client: self.caller.key.client, route: self.route, environment: self.environment };
        let index = grounds.index;
        let bindings =
            index.assignments.resolve(&index.policies, call, Some(client), micros(self.now), manner);
        self.reserve(grounds, &bindings.enforced, self.patience, statuses, manner)?;
        if bindings.shadowed.is_empty() {
            return Ok(());
        }
        let enforced = statuses.len();
        // Nothing comes of what these say: it stands in the statuses, and is counted.
        let _asked = self.reserve(grounds, &bindings.shadowed, Patience::Shadow, statuses, manner);
        note(&bindings.shadowed, statuses.get(enforced..).unwrap_or_default(), shadowed);
        Ok(())
    }

    fn reserve(
        &self,
        grounds: &Grounds<'a>,
        bindings: &[Binding<'_>],
        patience: Patience,
        statuses: &mut SmallVec<[LimitStatus; 4]>,
        manner: &mut impl Manner<'a>,
    ) -> Result<(), NotTaken> {
        let resets = Some(&grounds.index.resets);
        let mut asks: SmallVec<[Ask<'_>; 4]> = SmallVec::new();
        for binding in bindings {
            let (account, revision) = (self.account(binding), binding.policy.revision);
            for limit in binding.limits() {
                asks.push(Ask { account, resets, limit, revision, cost: self.cost });
            }
        }
        if asks.is_empty() {
            return Ok(());
        }
        let readings = match manner.reserve(grounds, &asks, Moment::from(self.now), patience) {
            Reserved::Settled(readings) => readings,
            Reserved::Short(shortage) => return Err(NotTaken::Short(shortage)),
        };
        let mut readings = readings.iter();
        let mut refused = None;
        for binding in bindings {
            for (limit, reading) in binding.limits().zip(&mut readings) {
                statuses.push(status(binding, limit, reading));
                refused = Refused::also(refused, binding.kind, reading);
            }
        }
        refused.map_or(Ok(()), |refused| Err(NotTaken::Refused(refused)))
    }

    fn account(&self, binding: &Binding<'_>) -> AccountKey {
        account(binding, self.environment, self.caller.key.client, self.caller.slot)
    }
}

/// Whose calls are counted together under a policy that binds.
pub(crate) fn account(
    binding: &Binding<'_>,
    environment: EnvironmentSlot,
    client: ClientSlot,
    key: KeySlot,
) -> AccountKey {
    let keyless = key == KeySlot::NONE;
    let counting = match binding.policy.counting {
        // A client that was named without a key: the calls of all such clients would be counted as one key's.
        Counting::Key if keyless => Counting::Client,
        counting @ (Counting::Client | Counting::Key | Counting::Shared) => counting,
    };
    let subject = match counting {
        Counting::Client => client.0,
        Counting::Key => key.0,
        Counting::Shared => binding.policy_slot.0,
    };
    AccountKey { environment, route: binding.route, counting, subject }
}

/// Tells what each limit of the policies in shadow said, and what each policy did.
fn note(bindings: &[Binding<'_>], statuses: &[LimitStatus], shadowed: &mut SmallVec<[Shadowed; 4]>) {
    let mut statuses = statuses.iter();
    for binding in bindings {
        let (policy, revision) = (binding.policy_slot, binding.policy.revision);
        for (limit, status) in binding.limits().zip(&mut statuses) {
            let refused = status.refused;
            shadowed.push(Shadowed { policy, revision, limit: limit.slot, refused });
            let all = |said: &&mut Shadowed| said.policy == policy && said.limit == LimitSlot::NONE;
            match shadowed.iter_mut().find(all) {
                Some(all) => all.refused |= refused,
                None => shadowed.push(Shadowed { policy, revision, limit: LimitSlot::NONE, refused }),
            }
        }
    }
}

fn status(binding: &Binding<'_>, limit: &Limit, reading: &Reading) -> LimitStatus {
    let Reading { window_seconds, remaining, reset_seconds, wait_seconds, unavailable: _ } = *reading;
    LimitStatus {
        name: limit.name.clone(),
        kind: binding.kind,
        policy_id: binding.policy.id,
        policy_revision: binding.policy.revision,
        assignment_id: binding.assignment_id,
        assigned_at: binding.assigned_at,
        mode: binding.policy.mode,
        requests: limit.requests,
        window_seconds,
        remaining,
        reset_seconds,
        refused: wait_seconds.is_some(),
    }
}

impl Refused {
    /// The gravest news is told: a quota used up before one that cannot be asked, that before a rate. The wait is the
    /// longest of all that refused.
    fn also(before: Option<Self>, kind: LimitKind, reading: &Reading) -> Option<Self> {
        let Some(wait) = reading.wait_seconds else { return before };
        let reason = match kind {
            LimitKind::Quota if reading.unavailable => RefusalReason::QuotaUnavailable,
            LimitKind::Quota => RefusalReason::QuotaExceeded,
            LimitKind::Rate => RefusalReason::RateLimited,
        };
        const GRAVITY: [RefusalReason; 3] =
            [RefusalReason::RateLimited, RefusalReason::QuotaUnavailable, RefusalReason::QuotaExceeded];
        let gravity = |reason| GRAVITY.iter().position(|told| *told == reason);
        let (told, waited) = before.map_or((reason, 1), |before| (before.reason, before.retry_after_seconds));
        let reason = if gravity(reason) > gravity(told) { reason } else { told };
        Some(Self { reason, retry_after_seconds: waited.max(wait) })
    }
}
