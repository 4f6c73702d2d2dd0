//! Levels of quotas, named, and no more in a batch than it has room for.

use domain::{Timestamp, rate_limit_policy::Counting, usage::QuotaLevel};
use hashbrown::HashSet;
use rustc_hash::FxBuildHasher;

use crate::{
    Gateway,
    counters::{AccountKey, Changed, CounterPlace, KeptState, Taken, Told, Use},
    index::{
        Index,
        limits::{Limit, PolicyEntry, Rule},
        slots::{ClientSlot, KeySlot, LimitSlot, RouteSlot},
    },
    usage::NAMED_AT_ONCE,
};

/// Levels in one batch, some 400 bytes each. What has no room is told by the next, as it is by then.
pub(super) const LEVELS_MAX: usize = 500;

pub(super) type Owed = HashSet<CounterPlace, FxBuildHasher>;

impl Gateway {
    /// What counters have to tell that have changed, or rest, or had no room before; at most so many.
    pub(super) fn quota_levels(&self, owed: &mut Owed, taken: Taken, mut room: usize) -> Vec<QuotaLevel> {
        let Taken { changed, resting } = taken;
        let before = std::mem::take(owed);
        let news = changed.iter().filter_map(of_quota).chain(resting).filter(|place| !before.contains(place));
        let places: Vec<CounterPlace> = before.iter().copied().chain(news).collect();
        let mut levels = vec![];
        for some in places.chunks(NAMED_AT_ONCE) {
            let index = self.index.read();
            for place in some {
                let Some((policy, limit)) = quota(place.1, &index) else { continue };
                match self.counters.tell(place, limit.requests, room > 0) {
                    Told::Nothing => {}
                    Told::Later => {
                        owed.insert(*place);
                    }
                    Told::Use(told) => {
                        room = room.saturating_sub(1);
                        levels.extend(level(&place.0, &told, policy, limit, &index));
                    }
                }
            }
        }
        levels
    }
}

fn of_quota(Changed { account, limit, state }: &Changed) -> Option<CounterPlace> {
    state.as_ref().is_some_and(KeptState::is_quota).then_some((*account, *limit))
}

/// A quota of a policy in force.
fn quota(slot: LimitSlot, index: &Index) -> Option<(&PolicyEntry, &Limit)> {
    let (policy, _) = index.policies.limit_of(slot)?;
    let policy = index.policies.get(policy).filter(|policy| policy.active)?;
    let limit = policy.quotas.iter().find(|limit| limit.slot == slot)?;
    matches!(limit.rule, Rule::Calendar(_) | Rule::Rolling(_)).then_some((policy, limit))
}

/// None when the index does not know what is counted.
fn level(
    account: &AccountKey,
    told: &Use,
    policy: &PolicyEntry,
    limit: &Limit,
    index: &Index,
) -> Option<QuotaLevel> {
    let AccountKey { environment, route, counting, subject } = *account;
    let Use { epoch, used, window: (start, end) } = *told;
    let key = match counting {
        Counting::Key => Some(index.keys.get(KeySlot(subject))?),
        Counting::Client | Counting::Shared => None,
    };
    let client = match counting {
        Counting::Client => Some(index.clients.get(ClientSlot(subject))?),
        Counting::Key => key.and_then(|key| index.clients.get(key.client)),
        Counting::Shared => None,
    };
    let route = if route == RouteSlot::NONE { None } else { Some(index.routes.get(route)?.id) };
    Some(QuotaLevel {
        policy_id: policy.id,
        policy_revision: policy.revision,
        limit: limit.name.clone(),
        environment: index.environments.name(environment)?.clone(),
        counting,
        client_id: client.map(|client| client.id),
        key_id: key.map(|key| key.id),
        route_id: route,
        window_start: Timestamp::from_second(start).ok()?,
        window_end: Timestamp::from_second(end).ok()?,
        epoch,
        used,
        allowed: limit.requests,
    })
}

#[cfg(test)]
mod tests;
