//! Events between their types and their stored texts.

use std::fmt::Display;
use std::str::FromStr;

use domain::{
    Aggregate, ApprovalId, ApprovalRuleId, ClientId, DomainEvent, ErasureId, EventType, GrantId, KeyId,
    Metadata, NotificationRuleId, ObservationId, OperationId, PolicyId, PrincipalId, RouteId,
    ScheduledChangeId, WebhookId,
    api_client::ApiClient,
    api_key::ApiKey,
    approval::Approval,
    approval_rule::ApprovalRule,
    erasure::Erasure,
    grant::GivenGrant,
    notification_rule::NotificationRule,
    observation::Observation,
    operation::Operation,
    principal::Account,
    projection::{Projection, ProjectionName},
    rate_limit_policy::RateLimitPolicy,
    route::Route,
    scheduled_change::ScheduledChange,
    webhook::Webhook,
};

use crate::{LogFailure, canonical, merkle, upcast};

/// An aggregate that the log keeps: its identifier, and its place in the sum of all events.
pub trait Stored: Aggregate {
    type Id: Copy + Display + FromStr + Send + Sync + 'static;

    fn wrap(id: Self::Id, event: Self::Event) -> DomainEvent;
}

macro_rules! stored {
    ($aggregate:ty, $id:ty, $variant:ident) => {
        impl Stored for $aggregate {
            type Id = $id;
            fn wrap(id: $id, event: Self::Event) -> DomainEvent {
                DomainEvent::$variant { id, event }
            }
        }
    };
}

stored!(ApiClient, ClientId, ApiClient);
stored!(ApiKey, KeyId, ApiKey);
stored!(Route, RouteId, Route);
stored!(RateLimitPolicy, PolicyId, RateLimitPolicy);
stored!(Projection, ProjectionName, Projection);
stored!(Operation, OperationId, Operation);
stored!(ScheduledChange, ScheduledChangeId, ScheduledChange);
stored!(Account, PrincipalId, Principal);
stored!(GivenGrant, GrantId, Grant);
stored!(Observation, ObservationId, Observation);
stored!(Erasure, ErasureId, Erasure);
stored!(Approval, ApprovalId, Approval);
stored!(ApprovalRule, ApprovalRuleId, ApprovalRule);
stored!(Webhook, WebhookId, Webhook);
stored!(NotificationRule, NotificationRuleId, NotificationRule);

/// An event's columns.
pub(crate) struct Columns<'row> {
    pub(crate) aggregate_type: &'row str,
    pub(crate) aggregate_id: &'row str,
    pub(crate) event_type: &'row str,
    pub(crate) event_version: &'row str,
    pub(crate) payload: &'row str,
}

impl Columns<'_> {
    /// The event they hold, raised to today's version.
    pub(crate) fn decode(&self) -> Result<DomainEvent, LogFailure> {
        match self.aggregate_type {
            ApiClient::TYPE => self.decode_as::<ApiClient>(),
            ApiKey::TYPE => self.decode_as::<ApiKey>(),
            Route::TYPE => self.decode_as::<Route>(),
            RateLimitPolicy::TYPE => self.decode_as::<RateLimitPolicy>(),
            Projection::TYPE => self.decode_as::<Projection>(),
            Operation::TYPE => self.decode_as::<Operation>(),
            ScheduledChange::TYPE => self.decode_as::<ScheduledChange>(),
            Account::TYPE => self.decode_as::<Account>(),
            GivenGrant::TYPE => self.decode_as::<GivenGrant>(),
            Observation::TYPE => self.decode_as::<Observation>(),
            Erasure::TYPE => self.decode_as::<Erasure>(),
            Approval::TYPE => self.decode_as::<Approval>(),
            ApprovalRule::TYPE => self.decode_as::<ApprovalRule>(),
            Webhook::TYPE => self.decode_as::<Webhook>(),
            NotificationRule::TYPE => self.decode_as::<NotificationRule>(),
            other => Err(self.failure(format!("no aggregate is called `{other}`"))),
        }
    }

    /// Whether the payload is in today's version.
    pub(crate) fn is_current(&self) -> bool {
        self.event_version.parse().is_ok_and(|version| upcast::is_current(self.event_type, version))
    }

    fn decode_as<A: Stored>(&self) -> Result<DomainEvent, LogFailure> {
        let id =
            self.aggregate_id.parse().map_err(|_| self.failure("the aggregate's identifier is not one"))?;
        Ok(A::wrap(id, self.decode_payload::<A::Event>()?))
    }

    fn decode_payload<E: EventType>(&self) -> Result<E, LogFailure> {
        let version = self.event_version.parse().map_err(|_| self.failure("the version is not a number"))?;
        if upcast::is_current(self.event_type, version) {
            if let Some(event) = self.decode_by_name() {
                return Ok(event);
            }
            return serde_json::from_str(self.payload).map_err(|error| self.failure(error));
        }
        let payload = serde_json::from_str(self.payload).map_err(|error| self.failure(error))?;
        let raised =
            upcast::to_current(self.event_type, version, payload).map_err(|error| self.failure(error))?;
        serde_json::from_value(raised).map_err(|error| self.failure(error))
    }

    /// The quick way, where name and tag say the same; none where it leads nowhere.
    fn decode_by_name<E: EventType>(&self) -> Option<E> {
        let (_, name) = self.event_type.split_once('.')?;
        let after_tag = self.payload.split_once(r#""event":""#)?.1;
        if !after_tag.strip_prefix(name)?.starts_with('"') {
            return None;
        }
        let mut payload = serde_json::Deserializer::from_str(self.payload);
        let event = E::deserialize_as(self.event_type, &mut payload).ok()?;
        payload.end().ok().map(|()| event)
    }

    pub(crate) fn failure(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> LogFailure {
        LogFailure::Decode {
            event_type: self.event_type.to_owned(),
            event_version: self.event_version.to_owned(),
            source: source.into(),
        }
    }
}

/// An event's texts on their way into the store.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) event_type: &'static str,
    pub(crate) event_version: String,
    pub(crate) payload: String,
    pub(crate) metadata: String,
}

impl Encoded {
    pub(crate) fn of<E: EventType>(event: &E, metadata: &Metadata) -> Result<Self, LogFailure> {
        let failure = |source: canonical::NotCanonical| LogFailure::Append { source: source.into() };
        Ok(Self {
            event_type: event.event_type(),
            event_version: event.event_version().to_string(),
            payload: canonical::to_text(event).map_err(failure)?,
            metadata: canonical::to_text(metadata).map_err(failure)?,
        })
    }
}

/// The audited bytes of an event: what its leaf hash is over. Source: ADR 0012.
pub(crate) struct Audited<'event> {
    pub(crate) aggregate_type: &'event str,
    pub(crate) aggregate_id: &'event str,
    pub(crate) sequence: u64,
    pub(crate) event_id: &'event str,
    pub(crate) event_type: &'event str,
    pub(crate) event_version: &'event str,
    pub(crate) payload: &'event str,
    pub(crate) metadata: &'event str,
    pub(crate) recorded_at: &'event str,
}

impl Audited<'_> {
    /// Canonical JSON, put together from texts that already are: the keys stand in their sorted order.
    pub(crate) fn text(&self) -> String {
        let Self {
            aggregate_type,
            aggregate_id,
            sequence,
            event_id,
            event_type,
            event_version,
            payload,
            metadata,
            recorded_at,
        } = self;
        let payload = canonical::audited_payload(payload);
        format!(
            r#"{{"aggregate_id":"{aggregate_id}","aggregate_type":"{aggregate_type}","data":{payload},"event_id":"{event_id}","event_type":"{event_type}","event_version":{event_version},"metadata":{metadata},"recorded_at":"{recorded_at}","sequence":{sequence}}}"#
        )
    }

    pub(crate) fn leaf(&self) -> merkle::Hash {
        merkle::leaf_hash(self.text().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audited_bytes_are_canonical_json() {
        let audited = Audited {
            aggregate_type: "api_key",
            aggregate_id: "key_1",
            sequence: 3,
            event_id: "evt_1",
            event_type: "api_key.revoked",
            event_version: "1",
            payload: r#"{"event":"revoked"}"#,
            metadata: r#"{"actor":"a"}"#,
            recorded_at: "2026-01-01T00:00:00Z",
        }
        .text();
        let value: serde_json::Value = serde_json::from_str(&audited).unwrap();
        assert_eq!(canonical::to_text(&value).unwrap(), audited);
    }
}
