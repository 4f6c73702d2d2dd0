//! Told when a client, one of its keys, or all that share it have used a share of a quota; to the client's technical contacts and
//! the team that owns it: how much is left, until when it has to last, and when it will not.

use domain::{Environment, Timestamp, rate_limit_policy::Period};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, KeyRef, LimitRef, Sampled, Severity, Tells, counted, sample};

/// A share of a quota is used. Several shares reached at once are told as the highest of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct QuotaThreshold {
    /// None where all that the policy binds are counted together.
    pub client: Option<ClientRef>,
    /// Where each key is counted by itself.
    pub key: Option<KeyRef>,
    pub limit: LimitRef,
    pub environment: Environment,
    /// 1 to 100.
    pub threshold_percent: u8,
    /// In calls, or what calls cost.
    pub used: u64,
    /// As `used`.
    pub allowed: u64,
    pub window_start: Timestamp,
    pub window_end: Timestamp,
    /// Where the quota's window ends with each call: how long it is. Then `window_start` to `window_end` is the time that it is told
    /// for, and `used` the most that was used in a window of its own within it.
    #[serde(default)]
    pub rolling_over: Option<Period>,
    /// When all of it will be used at the pace of late, if that is before the window ends.
    pub forecast_reached_at: Option<Timestamp>,
}

impl Tells for QuotaThreshold {
    fn title(&self) -> String {
        let Self { client, limit, environment, threshold_percent, .. } = self;
        let forecast = if self.forecast_reached_at.is_some() { " and will run out of it" } else { "" };
        match client {
            Some(client) => format!(
                "{} has used {threshold_percent}% of its quota `{}` in {environment}{forecast}",
                client.name, limit.name
            ),
            None => format!(
                "{threshold_percent}% of the shared quota `{}` of {} is used in {environment}",
                limit.name, limit.policy.name
            ),
        }
    }

    fn severity(&self) -> Severity {
        let late = self.threshold_percent >= 90 || self.forecast_reached_at.is_some();
        if late { Severity::Warning } else { Severity::Info }
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
            threshold_percent: 80,
            used: 1_604_331,
            allowed: 2_000_000,
            window_start: sample::midnight(0),
            window_end: sample::midnight(31),
            rolling_over: None,
            forecast_reached_at: Some(sample::after(25, 6)),
        })
    }
}
