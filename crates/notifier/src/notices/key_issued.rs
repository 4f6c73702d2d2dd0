//! Told when a key was issued; to the client's security contacts and the team that owns it, who may not have asked for it.

use domain::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, KeyRef, Sampled, Severity, Tells, sample};

/// A key was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct KeyIssued {
    pub client: ClientRef,
    pub key: KeyRef,
    pub issued_at: Timestamp,
    /// The principal's id.
    pub issued_by: String,
    pub expires_at: Option<Timestamp>,
}

impl Tells for KeyIssued {
    fn title(&self) -> String {
        format!("Key `{}` was issued to {}", self.key.name, self.client.name)
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
            issued_at: sample::after(0, 0),
            issued_by: sample::principal(),
            expires_at: Some(sample::after(90, 0)),
        })
    }
}
