//! Told when a key's leaked secret was put into quarantine; to the client's technical contacts and the team that owns it, who
//! have to rotate it.

use domain::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, KeyRef, Sampled, Severity, Tells, sample};

/// A leaked secret is let through only from where it was used before, and only slowly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct KeyQuarantined {
    pub client: ClientRef,
    pub key: KeyRef,
    /// This one and those before it; a later one is free.
    pub secret_version: u32,
    pub quarantined_at: Timestamp,
    /// From how many networks it is let through; 0: from none.
    pub known_networks: u32,
    /// On each gateway node.
    pub calls_per_minute: u32,
}

impl Tells for KeyQuarantined {
    fn title(&self) -> String {
        format!("Key `{}` of {} is in quarantine until it is rotated", self.key.name, self.client.name)
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
            secret_version: 3,
            quarantined_at: sample::after(0, 0),
            known_networks: 2,
            calls_per_minute: 6,
        })
    }
}
