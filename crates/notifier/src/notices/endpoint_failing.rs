//! Told when deliveries to a webhook endpoint have failed for a while; to whoever owns the endpoint, by another channel: since
//! when, why, and when it will be disabled.

use domain::{Name, Timestamp, WebhookId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, Sampled, Severity, Tells, sample};

/// Deliveries to an endpoint fail. They are tried again all the while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct EndpointFailing {
    pub endpoint: EndpointRef,
    /// The first failure since the last success.
    pub since: Timestamp,
    /// Attempts in a row.
    pub failures: u32,
    /// What became of the last one, such as `503` or `timed out`.
    pub last_failure: String,
    /// When it will be disabled if it goes on like that.
    pub disabled_at: Option<Timestamp>,
}

/// A webhook endpoint. Of its URL only the host: there may be a secret in the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct EndpointRef {
    pub id: WebhookId,
    pub host: String,
    /// Whose it is.
    pub team: Option<Name>,
}

impl EndpointRef {
    pub(super) fn sample() -> Sampled<Self> {
        Ok(Self {
            id: sample::id(WebhookId::from_parts, 8),
            host: "hooks.example.com".to_owned(),
            team: Some(sample::text("Payments")?),
        })
    }
}

impl Tells for EndpointFailing {
    fn title(&self) -> String {
        format!("Webhook endpoint {} is failing", self.endpoint.host)
    }

    fn severity(&self) -> Severity {
        Severity::Warning
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
            since: sample::after(0, -6),
            failures: 14,
            last_failure: "503".to_owned(),
            disabled_at: Some(sample::after(4, 18)),
        })
    }
}
