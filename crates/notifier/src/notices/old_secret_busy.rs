//! Told when the old secret of a rotated key is about to stop and somebody still calls with it; to the client's technical
//! contacts and the team that owns it.

use domain::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, KeyRef, Sampled, Severity, Tells, sample};

/// The old secret of a rotated key is still used shortly before it stops.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct OldSecretBusy {
    pub client: ClientRef,
    pub key: KeyRef,
    /// The old one's.
    pub secret_version: u32,
    /// When it stops.
    pub previous_until: Timestamp,
    pub last_used_at: Timestamp,
}

impl Tells for OldSecretBusy {
    fn title(&self) -> String {
        format!("The old secret of key `{}` of {} is still in use", self.key.name, self.client.name)
    }

    fn severity(&self) -> Severity {
        Severity::Warning
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
            secret_version: 2,
            previous_until: sample::after(1, 0),
            last_used_at: sample::after(0, -1),
        })
    }
}
