//! What needs a second person, and what waits for one: a part of the index.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    Aggregate as _, ApprovalId, ApprovalRuleId, Reason, Recorded, Timestamp,
    access::{Permission, ResourceFacts},
    approval::{Approval, ApprovalEvent, CommandHash},
    approval_rule::{ApprovalRule, ApprovalRuleEvent, Guard},
    personal::{Personal, PersonalValues},
};
use eventlog::Past;

/// As many are listed; those before are in the audit log, and can be decided on still if they wait.
const LISTED_MAX: usize = 2_000;

#[derive(Debug, Default)]
pub(super) struct Approvals {
    rules: BTreeMap<ApprovalRuleId, KnownRule>,
    all: BTreeMap<ApprovalId, KnownApproval>,
}

/// A rule in force.
#[derive(Clone, Debug)]
pub(crate) struct KnownRule {
    pub(crate) guard: Guard,
    pub(crate) reason: Reason,
    pub(crate) version: u64,
    pub(crate) created_at: Timestamp,
}

/// An approval, with what is shown of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownApproval {
    pub(crate) state: Approval,
    /// What was asked, as JSON: while it can be decided on or done.
    pub(crate) asked: Option<Arc<str>>,
    /// Who declined or approved it, and why.
    pub(crate) decided: Option<(String, Option<Reason>)>,
    pub(crate) version: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl KnownApproval {
    /// As the log has it, but for what was asked; none where there is no such approval.
    pub(crate) fn from_log(past: &[Past<Approval>]) -> Option<Self> {
        let mut known = Self::default();
        for Past { version, event, metadata } in past {
            known.take(event, *version, metadata.occurred_at, |_| None);
        }
        known.state.proposal().is_some().then_some(known)
    }

    fn take(
        &mut self,
        event: &ApprovalEvent,
        version: u64,
        at: Timestamp,
        text: impl FnOnce(&Personal) -> Option<Arc<str>>,
    ) {
        self.state.apply(event);
        (self.version, self.updated_at) = (version, at);
        match event {
            ApprovalEvent::Proposed(proposed) => {
                self.created_at = at;
                self.asked = proposed.asked.as_ref().and_then(text);
            }
            ApprovalEvent::Approved(approved) => {
                self.decided = Some((approved.by.clone(), approved.reason.clone()));
            }
            ApprovalEvent::Declined(declined) => {
                self.decided = Some((declined.by.clone(), Some(declined.reason.clone())));
                self.asked = None;
            }
            ApprovalEvent::Withdrawn(_) | ApprovalEvent::Redeemed(_) => self.asked = None,
        }
    }
}

impl Approvals {
    pub(super) fn rule(&mut self, id: ApprovalRuleId, event: &ApprovalRuleEvent, recorded: &Recorded) {
        match event {
            ApprovalRuleEvent::Made(made) => {
                let mut rule = ApprovalRule::default();
                rule.apply(event);
                if let ApprovalRule::InForce(guard) = rule {
                    let (version, created_at) = (recorded.sequence, recorded.metadata.occurred_at);
                    let reason = made.reason.clone();
                    self.rules.insert(id, KnownRule { guard, reason, version, created_at });
                }
            }
            ApprovalRuleEvent::Ended(_) => drop(self.rules.remove(&id)),
        }
    }

    pub(super) fn approval(&mut self, id: ApprovalId, event: &ApprovalEvent, recorded: &Recorded) {
        let known = match event {
            ApprovalEvent::Proposed(_) => self.all.entry(id).or_default(),
            ApprovalEvent::Approved(_)
            | ApprovalEvent::Declined(_)
            | ApprovalEvent::Withdrawn(_)
            | ApprovalEvent::Redeemed(_) => match self.all.get_mut(&id) {
                Some(known) => known,
                // It had to make room for others: the log has it.
                None => return,
            },
        };
        let personal: &PersonalValues = &recorded.personal;
        let text = |asked: &Personal| personal.get(asked).map(|text| text.to_string().into());
        known.take(event, recorded.sequence, recorded.metadata.occurred_at, text);
        self.make_room(recorded.metadata.occurred_at);
    }

    /// What is over goes first: nobody pushes what waits out by proposing more and ending it.
    fn make_room(&mut self, now: Timestamp) {
        while self.all.len() > LISTED_MAX {
            let is_over = |known: &KnownApproval| !["waiting", "approved"].contains(&known.state.status(now));
            let over = self.all.iter().find(|(_, known)| is_over(known));
            match over.or_else(|| self.all.first_key_value()).map(|(id, _)| *id) {
                Some(id) => drop(self.all.remove(&id)),
                None => return,
            }
        }
    }

    pub(super) fn guards(&self, permission: Permission, facts: &ResourceFacts) -> bool {
        self.rules.values().any(|rule| rule.guard.guards(permission, facts))
    }

    pub(super) fn has_rule(&self, guard: &Guard) -> bool {
        self.rules.values().any(|rule| rule.guard == *guard)
    }

    pub(super) fn rules(&self) -> Vec<(ApprovalRuleId, KnownRule)> {
        self.rules.iter().map(|(id, rule)| (*id, rule.clone())).collect()
    }

    /// As if it had made room for others.
    #[cfg(test)]
    pub(super) fn push_out(&mut self, id: ApprovalId) {
        self.all.remove(&id);
    }

    pub(super) fn get(&self, id: ApprovalId) -> Option<KnownApproval> {
        self.all.get(&id).cloned()
    }

    /// After this one, the newest first.
    pub(super) fn newest(
        &self,
        before: Option<ApprovalId>,
    ) -> impl Iterator<Item = (ApprovalId, &KnownApproval)> {
        let all = self.all.iter().rev().map(|(id, known)| (*id, known));
        all.filter(move |(id, _)| before.is_none_or(|before| *id < before))
    }

    /// What this principal has proposed to the letter, and what nobody has decided on or done yet.
    pub(super) fn open(&self, proposer: &str, hash: CommandHash, now: Timestamp) -> Option<ApprovalId> {
        let same = |known: &KnownApproval| {
            let proposal = known.state.proposal();
            proposal.is_some_and(|proposal| proposal.proposer == proposer && proposal.command_hash == hash)
                && ["waiting", "approved"].contains(&known.state.status(now))
        };
        self.all.iter().rev().find(|(_, known)| same(known)).map(|(id, _)| *id)
    }
}
