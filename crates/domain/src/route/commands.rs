//! What may be asked of a route, and the rules that answer.

use std::collections::BTreeSet;

use super::{
    CostFromHeader, Defined, Host, Method, PathTemplate, Retired, Revised, Route, RouteEvent, RouteSpec,
};
use crate::{Aggregate, Name, Reason, Scope, refusal::refusals};

const HOSTS_MAX: usize = 20;
const METHODS_MAX: usize = 16;
const SCOPES_MAX: usize = 20;
/// What a call may cost at most, whoever says it.
pub const COST_MAX: u32 = 1_000;

/// What may be asked of a route.
#[derive(Debug)]
pub enum RouteCommand {
    Define(DefineRoute),
    Revise(ReviseRoute),
    Retire(RetireRoute),
}

/// Makes a route.
#[derive(Debug)]
pub struct DefineRoute {
    pub spec: RouteSpec,
}

/// Replaces what is given and leaves the rest; no hosts make it any host.
#[derive(Debug, Default)]
pub struct ReviseRoute {
    pub name: Option<Name>,
    pub hosts: Option<BTreeSet<Host>>,
    pub methods: Option<BTreeSet<Method>>,
    pub path: Option<PathTemplate>,
    pub required_scopes: Option<BTreeSet<Scope>>,
    pub cost: Option<u32>,
    pub cost_from_header: Option<Option<CostFromHeader>>,
}

/// Ends a route for good.
#[derive(Debug)]
pub struct RetireRoute {
    pub reason: Option<Reason>,
}

refusals! {
    /// Why a command about a route was refused.
    pub enum RouteRefusal {
        NotDefined = ("route_not_found", "there is no such route"),
        AlreadyDefined = ("route_already_defined", "the route is already defined"),
        Retired = ("route_retired", "the route is retired, which is final"),
        NoMethod = ("route_needs_method", "a route needs at least one method"),
        TooMany { what: &'static str, given: usize, allowed: usize }
            = ("too_many_items", "{given} {what} are more than the {allowed} allowed"),
        CostOutOfBounds { cost: u32, allowed: u32 } = ("cost_out_of_bounds", "a cost of {cost} is not within 1 and {allowed}"),
        CostAboveHeaderMax { cost: u32, max: u32 }
            = ("cost_above_header_max", "the route's own cost of {cost} is above the {max} that a call may cost by its header"),
    }
}

impl Aggregate for Route {
    const TYPE: &'static str = "route";
    type Command = RouteCommand;
    type Event = RouteEvent;
    type Refusal = RouteRefusal;

    fn decide(&self, command: &RouteCommand) -> Result<Vec<RouteEvent>, RouteRefusal> {
        match command {
            RouteCommand::Define(ask) => self.define(ask),
            RouteCommand::Revise(ask) => self.revise(ask),
            RouteCommand::Retire(ask) => self.retire(ask),
        }
    }

    fn apply(&mut self, event: &RouteEvent) {
        self.fold(event);
    }
}

impl Route {
    fn define(&self, ask: &DefineRoute) -> Result<Vec<RouteEvent>, RouteRefusal> {
        let Self::Absent = self else { return Err(RouteRefusal::AlreadyDefined) };
        check(&ask.spec)?;
        Ok(vec![RouteEvent::Defined(Defined { spec: ask.spec.clone() })])
    }

    fn revise(&self, ask: &ReviseRoute) -> Result<Vec<RouteEvent>, RouteRefusal> {
        let had = match self {
            Self::Absent => return Err(RouteRefusal::NotDefined),
            Self::Retired(_) => return Err(RouteRefusal::Retired),
            Self::Active(spec) => spec,
        };
        let ReviseRoute { name, hosts, methods, path, required_scopes, cost, cost_from_header } = ask;
        let spec = RouteSpec {
            name: name.as_ref().unwrap_or(&had.name).clone(),
            hosts: hosts.as_ref().unwrap_or(&had.hosts).clone(),
            methods: methods.as_ref().unwrap_or(&had.methods).clone(),
            path: path.as_ref().unwrap_or(&had.path).clone(),
            required_scopes: required_scopes.as_ref().unwrap_or(&had.required_scopes).clone(),
            cost: cost.unwrap_or(had.cost),
            cost_from_header: cost_from_header.as_ref().unwrap_or(&had.cost_from_header).clone(),
        };
        check(&spec)?;
        if spec == *had { Ok(vec![]) } else { Ok(vec![RouteEvent::Revised(Revised { spec })]) }
    }

    fn retire(&self, ask: &RetireRoute) -> Result<Vec<RouteEvent>, RouteRefusal> {
        match self {
            Self::Absent => Err(RouteRefusal::NotDefined),
            Self::Retired(_) => Ok(vec![]),
            Self::Active(_) => Ok(vec![RouteEvent::Retired(Retired { reason: ask.reason.clone() })]),
        }
    }
}

fn check(spec: &RouteSpec) -> Result<(), RouteRefusal> {
    let RouteSpec { name: _, hosts, methods, path: _, required_scopes, cost, cost_from_header } = spec;
    at_most("hosts", hosts.len(), HOSTS_MAX)?;
    if methods.is_empty() {
        return Err(RouteRefusal::NoMethod);
    }
    at_most("methods", methods.len(), METHODS_MAX)?;
    at_most("scopes", required_scopes.len(), SCOPES_MAX)?;
    let max = cost_from_header.as_ref().map(|header| header.max);
    if let Some(cost) = max.into_iter().chain([*cost]).find(|cost| !(1..=COST_MAX).contains(cost)) {
        return Err(RouteRefusal::CostOutOfBounds { cost, allowed: COST_MAX });
    }
    match max {
        Some(max) if *cost > max => Err(RouteRefusal::CostAboveHeaderMax { cost: *cost, max }),
        Some(_) | None => Ok(()),
    }
}

fn at_most(what: &'static str, given: usize, allowed: usize) -> Result<(), RouteRefusal> {
    if given > allowed { Err(RouteRefusal::TooMany { what, given, allowed }) } else { Ok(()) }
}
