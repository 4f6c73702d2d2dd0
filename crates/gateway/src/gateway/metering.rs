//! Judges calls that somebody else has authenticated, by their limits alone.

use domain::Timestamp;

use super::Gateway;
use crate::{
    Metered, MeteredCall, Shortage,
    counters::Moment,
    decide::meter,
    metered::{OwnLimit, OwnStanding},
    quota::shared::Patience,
};

impl Gateway {
    /// Takes from the limits of a call when they grant it, and counts it as other calls are where it is of somebody who is
    /// known. Like [`Self::attempt`], or where it must be answered now, like [`Self::judge`].
    ///
    /// # Errors
    /// When more of a shared quota must be reserved first; nothing was taken and nothing counted.
    pub fn meter(&self, metered: &MeteredCall<'_>, now: Timestamp, last: bool) -> Result<Metered, Shortage> {
        let patience = if last { Patience::Spent } else { Patience::Wait };
        let call = &metered.call;
        let mut own = None;
        let mut take = |limit: &OwnLimit<'_>| *own.insert(self.take_own(limit, call.cost, now));
        let mut verdict = self.on_grounds(call, now, patience, |grounds, asked| match &metered.own {
            Some(limit) => meter(grounds, asked, metered, Some(&mut || take(limit))),
            None => meter(grounds, asked, metered, None),
        });
        if let Some(shortage) = verdict.as_mut().and_then(|verdict| verdict.short.take()) {
            return Err(shortage);
        }
        match (&verdict, &metered.own) {
            (Some(verdict), _) => self.count(verdict, call, now),
            (None, Some(limit)) => {
                take(limit);
            }
            (None, None) => {}
        }
        Ok(Metered { decision: verdict.map(|verdict| verdict.decision), own })
    }

    /// A limit that comes with a call counts calls, unless it is said what this one counts for.
    fn take_own(&self, limit: &OwnLimit<'_>, cost: Option<u32>, now: Timestamp) -> OwnStanding {
        let now = Moment::from(now);
        let around = self.counters.around(now, Patience::Spent);
        self.own_limits.take(limit, u64::from(cost.unwrap_or(1)), now, &around)
    }
}
