//! Policies as a snapshot has them.

use domain::{
    PolicyId,
    rate_limit_policy::{Counting, Mode, QuotaLimit, QuotaWindow, RateLimit},
};
use serde::{Deserialize, Serialize};

use super::{Limit, Policies, PolicyEntry, Rule};
use crate::index::slots::PolicySlot;

/// One policy at its latest revision: id, revision, whether it is active, counting, mode, rates and quotas.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PolicyRow(PolicyId, u32, bool, Counting, Mode, Vec<RateLimit>, Vec<QuotaLimit>);

impl Policies {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn row(&self, number: u32) -> Option<PolicyRow> {
        let PolicyEntry { id, revision, active, counting, mode, rates, quotas } = self.entries.get(number)?;
        let rates = rates.iter().filter_map(rate).collect();
        let quotas = quotas.iter().filter_map(quota).collect();
        Some(PolicyRow(*id, *revision, *active, *counting, *mode, rates, quotas))
    }

    pub(crate) fn put_back(&mut self, row: PolicyRow) -> PolicySlot {
        let PolicyRow(id, revision, active, counting, mode, rates, quotas) = row;
        let slot = self.slot_of(id);
        let rates = rates.iter().map(|limit| self.rate(slot, limit)).collect();
        let quotas = quotas.iter().map(|limit| self.quota(slot, limit)).collect();
        if let Some(entry) = self.entries.get_mut(slot.0) {
            *entry = PolicyEntry { id, revision, active, counting, mode, rates, quotas };
        }
        slot
    }
}

fn rate(limit: &Limit) -> Option<RateLimit> {
    let Limit { slot: _, name, requests, rule: Rule::Rate(rate) } = limit else { return None };
    let (per_seconds, burst) = (rate.per_seconds, rate.burst);
    Some(RateLimit { name: name.clone(), requests: *requests, per_seconds, burst })
}

fn quota(limit: &Limit) -> Option<QuotaLimit> {
    let Limit { slot: _, name, requests, rule } = limit;
    let (period, window, time_zone) = match rule {
        Rule::Rate(_) => return None,
        Rule::Calendar(calendar) => {
            let (period, zone) = calendar.made_of();
            (period, QuotaWindow::Calendar, zone.clone())
        }
        // A rolling window is the same in every zone.
        Rule::Rolling(span) => {
            (span.period()?, QuotaWindow::Rolling, domain::rate_limit_policy::TimeZoneName::utc())
        }
    };
    Some(QuotaLimit { name: name.clone(), requests: *requests, period, window, time_zone })
}
