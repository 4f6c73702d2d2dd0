//! Which policies bind a call: the most specific assignment wins, for each kind of limit and each mode by itself.

pub(crate) mod rows;

use domain::{
    AssignmentId, Position,
    decision::LimitKind,
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

/// Whom an assignment binds. What is NONE binds all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    pub(crate) client: ClientSlot,
    pub(crate) route: RouteSlot,
    pub(crate) environment: EnvironmentSlot,
}

impl Target {
    pub(crate) const ANY: Self =
        Self { client: ClientSlot::NONE, route: RouteSlot::NONE, environment: EnvironmentSlot::NONE };
}

/// One assignment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) assignment_id: AssignmentId,
    pub(crate) policy: PolicySlot,
    pub(crate) assigned_at: Position,
    /// Unix microseconds.
    pub(crate) from: i64,
    pub(crate) until: i64,
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
    pub(crate) assigned_at: Position,
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

/// Is told of every assignment that is weighed for a call. A call that is decided tells nobody.
pub(crate) trait Weighing {
    fn weigh(&mut self, _weighed: Weighed<'_>) {}
}

impl Weighing for () {}

/// One assignment, for one kind of limit, and what comes of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weighed<'index> {
    pub(crate) bound: &'index Bound,
    pub(crate) target: Target,
    pub(crate) kind: LimitKind,
    pub(crate) why: Why,
}

/// Why an assignment applies, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Won,
    /// Behind this one, of the same kind and mode.
    Behind(AssignmentId),
    NotOpenYet,
    Over,
    PolicyInactive,
    NoSuchLimit,
}

const KINDS: [LimitKind; 2] = [LimitKind::Rate, LimitKind::Quota];

impl<'index> Bindings<'index> {
    /// A policy that is less specific than one already here has nothing to say about the same kind and mode.
    fn offer(
        &mut self,
        bound: &'index Bound,
        policy: &'index PolicyEntry,
        target: Target,
        witness: &mut impl Weighing,
    ) {
        let winners = match policy.mode {
            Mode::Enforce => &mut self.enforced,
            Mode::Shadow => &mut self.shadowed,
        };
        for kind in KINDS {
            let why = if policy.limits(kind).is_empty() {
                Why::NoSuchLimit
            } else if let Some(winner) = winners.iter().find(|winner| winner.kind == kind) {
                Why::Behind(winner.assignment_id)
            } else {
                let Bound { assignment_id, policy: policy_slot, assigned_at, .. } = *bound;
                let route = target.route;
                winners.push(Binding { kind, assignment_id, assigned_at, policy_slot, policy, route });
                Why::Won
            };
            witness.weigh(Weighed { bound, target, kind, why });
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
        &'index self,
        policies: &'index Policies,
        call: Target,
        client: Option<&ClientEntry>,
        now: i64,
        witness: &mut impl Weighing,
    ) -> Bindings<'index> {
        let any = Target::ANY;
        let on_route = call.route != RouteSlot::NONE;
        let levels = [
            (
                on_route && client.is_some_and(|client| client.assigned_on_route),
                Target { environment: any.environment, ..call },
            ),
            (client.is_some_and(|client| client.assigned), Target { client: call.client, ..any }),
            (on_route, Target { route: call.route, ..any }),
            (true, any),
        ];
        let mut bindings = Bindings::default();
        for (possible, target) in levels {
            if possible {
                self.offer(
                    &mut bindings,
                    policies,
                    Target { environment: call.environment, ..target },
                    now,
                    witness,
                );
                self.offer(&mut bindings, policies, target, now, witness);
            }
        }
        bindings
    }

    fn offer<'index>(
        &'index self,
        bindings: &mut Bindings<'index>,
        policies: &'index Policies,
        target: Target,
        now: i64,
        witness: &mut impl Weighing,
    ) {
        for bound in self.by_target.get(&target).into_iter().flatten() {
            match bound.binds(policies, now) {
                Ok(policy) => bindings.offer(bound, policy, target, witness),
                Err(why) => {
                    for kind in KINDS {
                        witness.weigh(Weighed { bound, target, kind, why });
                    }
                }
            }
        }
    }

    /// Every assignment with whom it binds, in no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Target, &Bound)> {
        self.by_target.iter().flat_map(|(target, bounds)| bounds.iter().map(|bound| (*target, bound)))
    }
}

impl Bound {
    /// The policy, while this binds.
    fn binds<'index>(&self, policies: &'index Policies, now: i64) -> Result<&'index PolicyEntry, Why> {
        if now < self.from {
            Err(Why::NotOpenYet)
        } else if now >= self.until {
            Err(Why::Over)
        } else {
            policies.get(self.policy).filter(|policy| policy.active).ok_or(Why::PolicyInactive)
        }
    }
}
