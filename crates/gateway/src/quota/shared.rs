//! A calendar quota that several gateways share: what this one has reserved of it, and how much to ask for next.
//!
//! The pool holds one number: all that any gateway has reserved in the window. A call is taken from what is reserved
//! here; so the sum of all calls is never more than that number, and no gateway keeps what lies beyond the quota.

use std::sync::Arc;

use domain::Position;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::{Calendar, CalendarCount, CalendarRow};
use crate::{counters::Moment, sharing::WhenAlone};

/// All gateways together hold no more of a quota than this part of it without having used it, or one call each.
pub(crate) const HELD_PARTS: u64 = 256;
/// The first block of an account; each one after it is twice as large, up to the gateway's share of what may be held.
const BLOCK_FIRST: u64 = 4;
const SECOND_NS: i64 = 1_000_000_000;
/// A pool that was found empty is asked again after this, since others hand back what they do not use.
const DRY_NS: i64 = SECOND_NS / 2;
/// What is held for an account that nobody calls is handed back after this.
const IDLE_NS: i64 = 2 * SECOND_NS;
/// While an account is called, its total is asked for when it was not heard for so long.
const REFRESH_NS: i64 = 5 * SECOND_NS;
/// A total that was older when the pool was lost says too little about what is left.
const FRESH_NS: i64 = 10 * SECOND_NS;
const NEVER: i64 = i64::MIN;

/// What a call may do about a quota of which too little is reserved here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// It can be judged again when more is reserved.
    Wait,
    /// It must be answered now.
    Spent,
    /// It is only recorded what would have been: what is missing is taken and reserved later.
    Shadow,
}

/// What is the same for all counters during one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around {
    pub(crate) now_ns: i64,
    /// Gateways alive, at least 1.
    pub(crate) nodes: u32,
    pub(crate) when_alone: WhenAlone,
    /// Since when the pool does not answer.
    pub(crate) alone_since: Option<i64>,
    pub(crate) patience: Patience,
    /// Whether there is a pool at all.
    pub(crate) pooled: bool,
}

impl Around {
    /// An equal part, of which nobody is left without any.
    pub(crate) fn part_of(&self, requests: u64) -> u64 {
        if self.nodes > 1 { (requests / u64::from(self.nodes)).max(requests.min(1)) } else { requests }
    }
}

/// What a shared count says to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    Granted,
    /// Not as long as the window lasts, as far as is known.
    Exceeded,
    /// The pool cannot be asked, and nothing may be used without it.
    Unavailable,
    /// More must be reserved first.
    Short,
}

/// One question to the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) amount: u64,
    /// How much of it was used before it was asked for.
    settling: u64,
    /// The window's first second and the first after it.
    pub(crate) window: (i64, i64),
    /// Where the log last had the counter begin anew.
    pub(crate) epoch: Position,
}

impl Asked {
    pub(crate) fn settles(&self) -> bool {
        self.settling > 0
    }

    /// The same for a counter that began there.
    pub(crate) fn since(self, epoch: Position) -> Self {
        Self { epoch, ..self }
    }

    /// What is handed back of it.
    pub(crate) fn back(self, amount: u64) -> Self {
        Self { amount, settling: 0, ..self }
    }
}

/// This gateway's part of one quota of one account.
#[derive(Clone, Debug)]
pub(crate) struct SharedCount {
    /// The window, and what was used in it here.
    count: CalendarCount,
    /// The quota, as the last call found it.
    requests: u64,
    /// Reserved and not used.
    held: u64,
    /// Used and not reserved: the pool is still to be told.
    borrowed: u64,
    /// What all gateways had reserved when the pool was last heard.
    total: u64,
    heard_ns: i64,
    /// Until when the pool counts as empty.
    dry_until_ns: i64,
    block: u64,
    /// What calls wait for, all together and the dearest of them.
    wanted: u64,
    dearest: u64,
    asking: bool,
    /// Whether it waits to be looked at.
    pub(crate) queued: bool,
    called_ns: i64,
    /// The outage that the next two belong to.
    alone_mark: i64,
    alone_total: u64,
    alone_used: u64,
    arrived: Arc<Notify>,
}

/// A count in the form it is kept over a restart. What was held is not: it may have been used.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SharedRow {
    #[serde(rename = "c")]
    count: CalendarRow,
    #[serde(rename = "b")]
    borrowed: u64,
}

impl SharedCount {
    pub(crate) fn unused(calendar: &Calendar, revision: u32, second: i64) -> Self {
        Self::of(CalendarCount::unused(calendar, revision, second), 0)
    }

    /// Brings what was counted without a pool to it.
    pub(crate) fn joining(count: CalendarCount) -> Self {
        Self::of(count, count.used())
    }

    fn of(count: CalendarCount, borrowed: u64) -> Self {
        Self {
            count,
            requests: 0,
            held: 0,
            borrowed,
            total: 0,
            heard_ns: NEVER,
            dry_until_ns: NEVER,
            block: BLOCK_FIRST,
            wanted: 0,
            dearest: 0,
            asking: false,
            queued: false,
            called_ns: NEVER,
            alone_mark: NEVER,
            alone_total: 0,
            alone_used: 0,
            arrived: Arc::default(),
        }
    }

    /// The count by itself, for a gateway that shares no more.
    pub(crate) fn count(&self) -> &CalendarCount {
        &self.count
    }

    /// Turns the window when its time is over. What is still used under a revised policy is used in its new window
    /// too, and is brought to that window's pool; what was held stays with the old one.
    pub(crate) fn bring_to(
        &mut self,
        calendar: &Calendar,
        requests: u64,
        revision: u32,
        second: i64,
        around: &Around,
    ) {
        let before = self.count.window();
        self.count.bring_to(calendar, revision, second);
        if self.count.window() != before {
            let (arrived, queued) = (Arc::clone(&self.arrived), self.queued);
            *self = Self { arrived, queued, ..Self::of(self.count, self.count.used()) };
        }
        if requests > self.requests {
            self.dry_until_ns = NEVER;
        }
        self.requests = requests;
        self.mark(around);
    }

    /// Remembers what was left when the pool was lost.
    fn mark(&mut self, around: &Around) {
        if let Some(since) = around.alone_since.filter(|since| *since != self.alone_mark) {
            (self.alone_mark, self.alone_total, self.alone_used) = (since, self.total, 0);
        }
    }

    pub(crate) fn ask(&self, cost: u64, around: &Around) -> Share {
        if cost <= self.held.min(self.requests) {
            return Share::Granted;
        }
        let missing = cost.saturating_sub(self.held);
        if around.now_ns < self.dry_until_ns || cost > self.requests {
            return Share::Exceeded;
        }
        match (around.patience, around.alone_since) {
            (Patience::Shadow, _) => self.borrow(missing),
            (Patience::Wait, None) => Share::Short,
            // The others go on asking the pool: a share of what is left is not this gateway's to take.
            (Patience::Spent, None) if around.when_alone == WhenAlone::Share => Share::Unavailable,
            (Patience::Spent | Patience::Wait, _) => self.ask_alone(missing, around),
        }
    }

    fn ask_alone(&self, missing: u64, around: &Around) -> Share {
        match around.when_alone {
            WhenAlone::Refuse => Share::Unavailable,
            WhenAlone::Allow => self.borrow(missing),
            WhenAlone::Share if missing <= self.fair_share(around) => Share::Granted,
            WhenAlone::Share if self.requests <= self.alone_total => Share::Exceeded,
            WhenAlone::Share => Share::Unavailable,
        }
    }

    /// Takes as if the pool had it, as far as is known here.
    fn borrow(&self, missing: u64) -> Share {
        let used = self.total.saturating_add(self.borrowed).saturating_add(missing);
        if used <= self.requests { Share::Granted } else { Share::Exceeded }
    }

    /// What this gateway may still use of its share of what was left when the pool was lost.
    fn fair_share(&self, around: &Around) -> u64 {
        let heard =
            self.alone_mark.saturating_sub(self.heard_ns.max(0)) <= FRESH_NS && self.heard_ns != NEVER;
        if !heard {
            return 0;
        }
        // The others may each have reserved a block or two since this one heard of them.
        let unheard = (self.requests / HELD_PARTS).max(u64::from(around.nodes) - 1);
        let left = self.requests.saturating_sub(self.alone_total).saturating_sub(unheard);
        (left / u64::from(around.nodes.max(1))).saturating_sub(self.alone_used)
    }

    /// Takes what was granted. Whether the pool should be asked for more, ahead of need.
    pub(crate) fn take(&mut self, cost: u64, around: &Around) -> bool {
        let missing = cost.saturating_sub(self.held);
        self.held = self.held.saturating_sub(cost);
        self.borrowed = self.borrowed.saturating_add(missing);
        self.alone_used = self.alone_used.saturating_add(missing);
        self.count.take(cost);
        self.called_ns = around.now_ns;
        let dry = around.now_ns < self.dry_until_ns;
        let low = self.held < self.block_now(around) / 2 && !dry;
        let old = self.heard_ns == NEVER || around.now_ns.saturating_sub(self.heard_ns) > REFRESH_NS;
        // Alone, there is nothing to ask for: only to tell.
        ((low || old) && around.alone_since.is_none() || self.borrowed > 0) && self.may_queue()
    }

    /// Notes that a call waits. The answer to the pool's next answer, and whether it is still to be asked.
    pub(crate) fn wait_for(&mut self, cost: u64, around: &Around) -> (Arc<Notify>, bool) {
        self.wanted = self.wanted.saturating_add(cost);
        self.dearest = self.dearest.max(cost);
        self.called_ns = around.now_ns;
        (Arc::clone(&self.arrived), self.may_queue())
    }

    fn may_queue(&mut self) -> bool {
        let queued = !self.asking && !self.queued;
        self.queued |= queued;
        queued
    }

    /// How much may be held at once: less when less is left, so that nobody hoards the end of a quota.
    fn block_now(&self, around: &Around) -> u64 {
        let nodes = u64::from(around.nodes.max(1));
        let most = (self.requests / HELD_PARTS / nodes).max(1);
        self.block.min(most).min(self.fair(nodes))
    }

    fn fair(&self, nodes: u64) -> u64 {
        (self.requests.saturating_sub(self.total) / nodes).max(1)
    }

    /// What to ask the pool for now, or only to tell it; None while it is being asked. Nothing is asked twice.
    pub(crate) fn begin(&mut self, around: &Around, only_tell: bool) -> Option<Asked> {
        self.queued = false;
        if self.asking || self.requests == 0 {
            return None;
        }
        let fair = self.fair(u64::from(around.nodes.max(1)));
        let waiting = self.wanted.min(fair).max(self.dearest);
        let dry = around.now_ns < self.dry_until_ns;
        let most = if dry { waiting } else { self.block_now(around).max(waiting) };
        // Alone, only what was borrowed is told: the rest is divided already.
        let only_tell = only_tell || around.alone_since.is_some();
        let more = if only_tell { 0 } else { most.saturating_sub(self.held) };
        (self.wanted, self.dearest, self.asking) = (0, 0, true);
        self.block = self.block.saturating_mul(2).min(self.requests);
        let settling = self.borrowed;
        let (amount, window) = (more.saturating_add(settling), self.count.window());
        Some(Asked { amount, settling, window, epoch: Position::START })
    }

    /// Takes the pool's answer over: its total with what was asked for. What lies beyond the quota goes back.
    pub(crate) fn arrive(&mut self, asked: Asked, total: i64, around: &Around) -> u64 {
        let Asked { amount, settling, window, epoch: _ } = asked;
        if window != self.count.window() {
            return 0;
        }
        self.mark(around);
        (self.wanted, self.dearest, self.asking) = (0, 0, false);
        let total = u64::try_from(total).unwrap_or_default();
        // Used, and not known to the pool yet.
        let untold = self.borrowed.saturating_sub(settling);
        let before = total.saturating_sub(amount).saturating_add(untold);
        let left = self.requests.saturating_sub(before);
        // What was used stays counted, whatever the quota says.
        let mut kept = amount.min(left).max(settling);
        if around.alone_since.is_some() && around.when_alone == WhenAlone::Share {
            kept = kept.min(settling.saturating_add(self.fair_share(around)));
            self.alone_used = self.alone_used.saturating_add(kept.saturating_sub(settling));
        }
        if amount > 0 && left < amount {
            self.dry_until_ns = around.now_ns.saturating_add(DRY_NS);
        }
        self.borrowed = self.borrowed.saturating_sub(settling);
        self.held = self.held.saturating_add(kept.saturating_sub(settling));
        self.total = total.saturating_sub(amount.saturating_sub(kept));
        self.heard_ns = around.now_ns;
        self.arrived.notify_waiters();
        amount.saturating_sub(kept)
    }

    /// Lets those go on who wait for a pool that does not answer.
    pub(crate) fn let_go(&mut self) {
        self.queued = false;
        self.arrived.notify_waiters();
    }

    /// Takes over a total that others' steps led to. One below the quota shows that something was handed back.
    pub(crate) fn hear(&mut self, window: (i64, i64), total: i64, now_ns: i64) {
        if window == self.count.window() {
            self.total = u64::try_from(total).unwrap_or_default();
            self.heard_ns = now_ns;
            if self.total < self.requests {
                self.dry_until_ns = NEVER;
            }
        }
    }

    /// Whether there is still something to do for it, or to hear of it, when nobody calls.
    pub(crate) fn is_open(&self, now: Moment) -> bool {
        let called = now.ns.saturating_sub(self.called_ns) < FRESH_NS;
        (called || self.held > 0 || self.borrowed > 0 || self.asking) && now.second < self.count.end()
    }

    pub(crate) fn owes(&self) -> bool {
        self.borrowed > 0 && !self.asking
    }

    /// What was held for an account that is not called any more, or for any when the gateway stops.
    pub(crate) fn hand_back(&mut self, now_ns: i64, stopping: bool) -> Option<Asked> {
        let idle = now_ns.saturating_sub(self.called_ns) >= IDLE_NS && !self.asking;
        if self.held == 0 || !(idle || stopping) {
            return None;
        }
        let amount = std::mem::take(&mut self.held);
        self.total = self.total.saturating_sub(amount);
        self.block = BLOCK_FIRST;
        Some(Asked { amount, settling: 0, window: self.count.window(), epoch: Position::START })
    }

    /// Reserved and not used here.
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// Used here and not told to the pool.
    pub(crate) fn borrowed(&self) -> u64 {
        self.borrowed
    }

    /// Of the whole quota, as far as is known: what others hold counts as used.
    pub(crate) fn remaining(&self) -> u64 {
        let reserved = self.total.saturating_add(self.borrowed);
        self.requests.saturating_sub(reserved).saturating_add(self.held).min(self.requests)
    }

    /// Whether nothing is left of the whole quota, as far as is known.
    pub(crate) fn is_used_up(&self) -> bool {
        self.requests > 0 && self.remaining() == 0
    }

    pub(crate) fn row(&self) -> SharedRow {
        SharedRow { count: self.count.row(), borrowed: self.borrowed }
    }

    pub(crate) fn restored(row: &SharedRow) -> Self {
        Self::of(CalendarCount::restored(&row.count), row.borrowed)
    }
}

impl PartialEq for SharedCount {
    /// As far as it is kept.
    fn eq(&self, other: &Self) -> bool {
        (self.count, self.borrowed) == (other.count, other.borrowed)
    }
}

impl Eq for SharedCount {}

#[cfg(test)]
mod tests;
