//! A policy as its events have made it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Assignment, PolicySpec, RateLimitPolicyEvent};
use crate::AssignmentId;

/// A policy's state. Retired is final.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateLimitPolicy {
    #[default]
    Absent,
    Active(ActivePolicy),
    Retired(ActivePolicy),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivePolicy {
    /// Counts from 1; decisions name it.
    pub revision: u32,
    pub spec: PolicySpec,
    pub assignments: BTreeMap<AssignmentId, Assignment>,
}

impl RateLimitPolicy {
    /// Its words as they stand.
    #[must_use]
    pub fn spec(&self) -> Option<&PolicySpec> {
        match self {
            Self::Absent => None,
            Self::Active(policy) | Self::Retired(policy) => Some(&policy.spec),
        }
    }

    pub(super) fn fold(&mut self, event: &RateLimitPolicyEvent) {
        use RateLimitPolicyEvent as E;
        if let E::Defined(defined) = event {
            let spec = defined.spec.clone();
            *self = Self::Active(ActivePolicy { revision: 1, spec, assignments: BTreeMap::new() });
            return;
        }
        let mut policy = match std::mem::take(self) {
            Self::Absent => return,
            Self::Active(policy) | Self::Retired(policy) => policy,
        };
        match event {
            E::Defined(_) => {}
            E::Revised(revised) => {
                policy.revision = revised.revision;
                policy.spec = revised.spec.clone();
            }
            E::Assigned(assigned) => {
                let assignment = assigned.assignment.clone();
                policy.assignments.insert(assignment.assignment_id, assignment);
            }
            E::Unassigned(unassigned) => drop(policy.assignments.remove(&unassigned.assignment_id)),
            // What was used is no part of a policy's state: the gateways' counters have it.
            E::LimitReset(_) => {}
            E::Retired(_) => {
                *self = Self::Retired(policy);
                return;
            }
        }
        *self = Self::Active(policy);
    }
}
