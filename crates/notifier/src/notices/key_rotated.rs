//! Told when a key has a new secret; to the client's technical contacts and the team that owns it: until when the old one works.

use domain::{Reason, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, KeyRef, Sampled, Severity, Tells, sample};

/// A key has a new secret. The hint is the new one's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct KeyRotated {
    pub client: ClientRef,
    pub key: KeyRef,
    /// The new secret's; counts from 1.
    pub secret_version: u32,
    pub rotated_at: Timestamp,
    /// The principal's id.
    pub rotated_by: String,
    /// When the old secret stops.
    pub previous_until: Timestamp,
    /// When the new one does.
    pub expires_at: Option<Timestamp>,
    pub reason: Option<Reason>,
}

impl Tells for KeyRotated {
    fn title(&self) -> String {
        format!("Key `{}` of {} has a new secret", self.key.name, self.client.name)
    }

    fn severity(&self) -> Severity {
        Severity::Info
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
            secret_version: 3,
            rotated_at: sample::after(0, 0),
            rotated_by: sample::principal(),
            previous_until: sample::after(7, 0),
            expires_at: Some(sample::after(90, 0)),
            reason: Some(sample::text("quarterly rotation")?),
        })
    }
}
