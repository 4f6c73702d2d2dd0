//! Assignments that can never win, or that compete with others for the same calls.

use std::collections::BTreeSet;

use super::Finding;
use crate::{
    Environment, PolicyId, Position, Timestamp,
    rate_limit_policy::{Assignment, PolicySpec},
};

/// An assignment with what it binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    pub policy_id: PolicyId,
    pub spec: PolicySpec,
    pub assignment: Assignment,
    pub assigned_at: Position,
}

/// What is around an assignment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The environments of the client that it names; none when it names none, or the client is archived.
    pub environments: Option<BTreeSet<Environment>>,
    pub client_archived: bool,
    pub route_retired: bool,
    /// Other assignments that name the same client, or none likewise, and the same route, or none.
    pub others: Vec<Bound>,
}

/// What is to be said of an assignment from now on.
#[must_use]
pub fn of_assignments(own: &Bound, around: &Surroundings, now: Timestamp) -> Vec<Finding> {
    let assignment_id = own.assignment.assignment_id;
    if let Some(until) = own.assignment.until.filter(|until| *until <= now) {
        return vec![Finding::AssignmentOver { assignment_id, until }];
    }
    let mut found = vec![];
    found.extend(around.client_archived.then_some(Finding::ClientArchived { assignment_id }));
    found.extend(around.route_retired.then_some(Finding::RouteRetired { assignment_id }));
    if let (Some(held), Some(environment)) = (&around.environments, &own.assignment.environment)
        && !held.contains(environment)
    {
        found.push(Finding::EnvironmentNotHeld { assignment_id, environment: environment.clone() });
    }
    let rivals = around.others.iter().filter(|other| own.competes(other, now));
    let alike = rivals.filter(|other| other.assignment.environment == own.assignment.environment);
    found.extend(alike.map(|other| own.against(other, now)));
    if own.is_covered(around, now) {
        found.push(Finding::AssignmentCovered { assignment_id });
    }
    found
}

impl Bound {
    /// What becomes of two that bind the same calls: the later wins.
    fn against(&self, other: &Self, now: Timestamp) -> Finding {
        let assignment_id = self.assignment.assignment_id;
        let (by, policy_id) = (other.assignment.assignment_id, other.policy_id);
        if other.assigned_at < self.assigned_at {
            Finding::AssignmentOverrides { assignment_id, over: by, policy_id }
        } else if other.replaces(self, now) {
            Finding::AssignmentNeverWins { assignment_id, by, policy_id }
        } else {
            Finding::AssignmentGivesWay { assignment_id, by, policy_id }
        }
    }

    /// Whether in each environment that its client may use, one that names the environment too leaves it nothing.
    fn is_covered(&self, around: &Surroundings, now: Timestamp) -> bool {
        let Some(environments) = &around.environments else { return false };
        let more_specific = |environment: &Environment| {
            let of = |other: &&Self| other.assignment.environment.as_ref() == Some(environment);
            around.others.iter().filter(of).any(|other| other.replaces(self, now))
        };
        self.assignment.environment.is_none()
            && !environments.is_empty()
            && environments.iter().all(more_specific)
    }

    /// Whether it is there for all that is left of another's time, with all kinds of limits that the other has.
    fn replaces(&self, other: &Self, now: Timestamp) -> bool {
        let (own, left) = (&self.assignment, &other.assignment);
        let begins = left.from.map_or(now, |from| from.max(now));
        let from_the_start = own.from.is_none_or(|from| from <= begins);
        let to_the_end = match (own.until, left.until) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(left)) => own >= left,
        };
        let kinds = (!self.spec.rates.is_empty() || other.spec.rates.is_empty())
            && (!self.spec.quotas.is_empty() || other.spec.quotas.is_empty());
        from_the_start && to_the_end && kinds && self.spec.mode == other.spec.mode
    }

    /// Whether both want to limit the same in the same manner at some time from now on.
    fn competes(&self, other: &Self, now: Timestamp) -> bool {
        let (one, two) = (&self.assignment, &other.assignment);
        let begins = one.from.max(two.from).map_or(now, |from| from.max(now));
        let until = one.until.into_iter().chain(two.until).min();
        let kinds = (!self.spec.rates.is_empty() && !other.spec.rates.is_empty())
            || (!self.spec.quotas.is_empty() && !other.spec.quotas.is_empty());
        let same = one.client_id == two.client_id && one.route_id == two.route_id;
        let itself = one.assignment_id == two.assignment_id;
        let modes = self.spec.mode == other.spec.mode;
        !itself && same && kinds && modes && until.is_none_or(|until| begins < until)
    }
}
