//! Told when a key has expired without having been rotated; to the client's technical contacts and the team that owns it.

use domain::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, KeyRef, Sampled, Severity, Tells, sample};

/// A key has expired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct KeyExpired {
    pub client: ClientRef,
    pub key: KeyRef,
    /// Calls since then are refused.
    pub expired_at: Timestamp,
    /// None: never, as far as is known.
    pub last_used_at: Option<Timestamp>,
}

impl Tells for KeyExpired {
    fn title(&self) -> String {
        format!("Key `{}` of {} has expired", self.key.name, self.client.name)
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
            expired_at: sample::after(0, 0),
            last_used_at: Some(sample::after(0, -1)),
        })
    }
}
