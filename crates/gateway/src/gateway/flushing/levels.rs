//! Levels of quotas, named, and no more in a batch than it has room for.

use std::collections::VecDeque;

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

/// Counters that have a level to tell, for which there was no room: the oldest first, each once. There may be millions of them, of which a flush
/// looks at those that it has room for.
#[derive(Debug, Default)]
pub(super) struct Owed {
    order: VecDeque<CounterPlace>,
    places: Places,
}

type Places = HashSet<CounterPlace, FxBuildHasher>;

impl Owed {
    fn push(&mut self, place: CounterPlace) {
        if self.places.insert(place) {
            self.order.push_back(place);
        }
    }

    fn pop(&mut self) -> Option<CounterPlace> {
        let place = self.order.pop_front()?;
        self.places.remove(&place);
        Some(place)
    }
}

/// The levels of a batch as they come together.
struct Levels<'of> {
    gateway: &'of Gateway,
    room: usize,
    told: Vec<QuotaLevel>,
}

impl Gateway {
    /// What counters have to tell that had no room before, have changed, or rest; at most so many.
    pub(super) fn quota_levels(&self, owed: &mut Owed, taken: Taken, room: usize) -> Vec<QuotaLevel> {
        let Taken { changed, resting } = taken;
        let mut levels = Levels { gateway: self, room, told: vec![] };
        let looked_at = levels.tell_owed(owed);
        let known = |place: &CounterPlace| looked_at.contains(place) || owed.places.contains(place);
        let news = changed.iter().filter_map(of_quota).chain(resting).filter(|place| !known(place));
        let news: Vec<CounterPlace> = news.collect();
        levels.tell_news(&news, owed);
        levels.told
    }
}

impl Levels<'_> {
    /// As long as there is room; which were looked at.
    fn tell_owed(&mut self, owed: &mut Owed) -> Places {
        let mut looked_at = Places::default();
        while self.room > 0 && !owed.order.is_empty() {
            let index = self.gateway.index.read();
            for _ in 0..NAMED_AT_ONCE {
                let Some(place) = (self.room > 0).then(|| owed.pop()).flatten() else { break };
                looked_at.insert(place);
                self.tell(&place, &index);
            }
        }
        looked_at
    }

    fn tell_news(&mut self, news: &[CounterPlace], owed: &mut Owed) {
        for some in news.chunks(NAMED_AT_ONCE) {
            let index = self.gateway.index.read();
            for place in some {
                if self.tell(place, &index) {
                    owed.push(*place);
                }
            }
        }
    }

    /// Answers whether it is still to be told.
    fn tell(&mut self, place: &CounterPlace, index: &Index) -> bool {
        let Some((policy, limit)) = quota(place.1, index) else { return false };
        match self.gateway.counters.tell(place, limit.requests, self.room > 0) {
            Told::Nothing => false,
            Told::Later => true,
            Told::Use(told) => {
                self.room = self.room.saturating_sub(1);
                self.told.extend(level(&place.0, &told, policy, limit, index));
                false
            }
        }
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
