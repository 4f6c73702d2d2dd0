//! Told when a client, one of its keys, or all that share it have used up a quota; to the client's technical contacts and the team that owns it:
//! which calls are refused from now on, and when that ends.

use domain::{
    Environment, Timestamp,
    rate_limit_policy::{Mode, Period},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, KeyRef, LimitRef, Sampled, Severity, Tells, counted, sample};

/// A quota is used up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct QuotaExhausted {
    /// None where all that the policy binds are counted together.
    pub client: Option<ClientRef>,
    /// Where each key is counted by itself.
    pub key: Option<KeyRef>,
    pub limit: LimitRef,
    pub environment: Environment,
    /// In calls, or what calls cost.
    pub used: u64,
    /// As `used`.
    pub allowed: u64,
    pub window_start: Timestamp,
    /// Calls are refused until then, unless it is rolling.
    pub window_end: Timestamp,
    /// As in `quota_threshold`. Calls are let through again as those of a window ago are over.
    #[serde(default)]
    pub rolling_over: Option<Period>,
}

impl Tells for QuotaExhausted {
    fn title(&self) -> String {
        let Self { client, limit, environment, .. } = self;
        match client {
            Some(client) => {
                format!("{} has used up its quota `{}` in {environment}", client.name, limit.name)
            }
            None => format!(
                "The shared quota `{}` of {} is used up in {environment}",
                limit.name, limit.policy.name
            ),
        }
    }

    fn severity(&self) -> Severity {
        match self.limit.mode {
            Mode::Enforce => Severity::Critical,
            Mode::Shadow => Severity::Info,
        }
    }

    fn subject(&self) -> String {
        counted(self.key.as_ref(), self.client.as_ref(), &self.limit)
    }

    fn client(&self) -> Option<&ClientRef> {
        self.client.as_ref()
    }

    fn sample() -> Sampled<Self> {
        Ok(Self {
            client: Some(sample::client()?),
            key: Some(sample::key()?),
            limit: sample::limit("monthly")?,
            environment: sample::text("prod")?,
            used: 2_000_000,
            allowed: 2_000_000,
            window_start: sample::midnight(0),
            window_end: sample::midnight(31),
            rolling_over: None,
        })
    }
}
