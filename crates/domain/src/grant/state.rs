//! A grant as its events have made it.

use serde::{Deserialize, Serialize};

use super::{Given, GrantEvent};
use crate::{
    PrincipalId, Timestamp,
    access::{GrantScope, Role},
};

/// A grant's state. Withdrawn is final.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GivenGrant {
    #[default]
    Absent,
    Given(Terms),
    Withdrawn(Terms),
}

/// What was given to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub principal_id: PrincipalId,
    pub role: Role,
    pub scope: GrantScope,
    pub until: Option<Timestamp>,
}

impl GivenGrant {
    #[must_use]
    pub fn terms(&self) -> Option<&Terms> {
        match self {
            Self::Absent => None,
            Self::Given(terms) | Self::Withdrawn(terms) => Some(terms),
        }
    }

    pub(super) fn fold(&mut self, event: &GrantEvent) {
        match event {
            GrantEvent::Given(Given { principal_id, role, scope, until, reason: _ }) => {
                let (principal_id, role, scope) = (*principal_id, *role, scope.clone());
                *self = Self::Given(Terms { principal_id, role, scope, until: *until });
            }
            GrantEvent::Withdrawn(_) => {
                *self = match std::mem::take(self) {
                    Self::Absent => Self::Absent,
                    Self::Given(terms) | Self::Withdrawn(terms) => Self::Withdrawn(terms),
                };
            }
        }
    }
}
