//! Told when a key's secret was found where others can read it; to the client's security contacts and the team that owns it:
//! where it was found, and what became of the key.

use domain::{
    LeakId, Name, Timestamp,
    api_key::{LeakAction, LeakUrl},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, KeyRef, Sampled, Severity, Tells, sample};

/// A key's secret was found. Where is told by somebody else: it is shown, and never a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct KeyLeaked {
    pub client: ClientRef,
    pub key: KeyRef,
    pub leak_id: LeakId,
    /// The one that was found.
    pub secret_version: u32,
    pub reported_at: Timestamp,
    /// Where the finder says it was found, such as `commit`.
    pub source: Option<Name>,
    pub url: Option<LeakUrl>,
    pub action: LeakAction,
}

impl Tells for KeyLeaked {
    fn title(&self) -> String {
        format!("The secret of key `{}` of {} has leaked", self.key.name, self.client.name)
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
            leak_id: sample::id(LeakId::from_parts, 5),
            secret_version: 3,
            reported_at: sample::after(0, 0),
            source: Some(sample::text("commit")?),
            url: Some(sample::text("https://github.com/example/shop/blob/main/.env")?),
            action: LeakAction::Quarantined,
        })
    }
}
