//! A fact with its place in the one log of all facts.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Aggregate as _, ApprovalId, ApprovalRuleId, ClientId, ErasureId, EventId, EventType, GrantId, KeyId,
    Metadata, NotificationRuleId, ObservationId, OperationId, PolicyId, PrincipalId, RouteId,
    ScheduledChangeId, Timestamp, WebhookId,
    api_client::{ApiClient, ApiClientEvent},
    api_key::{ApiKey, ApiKeyEvent},
    approval::{Approval, ApprovalEvent},
    approval_rule::{ApprovalRule, ApprovalRuleEvent},
    erasure::{Erasure, ErasureEvent},
    grant::{GivenGrant, GrantEvent},
    notification_rule::{NotificationRule, NotificationRuleEvent},
    observation::{Observation, ObservationEvent},
    operation::{Operation, OperationEvent},
    personal::PersonalValues,
    principal::{Account, PrincipalEvent},
    projection::{Projection, ProjectionEvent, ProjectionName},
    rate_limit_policy::{RateLimitPolicy, RateLimitPolicyEvent},
    route::{Route, RouteEvent},
    scheduled_change::{ScheduledChange, ScheduledChangeEvent},
    webhook::{Webhook, WebhookEvent},
};

/// The contiguous place of an event in the log, from 1; 0 is before the first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Position(u64);

impl Position {
    /// Before the first event.
    pub const START: Self = Self(0);

    #[must_use]
    pub fn new(position: u64) -> Self {
        Self(position)
    }

    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }

    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// An event of any aggregate, with the aggregate it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub enum DomainEvent {
    ApiClient { id: ClientId, event: ApiClientEvent },
    ApiKey { id: KeyId, event: ApiKeyEvent },
    Route { id: RouteId, event: RouteEvent },
    RateLimitPolicy { id: PolicyId, event: RateLimitPolicyEvent },
    Projection { id: ProjectionName, event: ProjectionEvent },
    Operation { id: OperationId, event: OperationEvent },
    ScheduledChange { id: ScheduledChangeId, event: ScheduledChangeEvent },
    Principal { id: PrincipalId, event: PrincipalEvent },
    Grant { id: GrantId, event: GrantEvent },
    Observation { id: ObservationId, event: ObservationEvent },
    Erasure { id: ErasureId, event: ErasureEvent },
    Approval { id: ApprovalId, event: ApprovalEvent },
    ApprovalRule { id: ApprovalRuleId, event: ApprovalRuleEvent },
    Webhook { id: WebhookId, event: WebhookEvent },
    NotificationRule { id: NotificationRuleId, event: NotificationRuleEvent },
}

impl DomainEvent {
    /// `<aggregate>.<event>`.
    #[must_use]
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::ApiClient { event, .. } => event.event_type(),
            Self::ApiKey { event, .. } => event.event_type(),
            Self::Route { event, .. } => event.event_type(),
            Self::RateLimitPolicy { event, .. } => event.event_type(),
            Self::Projection { event, .. } => event.event_type(),
            Self::Operation { event, .. } => event.event_type(),
            Self::ScheduledChange { event, .. } => event.event_type(),
            Self::Principal { event, .. } => event.event_type(),
            Self::Grant { event, .. } => event.event_type(),
            Self::Observation { event, .. } => event.event_type(),
            Self::Erasure { event, .. } => event.event_type(),
            Self::Approval { event, .. } => event.event_type(),
            Self::ApprovalRule { event, .. } => event.event_type(),
            Self::Webhook { event, .. } => event.event_type(),
            Self::NotificationRule { event, .. } => event.event_type(),
        }
    }

    /// What the event's aggregate is called in the store.
    #[must_use]
    pub fn aggregate_type(&self) -> &'static str {
        match self {
            Self::ApiClient { .. } => ApiClient::TYPE,
            Self::ApiKey { .. } => ApiKey::TYPE,
            Self::Route { .. } => Route::TYPE,
            Self::RateLimitPolicy { .. } => RateLimitPolicy::TYPE,
            Self::Projection { .. } => Projection::TYPE,
            Self::Operation { .. } => Operation::TYPE,
            Self::ScheduledChange { .. } => ScheduledChange::TYPE,
            Self::Principal { .. } => Account::TYPE,
            Self::Grant { .. } => GivenGrant::TYPE,
            Self::Observation { .. } => Observation::TYPE,
            Self::Erasure { .. } => Erasure::TYPE,
            Self::Approval { .. } => Approval::TYPE,
            Self::ApprovalRule { .. } => ApprovalRule::TYPE,
            Self::Webhook { .. } => Webhook::TYPE,
            Self::NotificationRule { .. } => NotificationRule::TYPE,
        }
    }

    /// The version its payload is written in.
    #[must_use]
    pub fn event_version(&self) -> u16 {
        match self {
            Self::ApiClient { event, .. } => event.event_version(),
            Self::ApiKey { event, .. } => event.event_version(),
            Self::Route { event, .. } => event.event_version(),
            Self::RateLimitPolicy { event, .. } => event.event_version(),
            Self::Projection { event, .. } => event.event_version(),
            Self::Operation { event, .. } => event.event_version(),
            Self::ScheduledChange { event, .. } => event.event_version(),
            Self::Principal { event, .. } => event.event_version(),
            Self::Grant { event, .. } => event.event_version(),
            Self::Observation { event, .. } => event.event_version(),
            Self::Erasure { event, .. } => event.event_version(),
            Self::Approval { event, .. } => event.event_version(),
            Self::ApprovalRule { event, .. } => event.event_version(),
            Self::Webhook { event, .. } => event.event_version(),
            Self::NotificationRule { event, .. } => event.event_version(),
        }
    }

    /// The event alone, as it is stored: tagged with its name in `event`.
    ///
    /// # Errors
    /// None of today's events gives one; the serialiser may.
    pub fn payload(&self) -> serde_json::Result<serde_json::Value> {
        match self {
            Self::ApiClient { event, .. } => serde_json::to_value(event),
            Self::ApiKey { event, .. } => serde_json::to_value(event),
            Self::Route { event, .. } => serde_json::to_value(event),
            Self::RateLimitPolicy { event, .. } => serde_json::to_value(event),
            Self::Projection { event, .. } => serde_json::to_value(event),
            Self::Operation { event, .. } => serde_json::to_value(event),
            Self::ScheduledChange { event, .. } => serde_json::to_value(event),
            Self::Principal { event, .. } => serde_json::to_value(event),
            Self::Grant { event, .. } => serde_json::to_value(event),
            Self::Observation { event, .. } => serde_json::to_value(event),
            Self::Erasure { event, .. } => serde_json::to_value(event),
            Self::Approval { event, .. } => serde_json::to_value(event),
            Self::ApprovalRule { event, .. } => serde_json::to_value(event),
            Self::Webhook { event, .. } => serde_json::to_value(event),
            Self::NotificationRule { event, .. } => serde_json::to_value(event),
        }
    }

    /// The aggregate's identifier as it prints.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::ApiClient { id, .. } => id.to_string(),
            Self::ApiKey { id, .. } => id.to_string(),
            Self::Route { id, .. } => id.to_string(),
            Self::RateLimitPolicy { id, .. } => id.to_string(),
            Self::Projection { id, .. } => id.to_string(),
            Self::Operation { id, .. } => id.to_string(),
            Self::ScheduledChange { id, .. } => id.to_string(),
            Self::Principal { id, .. } => id.to_string(),
            Self::Grant { id, .. } => id.to_string(),
            Self::Observation { id, .. } => id.to_string(),
            Self::Erasure { id, .. } => id.to_string(),
            Self::Approval { id, .. } => id.to_string(),
            Self::ApprovalRule { id, .. } => id.to_string(),
            Self::Webhook { id, .. } => id.to_string(),
            Self::NotificationRule { id, .. } => id.to_string(),
        }
    }
}

/// An event as every follower sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    pub position: Position,
    pub event_id: EventId,
    /// When the store took it.
    pub recorded_at: Timestamp,
    /// Counts within the aggregate, from 1; the aggregate's version after this event.
    pub sequence: u64,
    pub metadata: Metadata,
    pub event: DomainEvent,
    /// What has not been erased of the personal values that event and metadata commit to.
    pub personal: PersonalValues,
    /// The RFC 6962 leaf hash of the audited bytes.
    pub leaf_hash: [u8; 32],
}

/// The correlation ids of a batch, each once and at most so many, with the position where each is first met: what a
/// follower names the traces of its work by.
#[must_use]
pub fn correlations(batch: &[Recorded], at_most: usize) -> Vec<(&str, Position)> {
    let mut met: Vec<(&str, Position)> = vec![];
    for recorded in batch {
        let id = recorded.metadata.correlation_id.as_str();
        if met.len() >= at_most {
            break;
        }
        if met.iter().all(|(known, _)| *known != id) {
            met.push((id, recorded.position));
        }
    }
    met
}
