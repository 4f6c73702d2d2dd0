//! Told when far more of a client's calls are refused by limits than usual; to the client's technical contacts: how many, and
//! by which limit most of them.

use domain::{Environment, LimitName, Name, PolicyId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, Sampled, Severity, Tells, sample};

/// Unusually many calls were refused by limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ThrottlingSpike {
    pub client: ClientRef,
    /// None: over all of them.
    pub environment: Option<Environment>,
    pub window_start: Timestamp,
    pub window_end: Timestamp,
    /// All calls of the window.
    pub calls: u64,
    /// Those of them that limits refused.
    pub refused: u64,
    /// `refused` of `calls`, rounded down.
    pub percent: u8,
    pub top_limit: Option<TopLimit>,
}

/// The limit that refused most of the calls that were kept one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct TopLimit {
    pub policy_id: PolicyId,
    pub policy_name: Name,
    pub name: LimitName,
}

impl Tells for ThrottlingSpike {
    fn title(&self) -> String {
        format!("{}% of the calls of {} are refused by limits", self.percent, self.client.name)
    }

    fn severity(&self) -> Severity {
        Severity::Warning
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
            environment: Some(sample::text("prod")?),
            window_start: sample::after(0, 0),
            window_end: sample::after(0, 1),
            calls: 12_480,
            refused: 5_241,
            percent: 41,
            top_limit: Some(TopLimit {
                policy_id: sample::policy()?.id,
                policy_name: sample::policy()?.name,
                name: sample::text("per-second")?,
            }),
        })
    }
}
