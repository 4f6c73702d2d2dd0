//! Which policies bind a call: the most specific assignment wins, for each kind of limit and each mode by itself.

pub(crate) mod rows;

use domain::{
    AssignmentId, Position,
    rate_limit_policy::{Assignment, Mode},
};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;

use super::{
    clients::ClientEntry,
    limits::{Limit, Policies, PolicyEntry},
    micros,
    slots::{ClientSlot, EnvironmentSlot, PolicySlot, RouteSlot},
};
use crate::call::LimitKind;

/// Whom an assignment binds. What is NONE binds all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    pub(crate) client: ClientSlot,
    pub(crate) route: RouteSlot,
    pub(crate) environment: EnvironmentSlot,
}

/// One assignment.
#[derive(Debug)]
struct Bound {
    assignment_id: AssignmentId,
    policy: PolicySlot,
    assigned_at: Position,
    /// Unix microseconds.
    from: i64,
    until: i64,
}

/// All assignments, by whom they bind; the latest first.
#[derive(Debug, Default)]
pub(crate) struct Assignments {
    by_target: HashMap<Target, SmallVec<[Bound; 1]>, FxBuildHasher>,
    targets: HashMap<AssignmentId, Target, FxBuildHasher>,
}

/// A policy that binds a call with its limits of one kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binding<'index> {
    pub(crate) kind: LimitKind,
    pub(crate) assignment_id: AssignmentId,
    pub(crate) policy_slot: PolicySlot,
    pub(crate) policy: &'index PolicyEntry,
    /// The route, when the assignment names it: its limits are counted for the route by itself.
    pub(crate) route: RouteSlot,
}

impl<'index> Binding<'index> {
    pub(crate) fn limits(&self) -> std::slice::Iter<'index, Limit> {
        self.policy.limits(self.kind).iter()
    }
}

/// The winners, at most one for each kind and mode.
#[derive(Debug, Default)]
pub(crate) struct Bindings<'index> {
    pub(crate) enforced: SmallVec<[Binding<'index>; 2]>,
    pub(crate) shadowed: SmallVec<[Binding<'index>; 2]>,
}

impl<'index> Bindings<'index> {
    /// A policy that is less specific than one already here has nothing to say about the same kind and mode.
    fn offer(&mut self, bound: &Bound, policy: &'index PolicyEntry, route: RouteSlot) {
        let winners = match policy.mode {
            Mode::Enforce => &mut self.enforced,
            Mode::Shadow => &mut self.shadowed,
        };
        for kind in [LimitKind::Rate, LimitKind::Quota] {
            if !policy.limits(kind).is_empty() && winners.iter().all(|winner| winner.kind != kind) {
                let Bound { assignment_id, policy: policy_slot, .. } = *bound;
                winners.push(Binding { kind, assignment_id, policy_slot, policy, route });
            }
        }
    }
}

impl Assignments {
    pub(crate) fn assign(
        &mut self,
        policy: PolicySlot,
        target: Target,
        assignment: &Assignment,
        assigned_at: Position,
    ) {
        let Assignment { assignment_id, client_id: _, route_id: _, environment: _, from, until } = assignment;
        self.unassign(*assignment_id);
        let bound = Bound {
            assignment_id: *assignment_id,
            policy,
            assigned_at,
            from: from.map_or(i64::MIN, micros),
            until: until.map_or(i64::MAX, micros),
        };
        self.bind(target, bound);
    }

    fn bind(&mut self, target: Target, bound: Bound) {
        self.targets.insert(bound.assignment_id, target);
        let all = self.by_target.entry(target).or_default();
        let place = all.iter().position(|other| other.assigned_at < bound.assigned_at).unwrap_or(all.len());
        all.insert(place, bound);
    }

    pub(crate) fn unassign(&mut self, assignment_id: AssignmentId) {
        let Some(target) = self.targets.remove(&assignment_id) else { return };
        if let Some(all) = self.by_target.get_mut(&target) {
            all.retain(|bound| bound.assignment_id != assignment_id);
            if all.is_empty() {
                self.by_target.remove(&target);
            }
        }
    }

    /// The policies that bind a call at a moment. Client and route go before client, that before route, before
    /// environment, before the default; at each of these, an assignment for the environment goes before one for
    /// all; and of two for the same calls, the one made later.
    pub(crate) fn resolve<'index>(
        &self,
        policies: &'index Policies,
        call: Target,
        client: &ClientEntry,
        now: i64,
    ) -> Bindings<'index> {
        let any =
            Target { client: ClientSlot::NONE, route: RouteSlot::NONE, environment: EnvironmentSlot::NONE };
        let on_route = call.route != RouteSlot::NONE;
        let levels = [
            (on_route && client.assigned_on_route, Target { environment: any.environment, ..call }),
            (client.assigned, Target { client: call.client, ..any }),
            (on_route, Target { route: call.route, ..any }),
            (true, any),
        ];
        let mut bindings = Bindings::default();
        for (possible, target) in levels {
            if possible {
                self.offer(&mut bindings, policies, Target { environment: call.environment, ..target }, now);
                self.offer(&mut bindings, policies, target, now);
            }
        }
        bindings
    }

    fn offer<'index>(
        &self,
        bindings: &mut Bindings<'index>,
        policies: &'index Policies,
        target: Target,
        now: i64,
    ) {
        for bound in self.by_target.get(&target).into_iter().flatten() {
            if (bound.from..bound.until).contains(&now)
                && let Some(policy) = policies.get(bound.policy).filter(|policy| policy.active)
            {
                bindings.offer(bound, policy, target.route);
            }
        }
    }
}
