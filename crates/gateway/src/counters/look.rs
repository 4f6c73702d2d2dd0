//! Looks at counters without changing them.

use domain::Position;
use smallvec::SmallVec;

use super::{AccountKey, Ask, Counter, Counters, Moment, Reserved, state::Answer};
use crate::{
    index::{
        limits::Limit,
        slots::{LimitSlot, wide},
    },
    quota::shared::{Around, Patience},
};

impl Counters {
    /// What would become of the asks, and where each would stand then. Nothing is taken; of a shared quota, what the pool
    /// has is given by `total`, as far as it is known.
    pub(crate) fn look(
        &self,
        asks: &[Ask<'_>],
        now: Moment,
        total: impl Fn(&AccountKey, LimitSlot) -> Option<i64>,
    ) -> Reserved {
        let around = self.unhurried(now);
        let mut seen: SmallVec<[(Counter, Answer); 4]> = SmallVec::new();
        for Ask { account, limit, revision, cost, .. } in asks {
            let total = total(account, limit.slot);
            let counter = self.copy(account, limit, *revision, now, &around, total);
            let answer = counter.ask(limit, *cost, now, &around);
            seen.push((counter, answer));
        }
        let granted = seen.iter().all(|(_, answer)| *answer == Answer::Granted);
        let mut readings = SmallVec::new();
        for ((mut counter, answer), Ask { limit, cost, .. }) in seen.into_iter().zip(asks) {
            if granted {
                counter.take(&limit.rule, *cost, now, &around);
            }
            readings.push(counter.reading(limit, now, &around).after(answer));
        }
        Reserved::Settled(readings)
    }

    /// As for a call that could wait for the pool as long as it takes; without a pool, for one that cannot.
    pub(crate) fn unhurried(&self, now: Moment) -> Around {
        let around = self.around(now, Patience::Shadow);
        let patience = if around.alone_since.is_some() { Patience::Spent } else { Patience::Shadow };
        Around { patience, ..around }
    }

    /// A counter as it would be found by a call at this moment.
    #[expect(clippy::too_many_arguments, reason = "what a call is asked about, and what is around it")]
    pub(crate) fn copy(
        &self,
        account: &AccountKey,
        limit: &Limit,
        revision: u32,
        now: Moment,
        around: &Around,
        total: Option<i64>,
    ) -> Counter {
        let held = self.held(account, limit.slot).map(|(_, counter)| counter);
        let mut counter = held.unwrap_or_else(|| Counter::fresh(&limit.rule, revision, now, around));
        counter.bring_to(limit, revision, now, around);
        if let (Counter::Shared(shared), Some(total)) = (&mut counter, total) {
            shared.hear(shared.count().window(), total, now.ns);
        }
        counter
    }

    /// A counter as it was left, and where it began.
    pub(crate) fn held(&self, account: &AccountKey, limit: LimitSlot) -> Option<(Position, Counter)> {
        let shard = self.shards.get(wide(account.shard()))?.lock();
        let held = shard.accounts.get(account)?;
        held.counters.get(held.find(limit)?).map(|held| (held.epoch, held.counter.clone()))
    }
}
