//! What happened to a route.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{HeaderName, Host, Method, PathTemplate, hosts};
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
    /// At most 20; none: any host.
    #[serde(flatten, with = "hosts")]
    #[schemars(with = "hosts::RecordedHosts")]
    pub hosts: BTreeSet<Host>,
    /// 1 to 16.
    pub methods: BTreeSet<Method>,
    pub path: PathTemplate,
    /// All of them are needed; at most 20.
    pub required_scopes: BTreeSet<Scope>,
    /// What one call takes from every limit: 1 to 1,000.
    pub cost: u32,
    /// Where a trusted proxy may say that a call costs something else; absent: nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_from_header: Option<CostFromHeader>,
}

/// What a call costs, as the proxy in front of the gateway says it: one that is trusted, never the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CostFromHeader {
    pub name: HeaderName,
    /// No call costs more, and one whose cost cannot be read costs this: from the route's own cost to 1,000.
    pub max: u32,
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
