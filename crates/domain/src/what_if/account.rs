//! Calls that are counted together, second by second.
//!
//! # What is kept
//!
//! Of each limit an interval of what is left at the beginning of a second (`low`, `high`), and of the calls granted so far an
//! interval too. In a second with `n` calls of cost `c`, a bucket whose level is within the interval, and from which flow `r` comes
//! back in a second, grants
//!
//! * at least `min(n, low / c)`: the first of them find what was there, whenever they come;
//! * at most `min(n, (high + r) / c)`: no more than that is there in all of the second.
//!
//! A policy grants a call when all of its limits do, so each of these is the least over the limits. The level after the second is
//! at least what all granted calls leave when they come last, `min(holds, low + r) - c·granted`: a bucket loses flow only while it
//! is full. It is at most `high + r - c·granted`, and where the calls were enough to empty it, less than `c` was left when the
//! last of them was refused, so at most `c + r`. A quota is a bucket without flow whose windows turn between seconds. This holds for
//! calls of several costs, where the calls of other costs are taken away first for the least; it is what answers then.
//!
//! # Calls of one cost
//!
//! Intervals forget that whoever granted more has less left, and so the sum of their answers is wide. For calls of one cost two
//! courses are kept besides, of which one grants no more than a gateway and one no less, whatever the moments.
//!
//! Say that of two courses A is **ahead** of B when for some whole `m ≥ 0` A has granted at least `m` calls more than B, and has at
//! least `b - m·c` in each limit in which B has `b`. Both are asked about the same calls in the same order. When A grants a call
//! and B does not, `m` grows by one. When B grants it and A does not, some limit of A has less than `c` and the same limit of B not,
//! so `m ≥ 1`, and it falls by one: A stays ahead. Nothing that flows into A alone, nor as much into both, changes that; a window
//! that turns fills both. A limit that only B has takes nothing from A being ahead.
//!
//! * *Most*: the course in which all flow of a second is there for its calls, and the bucket holds that much more within it, is
//!   ahead of a gateway: until a moment in the second no more has flowed into the gateway's bucket than into that one.
//! * *Fewest*: a gateway is ahead of the course whose calls come at the beginning of their second, with buckets that hold `y` less
//!   and into which `y ≤ r` flows in a second. While the gateway's bucket does not overflow, it gets `r ≥ y`. When it overflows it
//!   is full, which is `y` more than the course ever has; whatever is refused or granted in the rest of the second, it needs no
//!   more flow to have as much as the course, which gets `y` at the end. The larger of what is granted at once and what flows
//!   decides, so `y` is `r`, or half of what the bucket holds where that is less.
//!
//! A course begins anew from the intervals whenever they are ahead of it, or it of them. Rolling quotas give back what was granted
//! a window ago, which being ahead says nothing about: the most does without them, and the fewest begins anew from the intervals
//! after each second in which one of them might have refused.

use super::{
    Refusals,
    course::{Course, Manner, room},
    level::Level,
    limits::{Limit, Limits, Touched},
};

/// Some calls of a second, of one pair of client and route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) pair: usize,
    pub(super) calls: u64,
    pub(super) cost: u64,
}

/// One counter of each limit.
#[derive(Debug)]
pub(super) struct Account {
    /// The second that levels are at the beginning of.
    at: i64,
    /// The calls of a second that may not all be here yet.
    pending: Option<i64>,
    asked: Vec<Asked>,
    cost: Cost,
    low: Vec<Level>,
    high: Vec<Level>,
    even: Vec<Level>,
    fewest: Course,
    most: Course,
    calls: u128,
    granted_at_least: u128,
    granted_at_most: u128,
    /// When calls were first refused for certain, and by which limit as far as one can say.
    certain: Option<(i64, usize)>,
    pairs: Vec<PairSums>,
    by_limit: Vec<Touched>,
}

/// What the calls of an account have cost so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cost {
    NotKnown,
    Each(u64),
    Different,
}

#[derive(Clone, Copy, Debug)]
struct PairSums {
    pair: usize,
    calls: u128,
    at_least: u128,
    at_most: u128,
    if_even: u128,
    first: Option<(i64, usize)>,
}

/// Calls of a second that cost the same, and how many of them are granted.
#[derive(Clone, Copy, Debug)]
struct Class {
    cost: u128,
    calls: u128,
    at_least: u128,
    at_most: u128,
}

/// How a second went.
#[derive(Clone, Copy, Debug)]
struct Granted {
    calls: u128,
    /// Of the calls and of their cost.
    at_least: u128,
    at_most: u128,
    used_at_least: u128,
    used_at_most: u128,
}

/// An account that gets no more calls.
#[derive(Debug)]
pub(super) struct Closed {
    pub(super) calls: u64,
    pub(super) refused: Refusals,
    pub(super) pairs: Vec<OfPair>,
    pub(super) by_limit: Vec<Touched>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct OfPair {
    pub(super) pair: usize,
    pub(super) calls: u64,
    pub(super) refused: Refusals,
    pub(super) first: Option<(i64, usize)>,
}

impl Account {
    pub(super) fn new(limits: &Limits) -> Self {
        let full = || limits.all().iter().map(|limit| Level::full(limit, limit.tank())).collect::<Vec<_>>();
        Self {
            at: i64::MIN,
            pending: None,
            asked: vec![],
            cost: Cost::NotKnown,
            low: full(),
            high: full(),
            even: full(),
            fewest: Course::new(Manner::Fewest, limits.timely()),
            most: Course::new(Manner::Most, limits.timely()),
            calls: 0,
            granted_at_least: 0,
            granted_at_most: 0,
            certain: None,
            pairs: vec![],
            by_limit: limits.untouched(),
        }
    }

    /// Calls of this second, or of the last one that was given if that is later.
    pub(super) fn add(&mut self, limits: &Limits, second: i64, asked: Asked) {
        if self.pending.is_some_and(|pending| pending < second) {
            self.pass(limits);
        }
        self.pending = Some(self.pending.map_or(second, |pending| pending.max(second)));
        self.cost = match self.cost {
            Cost::NotKnown => Cost::Each(asked.cost),
            Cost::Each(cost) if cost == asked.cost => self.cost,
            Cost::Each(_) | Cost::Different => Cost::Different,
        };
        let alike = |had: &&mut Asked| had.pair == asked.pair && had.cost == asked.cost;
        match self.asked.iter_mut().find(alike) {
            Some(had) => had.calls = had.calls.saturating_add(asked.calls),
            None => self.asked.push(asked),
        }
    }

    /// Judges the calls of the second that is complete now.
    fn pass(&mut self, limits: &Limits) {
        let Some(second) = self.pending.take() else { return };
        let asked = std::mem::take(&mut self.asked);
        self.bring_to(limits, second);
        let (classes, granted) = self.granted(limits.all(), &asked);
        self.count(&asked, &classes);
        let tightest = self.pass_evenly(limits.all(), second, &asked);
        // Before the intervals move.
        let rolling_may_refuse =
            limits.all().iter().zip(&self.low).any(|(limit, low)| {
                limit.is_rolling() && low.left(limit) < limit.price(total_cost(&classes))
            });
        self.pass_intervals(limits.all(), second, &classes, &granted);
        self.calls = self.calls.saturating_add(granted.calls);
        self.granted_at_least = self.granted_at_least.saturating_add(granted.at_least);
        self.granted_at_most = self.granted_at_most.saturating_add(granted.at_most);
        if let Cost::Each(cost) = self.cost {
            self.pass_courses(limits.timely(), second, (granted.calls, u128::from(cost)), rolling_may_refuse);
        }
        if self.certain.is_none() && self.granted_at_most < self.calls {
            self.certain = Some((second, tightest));
        }
        self.at = second.saturating_add(1);
        // Its room is used again.
        self.asked = asked;
        self.asked.clear();
    }

    fn bring_to(&mut self, limits: &Limits, second: i64) {
        // What begins full stays so until it is first asked.
        let from = if self.at == i64::MIN { second } else { self.at };
        for levels in [&mut self.low, &mut self.high, &mut self.even] {
            for (level, limit) in levels.iter_mut().zip(limits.all()) {
                level.bring_to(limit, limit.tank(), from, second);
            }
        }
        self.fewest.bring_to(limits.timely(), from, second);
        self.most.bring_to(limits.timely(), from, second);
    }

    /// How many of the calls are granted, by their cost and together.
    fn granted(&self, limits: &[Limit], asked: &[Asked]) -> (Vec<Class>, Granted) {
        let mut classes = classes(asked);
        let cost = total_cost(&classes);
        for class in &mut classes {
            let others = cost.saturating_sub(class.calls.saturating_mul(class.cost));
            class.at_least = room(limits, &self.low, false, others, class.cost).min(class.calls);
            class.at_most = room(limits, &self.high, true, 0, class.cost).min(class.calls);
        }
        // The cheapest first: so many are granted at most, together.
        let (mut together, mut used) = (0_u128, 0_u128);
        for class in &classes {
            let more = room(limits, &self.high, true, used, class.cost).min(class.calls);
            together = together.saturating_add(more);
            used = used.saturating_add(more.saturating_mul(class.cost));
        }
        let sum =
            |of: fn(&Class) -> u128| classes.iter().fold(0_u128, |sum, class| sum.saturating_add(of(class)));
        let granted = Granted {
            calls: sum(|class| class.calls),
            at_least: sum(|class| class.at_least),
            at_most: sum(|class| class.at_most).min(together),
            used_at_least: sum(|class| class.at_least.saturating_mul(class.cost)),
            used_at_most: sum(|class| class.at_most.saturating_mul(class.cost)),
        };
        (classes, granted)
    }

    /// Tells the pairs. Those of one cost are refused from as they come, so that any of them may be another's.
    fn count(&mut self, asked: &[Asked], classes: &[Class]) {
        for asked in asked {
            let cost = u128::from(asked.cost.max(1));
            let Some(class) = classes.iter().find(|class| class.cost == cost) else { continue };
            let calls = u128::from(asked.calls);
            let others = class.calls.saturating_sub(calls);
            let (refused, refused_at_most) =
                (class.calls.saturating_sub(class.at_most), class.calls.saturating_sub(class.at_least));
            let sums = self.sums(asked.pair);
            sums.calls = sums.calls.saturating_add(calls);
            sums.at_least = sums.at_least.saturating_add(refused.saturating_sub(others));
            sums.at_most = sums.at_most.saturating_add(refused_at_most.min(calls));
        }
    }

    fn sums(&mut self, pair: usize) -> &mut PairSums {
        let at = self.pairs.iter().position(|sums| sums.pair == pair).unwrap_or_else(|| {
            self.pairs.push(PairSums { pair, calls: 0, at_least: 0, at_most: 0, if_even: 0, first: None });
            self.pairs.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "found there, or put there, just before")]
        &mut self.pairs[at]
    }

    /// Judges calls that are spread evenly: together they find what is there and what flows back in the second, and share what
    /// is granted. Answers the limit with the least room.
    fn pass_evenly(&mut self, limits: &[Limit], second: i64, asked: &[Asked]) -> usize {
        let cost = asked.iter().fold(0_u128, |sum, asked| sum.saturating_add(asked.cost()));
        let calls = asked.iter().fold(0_u128, |sum, asked| sum.saturating_add(u128::from(asked.calls)));
        let (mut tightest, mut least) = (0, u128::MAX);
        for (place, (limit, level)) in limits.iter().zip(&self.even).enumerate() {
            let room = level.left(limit).saturating_add(limit.flow()) / limit.token.max(1);
            if room < least {
                (tightest, least) = (place, room);
            }
            if let Some(touched) = self.by_limit.get_mut(place).filter(|_| room < cost) {
                let refused = calls.saturating_sub(calls.saturating_mul(room) / cost.max(1));
                touched.add(Touched { refused_if_even: narrow(refused), first: Some(second) });
            }
        }
        let granted = least.min(cost);
        let (shares, left) = shares(asked, granted, cost, second);
        for (asked, share) in asked.iter().zip(&shares) {
            let refused = u128::from(asked.calls).saturating_sub(*share);
            let sums = self.sums(asked.pair);
            sums.if_even = sums.if_even.saturating_add(refused);
            sums.first = sums.first.or((refused > 0).then_some((second, tightest)));
        }
        let used = granted.saturating_sub(left);
        for (level, limit) in self.even.iter_mut().zip(limits) {
            level.spend(limit, limit.tank(), second, limit.price(used));
        }
        tightest
    }

    fn pass_intervals(&mut self, limits: &[Limit], second: i64, classes: &[Class], granted: &Granted) {
        let cost = total_cost(classes);
        let dearest = classes.iter().map(|class| class.cost).max().unwrap_or_default();
        let reached: Vec<u128> = (0..limits.len())
            .map(|place| self.reached(limits, place, classes, cost).unwrap_or(granted.used_at_least))
            .collect();
        let levels = self.low.iter_mut().zip(&mut self.high);
        for (((low, high), limit), reached) in levels.zip(limits).zip(reached) {
            let had = high.left(limit);
            let used_at_most = limit.price(granted.used_at_most).min(had.saturating_add(limit.flow()));
            low.refill(limit.tank());
            low.take(limit, second, used_at_most);
            high.take(limit, second, limit.price(granted.used_at_least));
            high.at_most(had.saturating_sub(limit.price(reached)).max(limit.price(dearest)));
            high.refill(limit.tank());
        }
    }

    /// The cost of calls that this limit alone would refuse, if it did not grant them. None where another may refuse some of them
    /// and they do not cost the same.
    fn reached(&self, limits: &[Limit], place: usize, classes: &[Class], cost: u128) -> Option<u128> {
        let mut others = limits.iter().zip(&self.low).enumerate().filter(|(other, _)| *other != place);
        match classes {
            [class] => {
                let room =
                    others.map(|(_, (limit, low))| low.left(limit) / limit.price(class.cost).max(1)).min();
                Some(class.calls.min(room.unwrap_or(u128::MAX)).saturating_mul(class.cost))
            }
            [] | [_, ..] => {
                let sure = others.all(|(_, (limit, low))| low.left(limit) >= limit.price(cost));
                sure.then_some(cost)
            }
        }
    }

    fn pass_courses(
        &mut self,
        limits: &[Limit],
        second: i64,
        (calls, cost): (u128, u128),
        rolling_may_refuse: bool,
    ) {
        let cost = cost.max(1);
        self.most.pass(limits, second, calls, cost);
        self.granted_at_most = self.granted_at_most.min(self.most.granted);
        self.most.learn(limits, &self.high, self.granted_at_most, cost);
        if rolling_may_refuse {
            return self.fewest.begin_anew(limits, &self.low, self.granted_at_least);
        }
        self.fewest.pass(limits, second, calls, cost);
        self.granted_at_least = self.granted_at_least.max(self.fewest.granted);
        self.fewest.learn(limits, &self.low, self.granted_at_least, cost);
    }

    pub(super) fn close(mut self, limits: &Limits) -> Closed {
        self.pass(limits);
        let (at_least, at_most) = (
            self.calls.saturating_sub(self.granted_at_most),
            self.calls.saturating_sub(self.granted_at_least),
        );
        let sum = |of: fn(&PairSums) -> u128| {
            self.pairs.iter().fold(0_u128, |sum, pair| sum.saturating_add(of(pair)))
        };
        let (all_at_least, all_at_most) = (sum(|pair| pair.at_least), sum(|pair| pair.at_most));
        let if_even = sum(|pair| pair.if_even).clamp(at_least, at_most);
        let of_pair = |sums: &PairSums| {
            // What the others cannot have been refused, it was.
            let others_at_most = all_at_most.saturating_sub(sums.at_most);
            let others_at_least = all_at_least.saturating_sub(sums.at_least);
            let least = sums.at_least.max(at_least.saturating_sub(others_at_most));
            let most = sums.at_most.min(at_most.saturating_sub(others_at_least)).max(least);
            let refused = refusals(least, most, sums.if_even.clamp(least, most));
            let first = if refused.if_even > 0 { sums.first.or(self.certain) } else { None };
            OfPair { pair: sums.pair, calls: narrow(sums.calls), refused, first }
        };
        Closed {
            calls: narrow(self.calls),
            refused: refusals(at_least, at_most, if_even),
            pairs: self.pairs.iter().map(of_pair).collect(),
            by_limit: self.by_limit,
        }
    }
}

impl Asked {
    fn price(&self) -> u128 {
        u128::from(self.cost.max(1))
    }

    fn cost(&self) -> u128 {
        u128::from(self.calls).saturating_mul(self.price())
    }
}

/// How many calls of each share what is granted of the cost of all, and what is left over. What dividing leaves goes to each in turn,
/// by the second.
fn shares(asked: &[Asked], granted: u128, cost: u128, second: i64) -> (Vec<u128>, u128) {
    let share = |asked: &Asked| u128::from(asked.calls).saturating_mul(granted) / cost.max(1);
    let mut shares: Vec<u128> = asked.iter().map(share).collect();
    let used = asked.iter().zip(&shares).map(|(asked, share)| share.saturating_mul(asked.price()));
    let mut left = granted.saturating_sub(used.fold(0, u128::saturating_add));
    let turn = usize::try_from(second.unsigned_abs()).unwrap_or_default() % asked.len().max(1);
    let (early, late) = shares.split_at_mut(turn);
    let in_turn = asked.iter().skip(turn).zip(late).chain(asked.iter().zip(early));
    for (asked, share) in in_turn {
        let more = (left / asked.price()).min(u128::from(asked.calls).saturating_sub(*share));
        *share = share.saturating_add(more);
        left = left.saturating_sub(more.saturating_mul(asked.price()));
    }
    (shares, left)
}

/// The cheapest first.
fn classes(asked: &[Asked]) -> Vec<Class> {
    let mut classes: Vec<Class> = vec![];
    for asked in asked {
        let (calls, cost) = (u128::from(asked.calls), asked.price());
        match classes.iter_mut().find(|class| class.cost == cost) {
            Some(class) => class.calls = class.calls.saturating_add(calls),
            None => classes.push(Class { cost, calls, at_least: 0, at_most: 0 }),
        }
    }
    classes.sort_unstable_by_key(|class| class.cost);
    classes
}

fn total_cost(classes: &[Class]) -> u128 {
    classes.iter().fold(0_u128, |sum, class| sum.saturating_add(class.calls.saturating_mul(class.cost)))
}

fn refusals(at_least: u128, at_most: u128, if_even: u128) -> Refusals {
    Refusals { at_least: narrow(at_least), at_most: narrow(at_most), if_even: narrow(if_even) }
}

fn narrow(sum: u128) -> u64 {
    u64::try_from(sum).unwrap_or(u64::MAX)
}
