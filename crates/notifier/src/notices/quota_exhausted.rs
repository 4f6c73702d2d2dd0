//! Told when a client, or one of its keys, has used up a quota; to the client's technical contacts and the team that owns it:
//! which calls are refused from now on, and when that ends.

use domain::{Environment, Timestamp, rate_limit_policy::Mode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, KeyRef, LimitRef, Sampled, Severity, Tells, sample};

/// A quota is used up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct QuotaExhausted {
    pub client: ClientRef,
    /// Where each key is counted by itself.
    pub key: Option<KeyRef>,
    pub limit: LimitRef,
    pub environment: Environment,
    /// In calls, or what calls cost.
    pub used: u64,
    /// As `used`.
    pub allowed: u64,
    pub window_start: Timestamp,
    /// Calls are refused until then.
    pub window_end: Timestamp,
}

impl Tells for QuotaExhausted {
    fn title(&self) -> String {
        let Self { client, limit, environment, .. } = self;
        format!("{} has used up its quota `{}` in {environment}", client.name, limit.name)
    }

    fn severity(&self) -> Severity {
        match self.limit.mode {
            Mode::Enforce => Severity::Critical,
            Mode::Shadow => Severity::Info,
        }
    }

    fn subject(&self) -> String {
        self.key.as_ref().map_or_else(|| self.client.id.to_string(), |key| key.id.to_string())
    }

    fn client(&self) -> Option<&ClientRef> {
        Some(&self.client)
    }

    fn sample() -> Sampled<Self> {
        Ok(Self {
            client: sample::client()?,
            key: Some(sample::key()?),
            limit: sample::limit("monthly")?,
            environment: sample::text("prod")?,
            used: 2_000_000,
            allowed: 2_000_000,
            window_start: sample::midnight(0),
            window_end: sample::midnight(31),
        })
    }
}
