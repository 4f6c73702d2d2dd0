//! A route as its events have made it.

use serde::{Deserialize, Serialize};

use super::{RouteEvent, RouteSpec};

/// A route's state. Retired is final.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    #[default]
    Absent,
    Active(RouteSpec),
    Retired(RouteSpec),
}

impl Route {
    pub(super) fn fold(&mut self, event: &RouteEvent) {
        match event {
            RouteEvent::Defined(defined) => *self = Self::Active(defined.spec.clone()),
            RouteEvent::Revised(revised) => *self = Self::Active(revised.spec.clone()),
            RouteEvent::Retired(_) => {
                *self = match std::mem::take(self) {
                    Self::Absent => Self::Absent,
                    Self::Active(spec) | Self::Retired(spec) => Self::Retired(spec),
                }
            }
        }
    }
}
