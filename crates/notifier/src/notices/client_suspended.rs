//! Told when a client was suspended, and all its keys with it; to all its contacts and the team that owns it.

use domain::{Reason, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, Sampled, Severity, Tells, sample};

/// A client was suspended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ClientSuspended {
    pub client: ClientRef,
    pub suspended_at: Timestamp,
    /// The principal's id.
    pub suspended_by: String,
    pub reason: Reason,
}

impl Tells for ClientSuspended {
    fn title(&self) -> String {
        format!("{} was suspended with all its keys", self.client.name)
    }

    fn severity(&self) -> Severity {
        Severity::Critical
    }

    fn subject(&self) -> String {
        self.client.id.to_string()
    }

    fn client(&self) -> Option<&ClientRef> {
        Some(&self.client)
    }

    fn sample() -> Sampled<Self> {
        Ok(Self {
            client: sample::client()?,
            suspended_at: sample::after(0, 0),
            suspended_by: sample::principal(),
            reason: sample::text("the contract has not been renewed")?,
        })
    }
}
