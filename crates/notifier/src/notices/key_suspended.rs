//! Told when a key was suspended; to the client's technical and security contacts and the team that owns it.

use domain::{Reason, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, KeyRef, Sampled, Severity, Tells, sample};

/// A key was suspended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct KeySuspended {
    pub client: ClientRef,
    pub key: KeyRef,
    pub suspended_at: Timestamp,
    /// The principal's id.
    pub suspended_by: String,
    pub reason: Reason,
}

impl Tells for KeySuspended {
    fn title(&self) -> String {
        format!("Key `{}` of {} was suspended", self.key.name, self.client.name)
    }

    fn severity(&self) -> Severity {
        Severity::Critical
    }

    fn subject(&self) -> String {
        self.key.id.to_string()
    }

    fn client(&self) -> Option<&ClientRef> {
        Some(&self.client)
    }

    fn sample() -> Sampled<Self> {
        Ok(Self {
            client: sample::client()?,
            key: sample::key()?,
            suspended_at: sample::after(0, 0),
            suspended_by: sample::principal(),
            reason: sample::text("calls from an unknown network")?,
        })
    }
}
