//! Routes, and which of them a call belongs to.

pub(crate) mod rows;
mod tree;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    Position, RouteId,
    explain::RouteFate,
    route::{CostFromHeader, Defined, Host, Method, Revised, RouteEvent, RouteSpec},
};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use self::tree::Tree;
use super::{
    shared::Shared,
    slots::{RouteSlot, Slots},
    table::Table,
};
use crate::scopes::ScopeSet;

/// One route.
#[derive(Debug)]
pub(crate) struct RouteEntry {
    pub(crate) id: RouteId,
    defined_at: Position,
    /// None: not defined yet, or retired.
    active: Option<ActiveRoute>,
}

/// What is needed of a route to judge a call.
#[derive(Debug)]
pub(crate) struct ActiveRoute {
    hosts: BTreeSet<Host>,
    methods: BTreeSet<Method>,
    shape: String,
    pub(crate) required: Arc<ScopeSet>,
    pub(crate) cost: u32,
    pub(crate) cost_from_header: Option<CostFromHeader>,
}

/// The calls that one table looks at: those to a host, to the hosts of a `*.`, or to any, by one method.
type Group = (Option<Host>, Method);
type ByMethod = HashMap<Box<str>, Tree, FxBuildHasher>;

/// Tables that took other routes' place.
#[derive(Debug, Default)]
pub(crate) struct Rebuilt(Vec<(Group, Tree)>);

/// All routes. Two that select the same calls may both be active; the one defined first takes them, and when it is
/// retired the other does.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    entries: Slots<RouteEntry>,
    by_id: Table,
    /// Active routes in the order they were defined.
    groups: BTreeMap<Group, BTreeSet<(Position, RouteSlot)>>,
    /// Groups whose table is behind.
    changed: BTreeSet<Group>,
    by_host: HashMap<Box<str>, ByMethod, FxBuildHasher>,
    /// By what comes after the star.
    by_wildcard: HashMap<Box<str>, ByMethod, FxBuildHasher>,
    any_host: ByMethod,
}

impl Routes {
    pub(crate) fn get(&self, slot: RouteSlot) -> Option<&RouteEntry> {
        self.entries.get(slot.0)
    }

    /// The route that takes a call. An exact host goes before `*.`, that before any host; within it, from left to
    /// right, a literal segment goes before `{place}`, and that before `{*rest}`.
    pub(crate) fn find(
        &self,
        host: Option<&str>,
        method: &str,
        path: &str,
    ) -> Option<(RouteSlot, &ActiveRoute)> {
        let find = |tables: &ByMethod| tables.get(method)?.find(path);
        let mut lower = [0_u8; HOST_BYTES_MAX];
        let named = host.filter(|_| !self.by_host.is_empty() || !self.by_wildcard.is_empty());
        let at_host = named.and_then(|host| bare_host(host, &mut lower)).and_then(|host| {
            let at_exact = || find(self.by_host.get(host)?);
            let at_wildcard = || find(self.by_wildcard.get(below(host)?)?);
            at_exact().or_else(at_wildcard)
        });
        let slot = at_host.or_else(|| find(&self.any_host))?;
        Some((slot, self.get(slot)?.active.as_ref()?))
    }

    /// Every route whose template fits the path, with why it takes the call or leaves it to another. Looks at all there
    /// are.
    pub(crate) fn fitting(
        &self,
        host: Option<&str>,
        method: &str,
        path: &str,
    ) -> impl Iterator<Item = (RouteId, RouteFate)> {
        let winner = self.find(host, method, path);
        let mut lower = [0_u8; HOST_BYTES_MAX];
        let host = host.and_then(|host| bare_host(host, &mut lower)).map(ToOwned::to_owned);
        let (method, path) = (method.to_owned(), path.to_owned());
        (0..self.entries.len()).filter_map(move |at| {
            let slot = RouteSlot(u32::try_from(at).ok()?);
            let entry = self.get(slot)?;
            let route = entry.active.as_ref().filter(|route| route.fits(&path))?;
            let fate = match winner {
                Some((won, _)) if won == slot => RouteFate::Won,
                Some((_, winner)) => route.why_not(host.as_deref(), &method, Some(winner)),
                None => route.why_not(host.as_deref(), &method, None),
            };
            Some((entry.id, fate))
        })
    }

    /// The route of that name, as long as it takes calls.
    pub(crate) fn active(&self, id: RouteId) -> Option<(RouteSlot, &ActiveRoute)> {
        let slot = self.slot_if_known(id)?;
        Some((slot, self.get(slot)?.active.as_ref()?))
    }

    /// The route's slot, if it was ever named.
    pub(crate) fn slot_if_known(&self, id: RouteId) -> Option<RouteSlot> {
        let holds = |slot| self.entries.get(slot).is_some_and(|entry| entry.id == id);
        self.by_id.find(id, holds).map(RouteSlot)
    }

    /// The route's slot, in which it selects nothing until it is defined.
    pub(crate) fn slot_of(&mut self, id: RouteId) -> RouteSlot {
        let found = self.by_id.find(id, |slot| self.entries.get(slot).is_some_and(|entry| entry.id == id));
        if let Some(slot) = found {
            return RouteSlot(slot);
        }
        let slot = self.entries.push(RouteEntry { id, defined_at: Position::START, active: None });
        self.by_id.insert(id, slot, |slot| self.entries.get(slot).map(|entry| entry.id));
        RouteSlot(slot)
    }

    /// Takes an event over. The tables follow with [`Self::rebuild`] and [`Self::install`], once for many events.
    pub(crate) fn apply(
        &mut self,
        id: RouteId,
        event: &RouteEvent,
        position: Position,
        scope_sets: &mut Shared<ScopeSet>,
    ) {
        let slot = self.slot_of(id);
        match event {
            RouteEvent::Defined(Defined { spec }) => {
                if let Some(entry) = self.entries.get_mut(slot.0) {
                    entry.defined_at = position;
                }
                self.activate(slot, Some(ActiveRoute::of(spec, scope_sets)));
            }
            RouteEvent::Revised(Revised { spec }) => {
                self.activate(slot, Some(ActiveRoute::of(spec, scope_sets)));
            }
            RouteEvent::Retired(_) => self.activate(slot, None),
        }
    }

    fn activate(&mut self, slot: RouteSlot, active: Option<ActiveRoute>) {
        let Some(entry) = self.entries.get_mut(slot.0) else { return };
        let place = (entry.defined_at, slot);
        for group in entry.active.iter().flat_map(ActiveRoute::groups) {
            if let Some(members) = self.groups.get_mut(&group) {
                members.remove(&place);
            }
            self.changed.insert(group);
        }
        entry.active = active;
        for group in entry.active.iter().flat_map(ActiveRoute::groups) {
            self.groups.entry(group.clone()).or_default().insert(place);
            self.changed.insert(group);
        }
    }

    pub(crate) fn is_behind(&self) -> bool {
        !self.changed.is_empty()
    }

    /// New tables for the groups that have changed; takes a while when there are many routes, so it changes
    /// nothing yet.
    pub(crate) fn rebuild(&self) -> Rebuilt {
        let rebuilt = |group: &Group| {
            let mut tree = Tree::default();
            for (_, slot) in self.groups.get(group).into_iter().flatten() {
                if let Some(route) = self.get(*slot).and_then(|entry| entry.active.as_ref()) {
                    tree.insert(&route.shape, *slot);
                }
            }
            (group.clone(), tree)
        };
        Rebuilt(self.changed.iter().map(rebuilt).collect())
    }

    pub(crate) fn install(&mut self, rebuilt: Rebuilt) {
        for (group, tree) in rebuilt.0 {
            self.changed.remove(&group);
            let (host, method) = group;
            let tables = match host.as_ref().map(|host| (host.as_str(), host.wildcard())) {
                Some((_, Some(suffix))) => self.by_wildcard.entry_ref(suffix).or_default(),
                Some((host, None)) => self.by_host.entry_ref(host).or_default(),
                None => &mut self.any_host,
            };
            tables.insert(method.as_str().into(), tree);
        }
    }
}

impl ActiveRoute {
    fn of(spec: &RouteSpec, scope_sets: &mut Shared<ScopeSet>) -> Self {
        let RouteSpec { name: _, hosts, methods, path, required_scopes, cost, cost_from_header } = spec;
        Self {
            hosts: hosts.clone(),
            methods: methods.clone(),
            shape: path.shape(),
            required: scope_sets.keep(required_scopes.iter().cloned().collect()),
            cost: *cost,
            cost_from_header: cost_from_header.clone(),
        }
    }

    fn fits(&self, path: &str) -> bool {
        let mut alone = Tree::default();
        alone.insert(&self.shape, RouteSlot(0));
        alone.find(path).is_some()
    }

    /// How closely the route names a host, given as routes name it: by name 2, by `*.` 1, as any host 0. None: it does
    /// not.
    fn closeness(&self, host: Option<&str>) -> Option<u8> {
        let suffix = host.and_then(below);
        let named = |own: &Host| match own.wildcard() {
            Some(wildcard) => (Some(wildcard) == suffix).then_some(1),
            None => (Some(own.as_str()) == host).then_some(2),
        };
        if self.hosts.is_empty() { Some(0) } else { self.hosts.iter().filter_map(named).max() }
    }

    /// Why a route that fits the path does not take the call.
    fn why_not(&self, host: Option<&str>, method: &str, winner: Option<&Self>) -> RouteFate {
        let Some(own) = self.closeness(host) else { return RouteFate::OtherHost };
        if self.methods.iter().all(|own| own.as_str() != method) {
            RouteFate::OtherMethod
        } else if winner.and_then(|winner| winner.closeness(host)).is_some_and(|closer| closer > own) {
            RouteFate::LessSpecificHost
        } else if winner.is_some_and(|winner| winner.shape == self.shape) {
            RouteFate::DefinedLater
        } else {
            RouteFate::LessSpecificTemplate
        }
    }

    fn groups(&self) -> impl Iterator<Item = Group> {
        let any = self.hosts.is_empty().then_some(None);
        let hosts = self.hosts.iter().cloned().map(Some).chain(any);
        hosts.flat_map(|host| self.methods.iter().map(move |method| (host.clone(), method.clone())))
    }
}

/// A host without its first label.
fn below(host: &str) -> Option<&str> {
    let (label, suffix) = host.split_once('.')?;
    Some(suffix).filter(|_| !label.is_empty())
}

const HOST_BYTES_MAX: usize = 253;

/// A host as routes name it: in lower case, without port and final dot. None when no route can be named so.
fn bare_host<'lower>(host: &str, lower: &'lower mut [u8; HOST_BYTES_MAX]) -> Option<&'lower str> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name.as_bytes());
    lower.make_ascii_lowercase();
    std::str::from_utf8(lower).ok()
}

#[cfg(test)]
mod tests;
