//! What is used of limits at this moment: which counters a client or a key has, and what they say all together.

use domain::{
    ClientId, KeyId, Position, Timestamp,
    explain::{CounterStanding, LimitUse, NodeShare, NodeStanding},
};
use jiff::SignedDuration;

use crate::PoolKey;

/// Whose use is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Also of its keys, where they are counted one by one.
    Client(ClientId),
    Key(KeyId),
}

/// A limit that applies, and where what is used of it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// As if nothing were used.
    pub(crate) unused: LimitUse,
    pub(crate) counter: String,
    pub(crate) epoch: Position,
    /// Of a quota that several gateways share.
    pub(crate) pool: Option<PoolKey>,
}

impl Tracked {
    /// The name by which nodes are asked.
    #[must_use]
    pub fn counter(&self) -> &str {
        &self.counter
    }

    /// What the pool is asked for, where several gateways share the quota.
    #[must_use]
    pub fn pool(&self) -> Option<&PoolKey> {
        self.pool.as_ref()
    }

    /// What is used, of all nodes together: those that have not heard of a reset yet say nothing about what came after it.
    /// A shared quota is used as far as the pool's `total` says, without what nodes hold and have not used.
    #[must_use]
    pub fn sum(&self, nodes: &[NodeStanding], total: Option<i64>, now: Timestamp) -> LimitUse {
        let mut sum = self.unused.clone();
        let (mut used, mut held, mut borrowed, mut reset_seconds) = (0_u64, 0_u64, 0_u64, 0);
        for node in nodes {
            let Some(here) = self.found_in(node) else { continue };
            sum.shares.push(NodeShare { node: node.node.clone(), used: here.used, held: here.held });
            used = used.saturating_add(here.used);
            held = held.saturating_add(here.held);
            borrowed = borrowed.saturating_add(here.borrowed);
            reset_seconds = reset_seconds.max(here.reset_seconds);
        }
        if let Some(total) = total.filter(|_| sum.shared) {
            let total = u64::try_from(total).unwrap_or_default();
            used = total.saturating_add(borrowed).saturating_sub(held);
        }
        sum.used = used;
        sum.remaining = sum.limit.saturating_sub(used);
        let wait = SignedDuration::from_secs(i64::try_from(reset_seconds).unwrap_or(i64::MAX));
        sum.resets_at = match sum.window {
            Some((_, end)) => end,
            None => now.checked_add(wait).unwrap_or(Timestamp::MAX),
        };
        sum
    }

    fn found_in<'node>(&self, node: &'node NodeStanding) -> Option<&'node CounterStanding> {
        node.counters.iter().find(|counter| counter.counter == self.counter && counter.epoch == self.epoch)
    }
}
