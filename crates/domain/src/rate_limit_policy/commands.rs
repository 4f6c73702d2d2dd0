//! What may be asked of a policy, and the rules that answer.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    ActivePolicy, Assigned, Assignment, Counting, Defined, LimitReset, Mode, PolicySpec, QuotaLimit,
    RateLimit, RateLimitPolicy, RateLimitPolicyEvent, Retired, Revised, Unassigned,
};
use crate::{
    Aggregate, AssignmentId, ClientId, Environment, KeyId, LimitName, Name, Reason, Timestamp,
    refusal::refusals,
};

const RATES_MAX: usize = 8;
const QUOTAS_MAX: usize = 8;
const THRESHOLDS_MAX: usize = 10;
const ASSIGNMENTS_MAX: usize = 10_000;
const RATE_MAX: u64 = 1_000_000_000;
const RATE_SECONDS_MAX: u64 = 86_400;
const QUOTA_MAX: u64 = 1_000_000_000_000;
/// The furthest start or end of an assignment: a hundred years, beyond what anyone can mean.
const WINDOW_MAX: SignedDuration = SignedDuration::from_hours(36_600 * 24);

/// What may be asked of a policy.
#[derive(Debug)]
pub enum PolicyCommand {
    Define(DefinePolicy),
    Revise(RevisePolicy),
    Assign(AssignPolicy),
    Unassign(UnassignPolicy),
    Retire(RetirePolicy),
    Reset(ResetLimit),
}

/// Makes a policy.
#[derive(Debug)]
pub struct DefinePolicy {
    pub spec: PolicySpec,
}

/// Replaces what is given and leaves the rest. A planned revision keeps it until its time comes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RevisePolicy {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rates: Option<Vec<RateLimit>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quotas: Option<Vec<QuotaLimit>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counting: Option<Counting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<BTreeSet<u8>>,
}

impl RevisePolicy {
    /// What it makes of a policy.
    #[must_use]
    pub fn applied_to(&self, had: &PolicySpec) -> PolicySpec {
        let Self { name, rates, quotas, counting, mode, thresholds } = self;
        PolicySpec {
            name: name.as_ref().unwrap_or(&had.name).clone(),
            rates: rates.as_ref().unwrap_or(&had.rates).clone(),
            quotas: quotas.as_ref().unwrap_or(&had.quotas).clone(),
            counting: counting.unwrap_or(had.counting),
            mode: mode.unwrap_or(had.mode),
            thresholds: thresholds.as_ref().unwrap_or(&had.thresholds).clone(),
        }
    }
}

/// Every word of a specification: back to it, whatever was revised since.
impl From<PolicySpec> for RevisePolicy {
    fn from(spec: PolicySpec) -> Self {
        let PolicySpec { name, rates, quotas, counting, mode, thresholds } = spec;
        Self {
            name: Some(name),
            rates: Some(rates),
            quotas: Some(quotas),
            counting: Some(counting),
            mode: Some(mode),
            thresholds: Some(thresholds),
        }
    }
}

/// Binds a policy to calls.
#[derive(Debug)]
pub struct AssignPolicy {
    pub now: Timestamp,
    /// Its times within a hundred years of now.
    pub assignment: Assignment,
}

/// Removes one binding.
#[derive(Debug)]
pub struct UnassignPolicy {
    pub assignment_id: AssignmentId,
    pub reason: Option<Reason>,
}

/// Ends a policy that binds nobody any more.
#[derive(Debug)]
pub struct RetirePolicy {
    pub reason: Option<Reason>,
}

/// Gives back what has been used of one limit.
#[derive(Debug)]
pub struct ResetLimit {
    pub limit: LimitName,
    /// None of both resets a limit that all share; a key is named with its client.
    pub client_id: Option<ClientId>,
    pub key_id: Option<KeyId>,
    /// None: in every environment.
    pub environment: Option<Environment>,
    pub reason: Reason,
}

refusals! {
    /// Why a command about a policy was refused.
    pub enum RateLimitPolicyRefusal {
        NotDefined = ("policy_not_found", "there is no such policy"),
        AlreadyDefined = ("policy_already_defined", "the policy is already defined"),
        Retired = ("policy_retired", "the policy is retired, which is final"),
        NoLimit = ("policy_needs_limit", "a policy needs at least one rate limit or quota"),
        TooMany { what: &'static str, given: usize, allowed: usize }
            = ("too_many_items", "{given} {what} are more than the {allowed} allowed"),
        NameTaken { name: LimitName } = ("limit_name_taken", "two limits are named `{name}`"),
        OutOfBounds { limit: LimitName, what: &'static str, given: u64, allowed: u64 }
            = ("limit_out_of_bounds", "limit `{limit}`: {what} of {given} is not within 1 and {allowed}"),
        ThresholdOutOfBounds { threshold: u8 } = ("threshold_out_of_bounds", "a threshold of {threshold} % is not within 1 and 100"),
        WindowEmpty { from: Timestamp, until: Timestamp }
            = ("assignment_window_empty", "the assignment would end at {until}, not after its start at {from}"),
        WindowPast { until: Timestamp, now: Timestamp }
            = ("assignment_window_past", "the assignment would end at {until}, which is not after now ({now})"),
        WindowOutOfBounds { at: Timestamp, earliest: Timestamp, latest: Timestamp }
            = ("assignment_window_out_of_bounds", "the assignment would begin or end at {at}, which is not within {earliest} and {latest}"),
        AssignmentIdTaken { assignment_id: AssignmentId }
            = ("assignment_already_made", "the assignment {assignment_id} is already made, and it binds other calls or times"),
        AlreadyAssigned { assignment_id: AssignmentId }
            = ("already_assigned", "the assignment {assignment_id} binds the policy to the same calls at the same time"),
        NoAssignment { assignment_id: AssignmentId } = ("assignment_not_found", "the policy has no assignment {assignment_id}"),
        StillAssigned { assignments: usize }
            = ("policy_still_assigned", "the policy still has {assignments} assignments; remove them first"),
        NoSuchLimit { limit: LimitName } = ("limit_unknown", "the policy has no limit `{limit}`"),
        CountedOtherwise { limit: LimitName, counting: &'static str }
            = ("limit_counted_otherwise", "the policy of the limit `{limit}` counts by {counting}; name a client, a key, or neither, as it counts"),
    }
}

impl Aggregate for RateLimitPolicy {
    const TYPE: &'static str = "rate_limit_policy";
    type Command = PolicyCommand;
    type Event = RateLimitPolicyEvent;
    type Refusal = RateLimitPolicyRefusal;

    fn decide(&self, command: &PolicyCommand) -> Result<Vec<RateLimitPolicyEvent>, RateLimitPolicyRefusal> {
        match command {
            PolicyCommand::Define(ask) => self.define(ask),
            PolicyCommand::Revise(ask) => self.revise(ask),
            PolicyCommand::Assign(ask) => self.assign(ask),
            PolicyCommand::Unassign(ask) => self.unassign(ask),
            PolicyCommand::Retire(ask) => self.retire(ask),
            PolicyCommand::Reset(ask) => self.reset(ask),
        }
    }

    fn apply(&mut self, event: &RateLimitPolicyEvent) {
        self.fold(event);
    }
}

type Decided = Result<Vec<RateLimitPolicyEvent>, RateLimitPolicyRefusal>;

impl RateLimitPolicy {
    fn define(&self, ask: &DefinePolicy) -> Decided {
        let Self::Absent = self else { return Err(RateLimitPolicyRefusal::AlreadyDefined) };
        check(&ask.spec)?;
        Ok(vec![RateLimitPolicyEvent::Defined(Defined { spec: ask.spec.clone() })])
    }

    fn revise(&self, ask: &RevisePolicy) -> Decided {
        let policy = self.active()?;
        let spec = ask.applied_to(&policy.spec);
        check(&spec)?;
        if spec == policy.spec {
            return Ok(vec![]);
        }
        Ok(vec![RateLimitPolicyEvent::Revised(Revised { revision: policy.revision.saturating_add(1), spec })])
    }

    fn assign(&self, ask: &AssignPolicy) -> Decided {
        let policy = self.active()?;
        let AssignPolicy { now, assignment } = ask;
        match policy.assignments.get(&assignment.assignment_id) {
            // The same binding under the same identifier is a retry, and a retry is not news.
            Some(had) if had == assignment => return Ok(vec![]),
            Some(had) => {
                return Err(RateLimitPolicyRefusal::AssignmentIdTaken { assignment_id: had.assignment_id });
            }
            None => {}
        }
        check_window(*now, assignment)?;
        if let Some(same) = policy.assignments.values().find(|other| other.collides(assignment)) {
            return Err(RateLimitPolicyRefusal::AlreadyAssigned { assignment_id: same.assignment_id });
        }
        at_most("assignments", policy.assignments.len() + 1, ASSIGNMENTS_MAX)?;
        Ok(vec![RateLimitPolicyEvent::Assigned(Assigned { assignment: assignment.clone() })])
    }

    fn unassign(&self, ask: &UnassignPolicy) -> Decided {
        let UnassignPolicy { assignment_id, reason } = ask;
        if !self.active()?.assignments.contains_key(assignment_id) {
            return Err(RateLimitPolicyRefusal::NoAssignment { assignment_id: *assignment_id });
        }
        Ok(vec![RateLimitPolicyEvent::Unassigned(Unassigned {
            assignment_id: *assignment_id,
            reason: reason.clone(),
        })])
    }

    fn retire(&self, ask: &RetirePolicy) -> Decided {
        let policy = match self {
            Self::Absent => return Err(RateLimitPolicyRefusal::NotDefined),
            Self::Retired(_) => return Ok(vec![]),
            Self::Active(policy) => policy,
        };
        if !policy.assignments.is_empty() {
            return Err(RateLimitPolicyRefusal::StillAssigned { assignments: policy.assignments.len() });
        }
        Ok(vec![RateLimitPolicyEvent::Retired(Retired { reason: ask.reason.clone() })])
    }

    /// Whoever resets twice has seen calls in between: both stand.
    fn reset(&self, ask: &ResetLimit) -> Decided {
        let PolicySpec { rates, quotas, counting, .. } = &self.active()?.spec;
        let ResetLimit { limit, client_id, key_id, environment, reason } = ask;
        let known =
            rates.iter().any(|rate| rate.name == *limit) || quotas.iter().any(|quota| quota.name == *limit);
        if !known {
            return Err(RateLimitPolicyRefusal::NoSuchLimit { limit: limit.clone() });
        }
        let named = match counting {
            Counting::Client => client_id.is_some() && key_id.is_none(),
            Counting::Key => key_id.is_some(),
            Counting::Shared => client_id.is_none() && key_id.is_none(),
        };
        if !named {
            let (limit, counting) = (limit.clone(), counting.as_str());
            return Err(RateLimitPolicyRefusal::CountedOtherwise { limit, counting });
        }
        Ok(vec![RateLimitPolicyEvent::LimitReset(LimitReset {
            limit: limit.clone(),
            client_id: *client_id,
            key_id: *key_id,
            environment: environment.clone(),
            reason: reason.clone(),
        })])
    }

    fn active(&self) -> Result<&ActivePolicy, RateLimitPolicyRefusal> {
        match self {
            Self::Absent => Err(RateLimitPolicyRefusal::NotDefined),
            Self::Retired(_) => Err(RateLimitPolicyRefusal::Retired),
            Self::Active(policy) => Ok(policy),
        }
    }
}

impl Assignment {
    /// Same calls, overlapping times.
    fn collides(&self, other: &Self) -> bool {
        let same = self.client_id == other.client_id
            && self.route_id == other.route_id
            && self.environment == other.environment;
        let before = |end: Option<Timestamp>, start: Option<Timestamp>| match (end, start) {
            (Some(end), Some(start)) => end <= start,
            (None, _) | (_, None) => false,
        };
        same && !before(self.until, other.from) && !before(other.until, self.from)
    }
}

fn check_window(now: Timestamp, assignment: &Assignment) -> Result<(), RateLimitPolicyRefusal> {
    let (from, until) = (assignment.from, assignment.until);
    let earliest = now.checked_sub(WINDOW_MAX).unwrap_or(Timestamp::MIN);
    let latest = now.checked_add(WINDOW_MAX).unwrap_or(Timestamp::MAX);
    if let Some(at) = from.into_iter().chain(until).find(|at| !(earliest..=latest).contains(at)) {
        return Err(RateLimitPolicyRefusal::WindowOutOfBounds { at, earliest, latest });
    }
    match (from, until) {
        (Some(from), Some(until)) if until <= from => {
            Err(RateLimitPolicyRefusal::WindowEmpty { from, until })
        }
        (_, Some(until)) if until <= now => Err(RateLimitPolicyRefusal::WindowPast { until, now }),
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

fn check(spec: &PolicySpec) -> Result<(), RateLimitPolicyRefusal> {
    let PolicySpec { name: _, rates, quotas, counting: _, mode: _, thresholds } = spec;
    if rates.is_empty() && quotas.is_empty() {
        return Err(RateLimitPolicyRefusal::NoLimit);
    }
    at_most("rate limits", rates.len(), RATES_MAX)?;
    at_most("quotas", quotas.len(), QUOTAS_MAX)?;
    at_most("thresholds", thresholds.len(), THRESHOLDS_MAX)?;
    let mut names = BTreeSet::new();
    let all_names = rates.iter().map(|rate| &rate.name).chain(quotas.iter().map(|quota| &quota.name));
    for name in all_names {
        if !names.insert(name) {
            return Err(RateLimitPolicyRefusal::NameTaken { name: name.clone() });
        }
    }
    for RateLimit { name, requests, per_seconds, burst } in rates {
        within(name, "requests", *requests, RATE_MAX)?;
        within(name, "per_seconds", u64::from(*per_seconds), RATE_SECONDS_MAX)?;
        within(name, "burst", *burst, RATE_MAX)?;
    }
    for QuotaLimit { name, requests, period: _, window: _, time_zone: _ } in quotas {
        within(name, "requests", *requests, QUOTA_MAX)?;
    }
    match thresholds.iter().find(|threshold| !(1..=100).contains(*threshold)) {
        Some(threshold) => Err(RateLimitPolicyRefusal::ThresholdOutOfBounds { threshold: *threshold }),
        None => Ok(()),
    }
}

fn within(
    limit: &LimitName,
    what: &'static str,
    given: u64,
    allowed: u64,
) -> Result<(), RateLimitPolicyRefusal> {
    if (1..=allowed).contains(&given) {
        Ok(())
    } else {
        Err(RateLimitPolicyRefusal::OutOfBounds { limit: limit.clone(), what, given, allowed })
    }
}

fn at_most(what: &'static str, given: usize, allowed: usize) -> Result<(), RateLimitPolicyRefusal> {
    if given > allowed { Err(RateLimitPolicyRefusal::TooMany { what, given, allowed }) } else { Ok(()) }
}
