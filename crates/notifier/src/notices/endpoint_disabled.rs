//! Told when a webhook endpoint was disabled; to whoever owns the endpoint, by another channel: why, and what is held for it.

use domain::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::EndpointRef;
use crate::notice::{ClientRef, Sampled, Severity, Tells, sample};

/// Nothing is sent to an endpoint any more; what is for it is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct EndpointDisabled {
    pub endpoint: EndpointRef,
    pub disabled_at: Timestamp,
    pub cause: DisabledCause,
    /// Deliveries that wait for it; none where that is not known.
    pub held: Option<u64>,
}

/// Why an endpoint was disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum DisabledCause {
    /// It has answered 410: it is not there any more and knows it.
    Gone,
    /// Every delivery has failed for too long.
    Failing,
    /// Somebody has asked for it.
    Asked,
}

impl Tells for EndpointDisabled {
    fn title(&self) -> String {
        format!("Webhook endpoint {} was disabled", self.endpoint.host)
    }

    fn severity(&self) -> Severity {
        match self.cause {
            DisabledCause::Gone | DisabledCause::Failing => Severity::Critical,
            DisabledCause::Asked => Severity::Info,
        }
    }

    fn subject(&self) -> String {
        self.endpoint.id.to_string()
    }

    fn client(&self) -> Option<&ClientRef> {
        None
    }

    fn sample() -> Sampled<Self> {
        Ok(Self {
            endpoint: EndpointRef::sample()?,
            disabled_at: sample::after(0, 0),
            cause: DisabledCause::Failing,
            held: Some(37),
        })
    }
}
