//! The rules of Tollgate: no clock, no randomness, no I/O, no HTTP word.
#![warn(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

pub mod access;
pub mod aggregate;
pub mod api_client;
pub mod api_key;
pub mod approval;
pub mod approval_rule;
pub mod clock;
pub mod decision;
pub mod erasure;
pub mod explain;
#[cfg(test)]
mod given;
pub mod grant;
pub mod ids;
pub mod metadata;
pub mod notice;
pub mod notification_rule;
pub mod observation;
pub mod operation;
pub mod personal;
pub mod principal;
pub mod projection;
#[cfg(test)]
mod properties;
pub mod rate_limit_policy;
pub mod recorded;
mod refusal;
pub mod route;
pub mod scheduled_change;
pub mod schema;
pub mod secret;
pub mod text;
pub mod usage;
pub mod webhook;
pub mod what_if;

pub use aggregate::{Aggregate, EventType};
pub use clock::{Clock, SharedClock};
pub use ids::{
    ApprovalId, ApprovalRuleId, AssignmentId, ClientId, DeliveryId, ErasureId, EventId, GrantId, KeyId,
    LeakId, MessageId, NotificationRuleId, ObservationId, OperationId, PolicyId, PrincipalId, RouteId,
    ScheduledChangeId, WebhookId,
};
pub use jiff::Timestamp;
pub use metadata::Metadata;
pub use notice::NoticeName;
pub use recorded::{DomainEvent, Position, Recorded, correlations};
pub use refusal::{Refusal, RefusalDoc, all_refusals};
pub use text::{Environment, InvalidValue, LabelKey, LabelValue, LimitName, Name, Reason, Scope};
