//! Policies, made ready to be counted against.

pub(crate) mod rows;

use domain::{
    LimitName, PolicyId,
    decision::LimitKind,
    rate_limit_policy::{
        Counting, Defined, Mode, PolicySpec, QuotaLimit, QuotaWindow, RateLimit, RateLimitPolicyEvent,
        Revised,
    },
};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::{
    slots::{LimitSlot, PolicySlot, Slots},
    table::Table,
};
use crate::{
    gcra::Rate,
    quota::{Calendar, Span},
};

/// One policy at its latest revision.
#[derive(Debug)]
pub(crate) struct PolicyEntry {
    pub(crate) id: PolicyId,
    pub(crate) revision: u32,
    /// Whether it is defined and not retired.
    pub(crate) active: bool,
    pub(crate) counting: Counting,
    pub(crate) mode: Mode,
    pub(crate) rates: Vec<Limit>,
    pub(crate) quotas: Vec<Limit>,
}

impl PolicyEntry {
    pub(crate) fn limits(&self, kind: LimitKind) -> &[Limit] {
        match kind {
            LimitKind::Rate => &self.rates,
            LimitKind::Quota => &self.quotas,
        }
    }
}

/// One limit of a policy.
#[derive(Debug)]
pub(crate) struct Limit {
    pub(crate) slot: LimitSlot,
    pub(crate) name: LimitName,
    pub(crate) requests: u64,
    pub(crate) rule: Rule,
}

/// How a limit counts.
#[derive(Debug)]
pub(crate) enum Rule {
    Rate(Rate),
    Calendar(Calendar),
    Rolling(Span),
}

/// All policies, and the limits they ever named. A limit keeps its slot, and with it its counters, for as long as
/// its policy has one of that name.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    entries: Slots<PolicyEntry>,
    by_id: Table,
    limits: Slots<(PolicySlot, LimitName)>,
    limit_slots: HashMap<(PolicySlot, LimitName), LimitSlot, FxBuildHasher>,
}

impl Policies {
    pub(crate) fn get(&self, slot: PolicySlot) -> Option<&PolicyEntry> {
        self.entries.get(slot.0)
    }

    pub(crate) fn find(&self, id: PolicyId) -> Option<&PolicyEntry> {
        self.get(self.slot_if_known(id)?)
    }

    pub(crate) fn slot_if_known(&self, id: PolicyId) -> Option<PolicySlot> {
        let holds = |slot| self.entries.get(slot).is_some_and(|entry| entry.id == id);
        self.by_id.find(id, holds).map(PolicySlot)
    }

    /// The policy's slot, in which it limits nothing until it is defined.
    pub(crate) fn slot_of(&mut self, id: PolicyId) -> PolicySlot {
        if let Some(slot) = self.slot_if_known(id) {
            return slot;
        }
        let slot = self.entries.push(PolicyEntry {
            id,
            revision: 0,
            active: false,
            counting: Counting::Client,
            mode: Mode::Enforce,
            rates: vec![],
            quotas: vec![],
        });
        self.by_id.insert(id, slot, |slot| self.entries.get(slot).map(|entry| entry.id));
        PolicySlot(slot)
    }

    pub(crate) fn limit(&self, slot: LimitSlot) -> Option<(PolicyId, &LimitName)> {
        let (policy, name) = self.limit_of(slot)?;
        Some((self.get(policy)?.id, name))
    }

    /// The policy that has it, or had it.
    pub(crate) fn limit_of(&self, slot: LimitSlot) -> Option<(PolicySlot, &LimitName)> {
        self.limits.get(slot.0).map(|(policy, name)| (*policy, name))
    }

    pub(crate) fn limit_slot_if_known(&self, policy: PolicySlot, name: &LimitName) -> Option<LimitSlot> {
        self.limit_slots.get(&(policy, name.clone())).copied()
    }

    pub(crate) fn limit_slot_of(&mut self, policy: PolicySlot, name: &LimitName) -> LimitSlot {
        let limits = &mut self.limits;
        let new = || LimitSlot(limits.push((policy, name.clone())));
        *self.limit_slots.entry((policy, name.clone())).or_insert_with(new)
    }

    pub(crate) fn apply(&mut self, slot: PolicySlot, event: &RateLimitPolicyEvent) {
        match event {
            RateLimitPolicyEvent::Defined(Defined { spec }) => self.put(slot, 1, spec),
            RateLimitPolicyEvent::Revised(Revised { revision, spec }) => self.put(slot, *revision, spec),
            RateLimitPolicyEvent::Retired(_) => {
                if let Some(entry) = self.entries.get_mut(slot.0) {
                    entry.active = false;
                }
            }
            RateLimitPolicyEvent::Assigned(_)
            | RateLimitPolicyEvent::Unassigned(_)
            | RateLimitPolicyEvent::LimitReset(_) => {}
        }
    }

    fn put(&mut self, slot: PolicySlot, revision: u32, spec: &PolicySpec) {
        let PolicySpec { name: _, rates, quotas, counting, mode, thresholds: _ } = spec;
        let rates = rates.iter().map(|limit| self.rate(slot, limit)).collect();
        let quotas = quotas.iter().map(|limit| self.quota(slot, limit)).collect();
        if let Some(entry) = self.entries.get_mut(slot.0) {
            let (counting, mode) = (*counting, *mode);
            *entry = PolicyEntry { id: entry.id, revision, active: true, counting, mode, rates, quotas };
        }
    }

    fn rate(&mut self, policy: PolicySlot, limit: &RateLimit) -> Limit {
        let slot = self.limit_slot_of(policy, &limit.name);
        Limit { slot, name: limit.name.clone(), requests: limit.requests, rule: Rule::Rate(limit.into()) }
    }

    fn quota(&mut self, policy: PolicySlot, limit: &QuotaLimit) -> Limit {
        let QuotaLimit { name, requests, period, window, time_zone } = limit;
        let rule = match window {
            QuotaWindow::Calendar => Rule::Calendar(Calendar::new(*period, time_zone)),
            QuotaWindow::Rolling => Rule::Rolling(Span::of(*period)),
        };
        Limit { slot: self.limit_slot_of(policy, name), name: name.clone(), requests: *requests, rule }
    }
}
