//! The assignments that were weighed for a call, and those beside them that bind others.

use domain::{
    AssignmentId,
    decision::LimitKind,
    explain::{Candidate, Fate, Specificity},
    rate_limit_policy::Mode,
};

use super::moment;
use crate::index::{
    Index,
    assignments::{Bound, Target, Weighed, Weighing, Why},
    slots::{ClientSlot, RouteSlot},
};

/// Assignments of others that are listed beside those that were weighed.
const OTHERS_MAX: usize = 50;

/// Remembers what was weighed.
#[derive(Debug, Default)]
pub(crate) struct Scales(Vec<Seen>);

#[derive(Clone, Copy, Debug)]
struct Seen {
    bound: Bound,
    target: Target,
    kind: LimitKind,
    why: Why,
}

impl Weighing for Scales {
    fn weigh(&mut self, Weighed { bound, target, kind, why }: Weighed<'_>) {
        self.0.push(Seen { bound: *bound, target, kind, why });
    }
}

impl Scales {
    /// Those that apply, at most one for each kind and mode.
    pub(crate) fn winners(&self, index: &Index) -> Vec<Candidate> {
        let won = self.0.iter().filter(|seen| seen.why == Why::Won);
        won.filter_map(|seen| self.candidate(seen, index)).collect()
    }

    /// The moments after now at which something else may apply.
    pub(crate) fn turns(&self) -> Vec<i64> {
        let turn = |seen: &Seen| match seen.why {
            Why::Won => Some(seen.bound.until),
            Why::NotOpenYet => Some(seen.bound.from),
            Why::Behind(_) | Why::Over | Why::PolicyInactive | Why::NoSuchLimit => None,
        };
        let mut turns: Vec<i64> = self.0.iter().filter_map(turn).filter(|at| *at != i64::MAX).collect();
        turns.sort_unstable();
        turns.dedup();
        turns
    }

    /// None of a policy that has no limits of the kind.
    fn candidate(&self, seen: &Seen, index: &Index) -> Option<Candidate> {
        let fate = match seen.why {
            Why::NoSuchLimit => return None,
            Why::Won => Fate::Won,
            Why::Behind(than) if self.is_for_the_same(seen, than) => Fate::MadeEarlier,
            Why::Behind(_) => Fate::LessSpecific,
            Why::NotOpenYet => Fate::NotOpenYet,
            Why::Over => Fate::Over,
            Why::PolicyInactive => Fate::PolicyRetired,
        };
        let than = match seen.why {
            Why::Behind(than) => Some(than),
            Why::Won | Why::NotOpenYet | Why::Over | Why::PolicyInactive | Why::NoSuchLimit => None,
        };
        let candidate = candidate(&seen.bound, seen.target, seen.kind, fate, index)?;
        Some(Candidate { than, ..candidate })
    }

    fn is_for_the_same(&self, seen: &Seen, winner: AssignmentId) -> bool {
        self.0.iter().any(|other| other.bound.assignment_id == winner && other.target == seen.target)
    }
}

/// Everything that was weighed, the most specific first; then others, the nearest first and at most so many; and how many
/// more there are.
pub(crate) fn candidates(scales: &Scales, call: Target, index: &Index) -> (Vec<Candidate>, u64) {
    let mut listed: Vec<_> = scales.0.iter().filter_map(|seen| scales.candidate(seen, index)).collect();
    listed.sort_by_key(|candidate| candidate.kind == LimitKind::Quota);
    let weighed = |target: Target| scales.0.iter().any(|seen| seen.target == target);
    let mut others: Vec<_> = index.assignments.all().filter(|(target, _)| !weighed(*target)).collect();
    others.sort_by_key(|(target, bound)| (distance(*target, call), bound.assignment_id));
    let left_out = others.len().saturating_sub(OTHERS_MAX);
    for (target, bound) in others.into_iter().take(OTHERS_MAX) {
        let fate = misfit(target, call);
        let kinds = [LimitKind::Rate, LimitKind::Quota];
        listed.extend(kinds.iter().filter_map(|kind| candidate(bound, target, *kind, fate, index)));
    }
    (listed, u64::try_from(left_out).unwrap_or(u64::MAX))
}

/// What of an assignment does not fit the call.
fn misfit(target: Target, call: Target) -> Fate {
    if target.client != ClientSlot::NONE && target.client != call.client {
        Fate::OtherClient
    } else if target.route != RouteSlot::NONE && target.route != call.route {
        Fate::OtherRoute
    } else {
        Fate::OtherEnvironment
    }
}

/// How little an assignment has to do with the call.
fn distance(target: Target, call: Target) -> u8 {
    let others_client = target.client != ClientSlot::NONE && target.client != call.client;
    let its_route = target.route != RouteSlot::NONE && target.route == call.route;
    let its_client = target.client != ClientSlot::NONE && !others_client;
    match (its_client, its_route, others_client) {
        (true, _, _) => 0,
        (false, true, _) => 1,
        (false, false, false) => 2,
        (false, false, true) => 3,
    }
}

/// None of a policy that has no limits of the kind.
fn candidate(bound: &Bound, target: Target, kind: LimitKind, fate: Fate, index: &Index) -> Option<Candidate> {
    let policy = index.policies.get(bound.policy)?;
    if policy.limits(kind).is_empty() {
        return None;
    }
    let Target { client, route, environment } = target;
    Some(Candidate {
        kind,
        assignment_id: bound.assignment_id,
        policy_id: policy.id,
        policy_revision: policy.revision,
        mode: policy.mode,
        specificity: specificity(target),
        client_id: index.clients.get(client).map(|client| client.id),
        route_id: index.routes.get(route).map(|route| route.id),
        environment: index.environments.name(environment).cloned(),
        from: moment(bound.from),
        until: moment(bound.until),
        assigned_at: bound.assigned_at,
        fate,
        than: None,
    })
}

fn specificity(target: Target) -> Specificity {
    match (target.client == ClientSlot::NONE, target.route == RouteSlot::NONE) {
        (false, false) => Specificity::ClientAndRoute,
        (false, true) => Specificity::Client,
        (true, false) => Specificity::Route,
        (true, true) => Specificity::Default,
    }
}

/// The winner of the same kind and mode.
pub(crate) fn same_place(winners: &[Candidate], kind: LimitKind, mode: Mode) -> Option<&Candidate> {
    winners.iter().find(|winner| winner.kind == kind && winner.mode == mode)
}
