//! Counters: what was taken from each limit by each of those who are counted apart.

mod levels;
mod look;
mod pooled;
mod rows;
mod state;

use std::sync::atomic::{AtomicU32, Ordering};

use domain::{Position, rate_limit_policy::Counting};
use hashbrown::HashMap;
use parking_lot::{Mutex, MutexGuard};
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;

use self::{
    levels::Said,
    state::{Answer, CounterState},
};
pub(crate) use self::{
    levels::{CounterPlace, Told, Use},
    pooled::{Pooled, Wanting},
    rows::{account_text, find_key, key_text, read_key},
    state::{Counter, KeptState, Moment},
};
use crate::{
    index::{
        limits::Limit,
        resets::{Reset, Resets},
        slots::{EnvironmentSlot, LimitSlot, RouteSlot, wide},
    },
    quota::shared::{Around, Patience},
    sharing::{SharedQuotas, Shortage},
};

/// Those who are counted apart. The environment is part of it: test traffic never eats what production was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AccountKey {
    pub(crate) environment: EnvironmentSlot,
    /// NONE unless the assignment names the route.
    pub(crate) route: RouteSlot,
    pub(crate) counting: Counting,
    /// The slot of the client or the key; of the policy when all it binds are counted together.
    pub(crate) subject: u32,
}

impl AccountKey {
    /// Accounts of one client or key lie together, so that most calls take one lock.
    fn shard(&self) -> u32 {
        // Slots are consecutive; the golden ratio spreads them.
        self.subject.wrapping_mul(0x9e37_79b9) >> (32 - SHARD_BITS)
    }
}

/// What is asked of one limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'index> {
    pub(crate) account: AccountKey,
    /// Where a counter that begins finds when it does; none where no limit was ever reset.
    pub(crate) resets: Option<&'index Resets>,
    pub(crate) limit: &'index Limit,
    /// The policy's.
    pub(crate) revision: u32,
    pub(crate) cost: u64,
}

/// Where one counter stands after it was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) window_seconds: u64,
    pub(crate) remaining: u64,
    pub(crate) reset_seconds: u64,
    /// How long to wait, of a limit that refused.
    pub(crate) wait_seconds: Option<u64>,
    /// Whether it refused because the pool could not be asked.
    pub(crate) unavailable: bool,
}

/// What becomes of a call's asks.
#[derive(Debug)]
pub(crate) enum Reserved {
    /// Where each stands, and whether it refused.
    Settled(SmallVec<[Reading; 4]>),
    /// More must be reserved first; nothing was taken.
    Short(Shortage),
}

/// One counter as it is kept over a restart; without state, it is back at its start and forgotten.
#[derive(Debug)]
pub(crate) struct Changed {
    pub(crate) account: AccountKey,
    pub(crate) limit: LimitSlot,
    pub(crate) state: Option<KeptState>,
}

/// What there is to do for counters, some of it for the first time.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) changed: Vec<Changed>,
    /// Those that nobody called for a while, with use that was not told.
    pub(crate) resting: Vec<CounterPlace>,
}

/// All counters.
#[derive(Debug)]
pub(crate) struct Counters {
    shards: Box<[Mutex<Shard>]>,
    /// The shard to be swept next.
    sweep: AtomicU32,
    /// Gateways alive, at least 1: rates and rolling quotas are split among them.
    nodes: AtomicU32,
    /// None where quotas are not shared.
    pooled: Option<Pooled>,
}

const SHARD_BITS: u32 = 8;
const SHARDS: u32 = 1 << SHARD_BITS;
/// With a flush each second, every shard is looked through about once a minute.
const SWEPT_AT_ONCE: u32 = 4;

#[derive(Debug, Default)]
struct Shard {
    accounts: HashMap<AccountKey, Account, FxBuildHasher>,
    /// Those that have changed since they were last taken, each once.
    changed: Vec<AccountKey>,
}

/// The counters of one account lie side by side: a call that asks one of them mostly asks them all.
#[derive(Debug, Default)]
struct Account {
    counters: SmallVec<[Held; 2]>,
    changed: bool,
}

/// One counter of an account.
#[derive(Debug)]
struct Held {
    limit: LimitSlot,
    said: Said,
    /// Where the log last had it begin anew.
    epoch: Position,
    counter: Counter,
}

impl Held {
    fn new(limit: LimitSlot, epoch: Position, counter: Counter) -> Self {
        Self { limit, said: Said::default(), epoch, counter }
    }
}

impl Ask<'_> {
    fn epoch(&self) -> Position {
        self.resets.map_or(Position::START, |resets| resets.epoch(&self.account, self.limit.slot))
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            sweep: AtomicU32::new(0),
            nodes: AtomicU32::new(1),
            pooled: None,
        }
    }
}

impl Counters {
    /// The same with calendar quotas shared.
    pub(crate) fn sharing(self, settings: SharedQuotas) -> Self {
        Self { pooled: Some(Pooled::new(settings)), ..self }
    }

    pub(crate) fn set_nodes(&self, nodes: u32) {
        self.nodes.store(nodes.max(1), Ordering::Relaxed);
    }

    pub(crate) fn nodes(&self) -> u32 {
        self.nodes.load(Ordering::Relaxed)
    }

    pub(crate) fn around(&self, now: Moment, patience: Patience) -> Around {
        let pooled = self.pooled.as_ref();
        Around {
            now_ns: now.ns,
            nodes: self.nodes(),
            when_alone: pooled.map(|pooled| pooled.settings.when_alone).unwrap_or_default(),
            alone_since: pooled.and_then(Pooled::alone_since),
            patience,
            pooled: pooled.is_some(),
        }
    }

    /// Takes the cost from every limit, or from none when one of them refuses or has too little reserved.
    pub(crate) fn reserve(&self, asks: &[Ask<'_>], now: Moment, patience: Patience) -> Reserved {
        let around = self.around(now, patience);
        let mut shards = self.lock(asks);
        let mut readings = SmallVec::new();
        let (mut granted, mut short) = (true, false);
        for asks in runs(asks) {
            let (grants, lacks) =
                shards.of(asks).map_or((false, false), |shard| shard.grants(asks, now, &around));
            granted &= grants;
            short |= lacks;
        }
        if granted
            && short
            && let Some(shortage) = self.wait_for(&mut shards, asks, now, &around)
        {
            return Reserved::Short(shortage);
        }
        for asks in runs(asks) {
            if let Some(shard) = shards.of(asks) {
                let wanting = shard.settle(asks, granted, now, &around, &mut readings);
                self.want(wanting);
            }
        }
        Reserved::Settled(readings)
    }

    /// In ascending order, whoever asks: so nobody waits for one who waits for him.
    fn lock(&self, asks: &[Ask<'_>]) -> Locked<'_> {
        let mut numbers: SmallVec<[u32; 4]> = SmallVec::new();
        for number in runs(asks).filter_map(<[_]>::first).map(|ask| ask.account.shard()) {
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        numbers.sort_unstable();
        let mut locked = SmallVec::new();
        for number in numbers {
            if let Some(shard) = self.shards.get(wide(number)) {
                locked.push((number, shard.lock()));
            }
        }
        Locked(locked)
    }

    /// What has changed since it was last taken. A counter that is back at its start is forgotten; one that still
    /// counts never is.
    pub(crate) fn take_changed(&self, now: Moment) -> Taken {
        let mut taken = Taken::default();
        for shard in &self.shards {
            shard.lock().take_changed(&mut taken.changed);
        }
        let first = self.sweep.fetch_add(SWEPT_AT_ONCE, Ordering::Relaxed);
        for number in first..first.saturating_add(SWEPT_AT_ONCE) {
            if let Some(shard) = self.shards.get(wide(number % SHARDS)) {
                shard.lock().sweep(now, &mut taken);
            }
        }
        taken
    }

    /// Takes kept counters over, unless calls have been counted since.
    pub(crate) fn restore(&self, kept: impl IntoIterator<Item = (AccountKey, LimitSlot, Position, Counter)>) {
        for (account, limit, epoch, counter) in kept {
            if let Some(shard) = self.shards.get(wide(account.shard())) {
                let mut shard = shard.lock();
                let account = shard.accounts.entry(account).or_default();
                if account.find(limit).is_none() {
                    account.counters.push(Held::new(limit, epoch, counter));
                }
            }
        }
    }

    /// Begins counters anew that began before a reset. Said again, it changes nothing.
    pub(crate) fn start_anew(&self, reset: &Reset, at: Position) {
        let Reset { limit, counting, subject, environment } = *reset;
        let any_of = AccountKey { environment, route: RouteSlot::NONE, counting, subject };
        let Some(mut shard) = self.shards.get(wide(any_of.shard())).map(|shard| shard.lock()) else { return };
        for held in
            shard.accounts.iter_mut().filter(|(account, _)| reset.covers(account)).map(|(_, held)| held)
        {
            held.counters.retain(|held| {
                let over = held.limit == limit && held.epoch < at;
                if let (true, Counter::Shared(shared)) = (over, &mut held.counter) {
                    // Who waits for the pool finds the new counter.
                    shared.let_go();
                }
                !over
            });
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let counters = |shard: &Mutex<Shard>| {
            shard.lock().accounts.values().map(|account| account.counters.len()).sum::<usize>()
        };
        self.shards.iter().map(counters).sum()
    }
}

impl Reading {
    fn after(self, answer: Answer) -> Self {
        match answer {
            Answer::Granted | Answer::Short => self,
            Answer::Refused { wait_seconds, unavailable } => {
                Self { wait_seconds: Some(wait_seconds), unavailable, ..self }
            }
        }
    }
}

/// Asks of one account, together.
fn runs<'asks, 'index>(asks: &'asks [Ask<'index>]) -> impl Iterator<Item = &'asks [Ask<'index>]> {
    asks.chunk_by(|one, next| one.account == next.account)
}

/// The shards that one call needs.
struct Locked<'counters>(SmallVec<[(u32, MutexGuard<'counters, Shard>); 2]>);

impl Locked<'_> {
    fn of(&mut self, asks: &[Ask<'_>]) -> Option<&mut Shard> {
        let number = asks.first()?.account.shard();
        self.0.iter_mut().find(|(held, _)| *held == number).map(|(_, shard)| &mut **shard)
    }
}

impl Shard {
    /// Brings the counters of one account to this moment. Whether none of them refuses the cost, and whether one
    /// would have to reserve more.
    fn grants(&mut self, asks: &[Ask<'_>], now: Moment, around: &Around) -> (bool, bool) {
        let Some(first) = asks.first() else { return (true, false) };
        let account = self.accounts.entry(first.account).or_default();
        let (mut granted, mut short) = (true, false);
        for ask @ Ask { limit, revision, cost, .. } in asks {
            let counter = account.counter(ask, now, around);
            counter.bring_to(limit, *revision, now, around);
            match counter.ask(limit, *cost, now, around) {
                Answer::Granted => {}
                Answer::Short => short = true,
                Answer::Refused { .. } => granted = false,
            }
        }
        (granted, short)
    }

    /// Takes the cost when all have granted it, and reads the counters. Answers with those whose block runs low.
    fn settle(
        &mut self,
        asks: &[Ask<'_>],
        granted: bool,
        now: Moment,
        around: &Around,
        readings: &mut SmallVec<[Reading; 4]>,
    ) -> SmallVec<[Wanting; 1]> {
        let mut wanting = SmallVec::new();
        let Some(account) = asks.first().and_then(|first| self.accounts.get_mut(&first.account)) else {
            return wanting;
        };
        for ask @ Ask { limit, cost, account: key, .. } in asks {
            let counter = account.counter(ask, now, around);
            let answer = if granted { Answer::Granted } else { counter.ask(limit, *cost, now, around) };
            if granted && counter.take(&limit.rule, *cost, now, around) {
                wanting.push((*key, limit.slot));
            }
            readings.push(counter.reading(limit, now, around).after(answer));
        }
        if granted && !account.changed {
            account.changed = true;
            self.changed.extend(asks.first().map(|first| first.account));
        }
        wanting
    }

    fn take_changed(&mut self, taken: &mut Vec<Changed>) {
        let room = Vec::with_capacity(self.changed.len());
        for account in std::mem::replace(&mut self.changed, room) {
            if let Some(held) = self.accounts.get_mut(&account) {
                held.changed = false;
                taken.extend(held.counters.iter().map(|held| {
                    let Held { limit, said: _, epoch, counter } = held;
                    let state = KeptState { state: counter.state(), epoch: *epoch };
                    Changed { account, limit: *limit, state: Some(state) }
                }));
            }
        }
    }

    fn sweep(&mut self, now: Moment, taken: &mut Taken) {
        self.accounts.retain(|account, held| {
            let changed = held.changed;
            held.counters.retain(|Held { limit, said, counter, epoch: _ }| {
                let spent = !changed && counter.is_spent(now);
                let gone = Changed { account: *account, limit: *limit, state: None };
                taken.changed.extend(spent.then_some(gone));
                taken.resting.extend((!spent && said.rests()).then_some((*account, *limit)));
                !spent
            });
            !held.counters.is_empty()
        });
        if self.accounts.len() < self.accounts.capacity() / 4 {
            self.accounts.shrink_to_fit();
        }
    }
}

impl Account {
    fn find(&self, limit: LimitSlot) -> Option<usize> {
        self.counters.iter().position(|held| held.limit == limit)
    }

    /// The limit's counter, which begins when it is first asked.
    fn counter(&mut self, ask: &Ask<'_>, now: Moment, around: &Around) -> &mut Counter {
        let limit = ask.limit;
        let at = self.find(limit.slot).unwrap_or_else(|| {
            let counter = Counter::fresh(&limit.rule, ask.revision, now, around);
            self.counters.push(Held::new(limit.slot, ask.epoch(), counter));
            self.counters.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "found there, or put there, just before")]
        &mut self.counters[at].counter
    }
}

#[cfg(test)]
mod tests;
