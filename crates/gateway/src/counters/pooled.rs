//! Shared quotas among the counters: who wants more of the pool, and what the pool answered.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use domain::Position;
use parking_lot::Mutex;
use smallvec::SmallVec;
use tokio::sync::Notify;

use super::{AccountKey, Answer, Ask, Counter, Counters, Held, Locked, Moment, runs};
use crate::{
    index::slots::{LimitSlot, wide},
    quota::{
        SharedCount,
        shared::{Around, Asked, Patience},
    },
    sharing::{SharedQuotas, Shortage},
};

/// A shared quota of one account.
pub(crate) type Wanting = (AccountKey, LimitSlot);

/// What shared quotas have in common.
#[derive(Debug)]
pub(crate) struct Pooled {
    pub(crate) settings: SharedQuotas,
    /// Since when the pool does not answer, in Unix nanoseconds.
    alone_since: AtomicI64,
    /// Those that are to ask the pool, each once.
    wanting: Mutex<Vec<Wanting>>,
    wanted: Arc<Notify>,
}

const ANSWERS: i64 = i64::MIN;

impl Pooled {
    pub(super) fn new(settings: SharedQuotas) -> Self {
        Self {
            settings,
            alone_since: AtomicI64::new(ANSWERS),
            wanting: Mutex::default(),
            wanted: Arc::default(),
        }
    }

    pub(crate) fn alone_since(&self) -> Option<i64> {
        Some(self.alone_since.load(Ordering::Relaxed)).filter(|since| *since != ANSWERS)
    }

    /// Notes that the pool does not answer. Whether that is news: an outage goes on as the same.
    pub(crate) fn alone(&self, now: Moment) -> bool {
        let news = self.alone_since().is_none();
        if news {
            self.alone_since.store(now.ns.max(ANSWERS + 1), Ordering::Relaxed);
        }
        news
    }

    pub(crate) fn rejoin(&self) {
        self.alone_since.store(ANSWERS, Ordering::Relaxed);
    }

    pub(crate) fn wanted(&self) -> Arc<Notify> {
        Arc::clone(&self.wanted)
    }

    pub(crate) fn take_wanting(&self) -> Vec<Wanting> {
        std::mem::take(&mut *self.wanting.lock())
    }
}

impl Counters {
    pub(crate) fn pooled(&self) -> Option<&Pooled> {
        self.pooled.as_ref()
    }

    /// Has the pool asked for these.
    pub(super) fn want(&self, wanting: SmallVec<[Wanting; 1]>) {
        let Some(pooled) = self.pooled.as_ref().filter(|_| !wanting.is_empty()) else { return };
        pooled.wanting.lock().extend(wanting);
        pooled.wanted.notify_one();
    }

    /// Notes that a call waits for every quota of which too little is reserved. It is woken by the first of them.
    pub(super) fn wait_for(
        &self,
        shards: &mut Locked<'_>,
        asks: &[Ask<'_>],
        now: Moment,
        around: &Around,
    ) -> Option<Shortage> {
        let (mut shortage, mut wanting) = (None, SmallVec::new());
        for run in runs(asks) {
            let Some(shard) = shards.of(run) else { continue };
            for ask @ Ask { account, limit, cost, .. } in run {
                let Some(held) = shard.accounts.get_mut(account) else { continue };
                let counter = held.counter(ask, now, around);
                if counter.ask(limit, *cost, now, around) != Answer::Short {
                    continue;
                }
                if let Counter::Shared(shared) = counter {
                    let (arrived, queue) = shared.wait_for(*cost, around);
                    // Registered while the lock is held: no answer can come in between.
                    shortage.get_or_insert_with(|| Shortage::new(arrived.notified_owned()));
                    wanting.extend(queue.then_some((*account, limit.slot)));
                }
            }
        }
        self.want(wanting);
        shortage
    }

    /// What to ask the pool for; None when there is nothing or it is being asked.
    pub(crate) fn begin(&self, wanting: Wanting, now: Moment, only_tell: bool) -> Option<Asked> {
        let around = self.around(now, Patience::Spent);
        self.shared(wanting, |shared, epoch| shared.begin(&around, only_tell).map(|asked| asked.since(epoch)))
            .flatten()
    }

    /// Takes the pool's answer over. What goes back, and whether there is more to ask.
    pub(crate) fn arrive(&self, wanting: Wanting, asked: Asked, total: i64, now: Moment) -> (u64, bool) {
        let around = self.around(now, Patience::Spent);
        // What a reset has begun anew since has nothing to do with the answer.
        let answer = self.shared(wanting, |shared, epoch| {
            let (answers, was_used_up) = (epoch == asked.epoch, shared.is_used_up());
            let back = if answers { shared.arrive(asked, total, &around) } else { 0 };
            ((back, shared.owes()), shared.is_used_up() && !was_used_up)
        });
        let (answer, is_end) = answer.unwrap_or_default();
        if asked.settles() || is_end {
            self.note_changed(wanting.0);
        }
        answer
    }

    /// Takes over what the pool's total has become.
    pub(crate) fn hear(&self, wanting: Wanting, of: Position, window: (i64, i64), total: i64, now: Moment) {
        let is_end = self.shared(wanting, |shared, epoch| {
            let was_used_up = shared.is_used_up();
            if epoch == of {
                shared.hear(window, total, now.ns);
            }
            shared.is_used_up() && !was_used_up
        });
        if is_end == Some(true) {
            self.note_changed(wanting.0);
        }
    }

    /// What was told to the pool must not be told again after a restart; and at the end of a quota every gateway says what
    /// its part of it was.
    fn note_changed(&self, account: AccountKey) {
        let Some(mut shard) = self.shards.get(wide(account.shard())).map(|shard| shard.lock()) else {
            return;
        };
        if let Some(held) = shard.accounts.get_mut(&account).filter(|held| !held.changed) {
            held.changed = true;
            shard.changed.push(account);
        }
    }

    /// Lets the calls go on that wait for this.
    pub(crate) fn let_go(&self, wanting: Wanting) {
        self.shared(wanting, |shared, _| shared.let_go());
    }

    /// What is handed back because nobody calls, or the gateway stops; and whether there is still something to do.
    pub(crate) fn look_after(&self, wanting: Wanting, now: Moment, stopping: bool) -> LookedAfter {
        let after = self.shared(wanting, |shared, epoch| LookedAfter {
            handed_back: shared.hand_back(now.ns, stopping).map(|asked| asked.since(epoch)),
            owes: shared.owes(),
            open: shared.is_open(now),
        });
        after.unwrap_or_default()
    }

    fn shared<T>(
        &self,
        (account, limit): Wanting,
        work: impl FnOnce(&mut SharedCount, Position) -> T,
    ) -> Option<T> {
        let mut shard = self.shards.get(wide(account.shard()))?.lock();
        let held = shard.accounts.get_mut(&account)?;
        let at = held.find(limit)?;
        match held.counters.get_mut(at) {
            Some(Held { counter: Counter::Shared(shared), epoch, .. }) => Some(work(shared, *epoch)),
            Some(Held {
                counter: Counter::Rate(..) | Counter::Calendar(_) | Counter::Rolling(_), ..
            })
            | None => None,
        }
    }
}

/// What there is to do for a quota that nobody may call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LookedAfter {
    pub(crate) handed_back: Option<Asked>,
    pub(crate) owes: bool,
    pub(crate) open: bool,
}
