//! What a decision needs to know, built from the log and held in memory.

pub(crate) mod assignments;
pub(crate) mod clients;
pub(crate) mod keys;
pub(crate) mod limits;
pub(crate) mod resets;
pub(crate) mod routes;
pub(crate) mod shared;
pub(crate) mod slots;
mod table;

use domain::{
    DomainEvent, Position, Recorded, Timestamp,
    rate_limit_policy::{Assigned, Counting, LimitReset, RateLimitPolicyEvent, Unassigned},
};

use self::{
    assignments::{Assignments, Target},
    clients::Clients,
    keys::Keys,
    limits::Policies,
    resets::{Reset, Resets},
    routes::{Rebuilt, Routes},
    shared::{Environments, Shared},
    slots::{ClientSlot, EnvironmentSlot, PolicySlot, RouteSlot},
};
use crate::scopes::ScopeSet;

/// The index. Slots are never given back, so that what counts by slot may ask for their names at any time.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The last event that is wholly in here.
    pub(crate) position: Position,
    pub(crate) environments: Environments,
    pub(crate) scope_sets: Shared<ScopeSet>,
    pub(crate) clients: Clients,
    pub(crate) keys: Keys,
    pub(crate) routes: Routes,
    pub(crate) policies: Policies,
    pub(crate) assignments: Assignments,
    pub(crate) resets: Resets,
}

impl Index {
    /// Takes an event over. Routes reach their tables, and the position moves on, with [`Self::complete`].
    pub(crate) fn apply(&mut self, recorded: &Recorded) {
        match &recorded.event {
            DomainEvent::ApiClient { id, event } => {
                self.clients.apply(*id, event, &mut self.environments, &mut self.scope_sets);
            }
            DomainEvent::ApiKey { id, event } => {
                self.keys.apply(
                    *id,
                    event,
                    &mut keys::Around {
                        environments: &mut self.environments,
                        scope_sets: &mut self.scope_sets,
                        clients: &mut self.clients,
                    },
                );
            }
            DomainEvent::Route { id, event } => {
                self.routes.apply(*id, event, recorded.position, &mut self.scope_sets);
            }
            // What operators decide about read models, how far their work is and who may do it is nothing to a call,
            // nor is what has not happened yet.
            DomainEvent::Projection { .. }
            | DomainEvent::Operation { .. }
            | DomainEvent::ScheduledChange { .. }
            | DomainEvent::Principal { .. }
            | DomainEvent::Grant { .. }
            | DomainEvent::Observation { .. }
            | DomainEvent::Erasure { .. }
            | DomainEvent::Approval { .. }
            | DomainEvent::ApprovalRule { .. }
            | DomainEvent::Webhook { .. }
            | DomainEvent::NotificationRule { .. } => {}
            DomainEvent::RateLimitPolicy { id, event } => {
                let policy = self.policies.slot_of(*id);
                self.policies.apply(policy, event);
                self.bind(policy, event, recorded.position);
            }
        }
    }

    /// Whether nothing was ever said to it.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { position, environments, clients, keys, routes, policies, .. } = self;
        *position == Position::START
            && [environments.len(), clients.len(), keys.len(), routes.len(), policies.len()] == [0; 5]
    }

    fn bind(&mut self, policy: PolicySlot, event: &RateLimitPolicyEvent, position: Position) {
        match event {
            RateLimitPolicyEvent::Assigned(Assigned { assignment }) => {
                let target = Target {
                    client: assignment.client_id.map_or(ClientSlot::NONE, |id| self.clients.slot_of(id)),
                    route: assignment.route_id.map_or(RouteSlot::NONE, |id| self.routes.slot_of(id)),
                    environment: assignment
                        .environment
                        .as_ref()
                        .map_or(EnvironmentSlot::NONE, |name| self.environments.slot_of(name)),
                };
                self.clients.note_assigned(target.client, target.route != RouteSlot::NONE);
                self.assignments.assign(policy, target, assignment, position);
            }
            RateLimitPolicyEvent::Unassigned(Unassigned { assignment_id, reason: _ }) => {
                self.assignments.unassign(*assignment_id);
            }
            RateLimitPolicyEvent::LimitReset(reset) => self.reset(policy, reset, position),
            RateLimitPolicyEvent::Defined(_)
            | RateLimitPolicyEvent::Revised(_)
            | RateLimitPolicyEvent::Retired(_) => {}
        }
    }

    fn reset(&mut self, policy: PolicySlot, reset: &LimitReset, position: Position) {
        let LimitReset { limit, client_id, key_id, environment, reason: _ } = reset;
        let (counting, subject) = match (key_id, client_id) {
            (Some(key_id), _) => (Counting::Key, self.keys.slot_of(*key_id).0),
            (None, Some(client_id)) => (Counting::Client, self.clients.slot_of(*client_id).0),
            (None, None) => (Counting::Shared, policy.0),
        };
        let limit = self.policies.limit_slot_of(policy, limit);
        let everywhere = EnvironmentSlot::NONE;
        let environment = environment.as_ref().map_or(everywhere, |name| self.environments.slot_of(name));
        self.resets.note(Reset { limit, counting, subject, environment }, position);
    }

    /// Says that everything up to a position is in here, once routes have reached their tables.
    pub(crate) fn complete(&mut self, position: Position, tables: Rebuilt) {
        self.routes.install(tables);
        self.position = self.position.max(position);
    }
}

/// A moment in the microseconds that entries hold: it compares like the moment.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}
