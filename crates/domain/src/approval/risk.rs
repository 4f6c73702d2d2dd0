//! What never waits for a second person: what only makes less possible. A list of names, and not a judgement.

use crate::{
    DomainEvent,
    api_client::ApiClientEvent,
    api_key::ApiKeyEvent,
    approval::ApprovalEvent,
    approval_rule::ApprovalRuleEvent,
    grant::GrantEvent,
    notification_rule::NotificationRuleEvent,
    operation::{OperationEvent, OperationKind},
    principal::PrincipalEvent,
    projection::ProjectionEvent,
    rate_limit_policy::{Mode, PolicySpec, RateLimitPolicyEvent},
    route::RouteEvent,
    scheduled_change::{PlannedChange, ScheduledChangeEvent},
    webhook::WebhookEvent,
};

/// Whether the event only makes less possible than before. `policy`: as it stood, where the event is a policy's.
#[must_use]
pub fn lowers_risk(event: &DomainEvent, policy: Option<&PolicySpec>) -> bool {
    match event {
        DomainEvent::ApiClient { event, .. } => of_client(event),
        DomainEvent::ApiKey { event, .. } => of_key(event),
        DomainEvent::Principal { event, .. } => of_principal(event),
        DomainEvent::Grant { event, .. } => match event {
            GrantEvent::Given(_) => false,
            GrantEvent::Withdrawn(_) => true,
        },
        DomainEvent::RateLimitPolicy { event, .. } => match event {
            RateLimitPolicyEvent::Revised(revised) => {
                policy.is_some_and(|before| !raises_a_limit(before, &revised.spec))
            }
            RateLimitPolicyEvent::Defined(_)
            | RateLimitPolicyEvent::Assigned(_)
            | RateLimitPolicyEvent::Unassigned(_)
            | RateLimitPolicyEvent::Retired(_)
            | RateLimitPolicyEvent::LimitReset(_) => false,
        },
        DomainEvent::Operation { event, .. } => of_operation(event),
        DomainEvent::ScheduledChange { event, .. } => of_scheduled_change(event),
        DomainEvent::Route { event, .. } => match event {
            RouteEvent::Defined(_) | RouteEvent::Revised(_) | RouteEvent::Retired(_) => false,
        },
        DomainEvent::Projection { event, .. } => match event {
            ProjectionEvent::EventSkipped(_) => false,
        },
        // What is erased is gone.
        DomainEvent::Erasure { .. } => false,
        // What was seen is nothing that anybody does.
        DomainEvent::Observation { .. } => true,
        // Deciding is what is waited for; and a rule more makes less possible.
        DomainEvent::Approval { event, .. } => match event {
            ApprovalEvent::Proposed(_)
            | ApprovalEvent::Approved(_)
            | ApprovalEvent::Declined(_)
            | ApprovalEvent::Withdrawn(_)
            | ApprovalEvent::Redeemed(_) => true,
        },
        DomainEvent::ApprovalRule { event, .. } => match event {
            ApprovalRuleEvent::Made(_) => true,
            ApprovalRuleEvent::Ended(_) => false,
        },
        // What is told less gives nothing away.
        DomainEvent::Webhook { event, .. } => of_webhook(event),
        DomainEvent::NotificationRule { event, .. } => match event {
            NotificationRuleEvent::Made(_)
            | NotificationRuleEvent::Revised(_)
            | NotificationRuleEvent::Ended(_) => false,
        },
    }
}

fn of_operation(event: &OperationEvent) -> bool {
    match event {
        OperationEvent::Planned(planned) => match planned.kind {
            OperationKind::RevokeKeys | OperationKind::SuspendKeys => true,
            OperationKind::ImportKeys | OperationKind::ReplayWebhook | OperationKind::ExportReport => false,
        },
        OperationEvent::KeysChosen(_) => true,
        OperationEvent::Started(_)
        | OperationEvent::Progressed(_)
        | OperationEvent::Finished(_)
        | OperationEvent::Cancelled(_) => false,
    }
}

fn of_scheduled_change(event: &ScheduledChangeEvent) -> bool {
    match event {
        ScheduledChangeEvent::Planned(planned) => match &planned.change {
            PlannedChange::SuspendKey { .. } | PlannedChange::SuspendClient { .. } => true,
            PlannedChange::AssignPolicy { .. }
            | PlannedChange::UnassignPolicy { .. }
            | PlannedChange::RevisePolicy { .. } => false,
        },
        ScheduledChangeEvent::Begun(_)
        | ScheduledChangeEvent::Applied(_)
        | ScheduledChangeEvent::Ended(_)
        | ScheduledChangeEvent::Failed(_)
        | ScheduledChangeEvent::Cancelled(_) => false,
    }
}

fn of_webhook(event: &WebhookEvent) -> bool {
    match event {
        WebhookEvent::Disabled(_) | WebhookEvent::Deleted(_) => true,
        WebhookEvent::Created(_)
        | WebhookEvent::Revised(_)
        | WebhookEvent::Verified(_)
        | WebhookEvent::SecretRotated(_)
        | WebhookEvent::Enabled(_)
        | WebhookEvent::VerificationAsked(_)
        | WebhookEvent::TestAsked(_)
        | WebhookEvent::ResendAsked(_) => false,
    }
}

fn of_client(event: &ApiClientEvent) -> bool {
    use ApiClientEvent as E;
    match event {
        E::Suspended(_) | E::Archived(_) | E::ScopeRevoked(_) | E::EnvironmentWithdrawn(_) => true,
        E::Registered(_)
        | E::Renamed(_)
        | E::OwnerChanged(_)
        | E::ContactsChanged(_)
        | E::LabelsChanged(_)
        | E::ScopeGranted(_)
        | E::EnvironmentAllowed(_)
        | E::Reinstated(_) => false,
    }
}

fn of_key(event: &ApiKeyEvent) -> bool {
    use ApiKeyEvent as E;
    match event {
        E::Revoked(_)
        | E::Suspended(_)
        | E::Quarantined(_)
        | E::PreviousRetired(_)
        | E::RevocationScheduled(_)
        | E::LeakReported(_)
        | E::Expired(_) => true,
        E::Issued(_)
        | E::Rotated(_)
        | E::OverlapExtended(_)
        | E::PreviousStillBusy(_)
        | E::RevocationCancelled(_)
        | E::Reinstated(_)
        | E::Imported(_)
        | E::Released(_) => false,
    }
}

fn of_principal(event: &PrincipalEvent) -> bool {
    use PrincipalEvent as E;
    match event {
        E::Disabled(_) | E::TokensRevoked(_) | E::BreakGlassClosed(_) => true,
        E::PersonAdded(_)
        | E::ServiceAccountMade(_)
        | E::TokenIssued(_)
        | E::TokenRotated(_)
        | E::Enabled(_)
        | E::InstallationClaimed(_)
        | E::ClaimReopened(_)
        | E::BreakGlassOpened(_) => false,
    }
}

/// Whether anybody might be let through by the second specification whom the first refuses.
#[must_use]
pub fn raises_a_limit(before: &PolicySpec, after: &PolicySpec) -> bool {
    let enforced = !(before.mode == Mode::Enforce && after.mode == Mode::Shadow);
    let rates = before.rates.iter().all(|rate| {
        after.rates.iter().any(|other| {
            other.name == rate.name
                && other.requests <= rate.requests
                && other.per_seconds >= rate.per_seconds
                && other.burst <= rate.burst
        })
    });
    let quotas = before.quotas.iter().all(|quota| {
        after.quotas.iter().any(|other| {
            let same = (other.period, other.window, &other.time_zone)
                == (quota.period, quota.window, &quota.time_zone);
            other.name == quota.name && other.requests <= quota.requests && same
        })
    });
    !(enforced && rates && quotas && before.counting == after.counting)
}
