//! What an event reaches: the calls that are judged otherwise once it is in force, and whose they are.

use domain::{
    ClientId, DomainEvent, Environment, PolicyId,
    api_client::ApiClientEvent,
    api_key::ApiKeyEvent,
    rate_limit_policy::{Assigned, Assignment, LimitReset, RateLimitPolicyEvent, Unassigned},
    route::RouteEvent,
    scheduled_change::{PlannedChange, ScheduledChangeEvent},
};
use projections::queries::blast::{Reach, Which};

pub(super) fn reach(event: &DomainEvent) -> Reach {
    match event {
        DomainEvent::ApiClient { id, event } => of_client(*id, event),
        DomainEvent::ApiKey { id, event } => match event {
            ApiKeyEvent::Issued(issued) => new(issued.client_id, issued.environment.clone()),
            ApiKeyEvent::Imported(imported) => new(imported.client_id, imported.environment.clone()),
            // Whatever else happens to a key, it is that key's calls.
            ApiKeyEvent::Rotated(_)
            | ApiKeyEvent::OverlapExtended(_)
            | ApiKeyEvent::PreviousRetired(_)
            | ApiKeyEvent::PreviousStillBusy(_)
            | ApiKeyEvent::RevocationScheduled(_)
            | ApiKeyEvent::RevocationCancelled(_)
            | ApiKeyEvent::Revoked(_)
            | ApiKeyEvent::Suspended(_)
            | ApiKeyEvent::Reinstated(_)
            | ApiKeyEvent::Expired(_)
            | ApiKeyEvent::LeakReported(_)
            | ApiKeyEvent::Quarantined(_)
            | ApiKeyEvent::Released(_) => Reach::calls(Which::key(*id)),
        },
        DomainEvent::Route { id, event } => match event {
            RouteEvent::Defined(_) => Reach::default(),
            RouteEvent::Revised(_) | RouteEvent::Retired(_) => Reach::calls(Which::route(*id)),
        },
        DomainEvent::RateLimitPolicy { id, event } => of_policy(*id, event),
        DomainEvent::ScheduledChange { id: _, event } => of_change(event),
        // What an operation does to each of its items is an event of that item; who may do it is nothing to a call.
        DomainEvent::Projection { .. }
        | DomainEvent::Operation { .. }
        | DomainEvent::Principal { .. }
        | DomainEvent::Grant { .. }
        | DomainEvent::Observation { .. }
        | DomainEvent::Erasure { .. }
        | DomainEvent::Approval { .. }
        | DomainEvent::ApprovalRule { .. }
        | DomainEvent::Webhook { .. }
        | DomainEvent::NotificationRule { .. } => Reach::default(),
    }
}

/// A plan reaches what the change will; what became of it is in the events of its subject.
fn of_change(event: &ScheduledChangeEvent) -> Reach {
    let ScheduledChangeEvent::Planned(planned) = event else { return Reach::default() };
    match &planned.change {
        PlannedChange::SuspendKey { key_id, client_id: _ } => Reach::calls(Which::key(*key_id)),
        PlannedChange::SuspendClient { client_id } => Reach::calls(Which::client(*client_id)),
        PlannedChange::AssignPolicy { policy_id: _, assignment } => of_assignment(assignment),
        PlannedChange::UnassignPolicy { policy_id: _, assignment_id, client_id: _ } => {
            Reach { assignments: vec![*assignment_id], ..Reach::default() }
        }
        PlannedChange::RevisePolicy { policy_id, revision: _ } => {
            Reach { policies: vec![*policy_id], ..Reach::default() }
        }
    }
}

fn of_assignment(assignment: &Assignment) -> Reach {
    let Assignment { client_id, route_id, environment, .. } = assignment.clone();
    Reach::calls(Which { client_id, key_id: None, route_id, environment })
}

fn of_client(id: ClientId, event: &ApiClientEvent) -> Reach {
    match event {
        // It has no keys yet.
        ApiClientEvent::Registered(_) => Reach::default(),
        ApiClientEvent::EnvironmentWithdrawn(withdrawn) => {
            let environment = Some(withdrawn.environment.clone());
            Reach::calls(Which { environment, ..Which::client(id) })
        }
        ApiClientEvent::EnvironmentAllowed(allowed) => new(id, allowed.environment.clone()),
        ApiClientEvent::Renamed(_)
        | ApiClientEvent::OwnerChanged(_)
        | ApiClientEvent::ContactsChanged(_)
        | ApiClientEvent::LabelsChanged(_)
        | ApiClientEvent::ScopeGranted(_)
        | ApiClientEvent::ScopeRevoked(_)
        | ApiClientEvent::Suspended(_)
        | ApiClientEvent::Reinstated(_)
        | ApiClientEvent::Archived(_) => Reach::calls(Which::client(id)),
    }
}

fn of_policy(id: PolicyId, event: &RateLimitPolicyEvent) -> Reach {
    match event {
        RateLimitPolicyEvent::Defined(_) => Reach::default(),
        RateLimitPolicyEvent::Revised(_) | RateLimitPolicyEvent::Retired(_) => {
            Reach { policies: vec![id], ..Reach::default() }
        }
        RateLimitPolicyEvent::Assigned(Assigned { assignment }) => of_assignment(assignment),
        RateLimitPolicyEvent::LimitReset(LimitReset { client_id, key_id, environment, .. }) => {
            let (client_id, key_id, environment) = (*client_id, *key_id, environment.clone());
            match (client_id, key_id) {
                (None, None) => Reach { policies: vec![id], ..Reach::default() },
                (_, Some(_)) | (Some(_), None) => {
                    Reach::calls(Which { client_id, key_id, route_id: None, environment })
                }
            }
        }
        RateLimitPolicyEvent::Unassigned(Unassigned { assignment_id, reason: _ }) => {
            Reach { assignments: vec![*assignment_id], ..Reach::default() }
        }
    }
}

fn new(client_id: ClientId, environment: Environment) -> Reach {
    Reach { new: vec![(client_id, environment)], ..Reach::default() }
}
