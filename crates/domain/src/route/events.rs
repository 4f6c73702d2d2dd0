//! What happened to a route.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Host, Method, PathTemplate};
use crate::{Name, Reason, Scope, aggregate::event_types};

/// A fact about a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RouteEvent {
    Defined(Defined),
    Revised(Revised),
    Retired(Retired),
}

event_types!(RouteEvent { Defined = "route.defined", Revised = "route.revised", Retired = "route.retired" });

/// Which calls a route takes, what they need and what they cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RouteSpec {
    pub name: Name,
    /// None: any host.
    pub host: Option<Host>,
    /// 1 to 16.
    pub methods: BTreeSet<Method>,
    pub path: PathTemplate,
    /// All of them are needed; at most 20.
    pub required_scopes: BTreeSet<Scope>,
    /// What one call takes from every limit: 1 to 1,000.
    pub cost: u32,
}

/// A route exists and takes calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Defined {
    pub spec: RouteSpec,
}

/// The whole new specification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revised {
    pub spec: RouteSpec,
}

/// Calls to its path are unmatched from now on; its history keeps its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Retired {
    pub reason: Option<Reason>,
}
