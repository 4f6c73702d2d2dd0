//! Told when a key was revoked; to the client's technical and security contacts and the team that owns it.

use domain::{Reason, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, KeyRef, Sampled, Severity, Tells, sample};

/// A key was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct KeyRevoked {
    pub client: ClientRef,
    pub key: KeyRef,
    pub revoked_at: Timestamp,
    /// The principal's id.
    pub revoked_by: String,
    pub reason: Reason,
}

impl Tells for KeyRevoked {
    fn title(&self) -> String {
        format!("Key `{}` of {} was revoked", self.key.name, self.client.name)
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
            revoked_at: sample::after(0, 0),
            revoked_by: sample::principal(),
            reason: sample::text("the integration has ended")?,
        })
    }
}
