//! Told when a client, or one of its keys, has used a share of a quota; to the client's technical contacts and the team that
//! owns it: how much is left, until when it has to last, and when it will not.

use domain::{Environment, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, KeyRef, LimitRef, Sampled, Severity, Tells, sample};

/// A share of a quota is used. Several shares reached at once are told as the highest of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct QuotaThreshold {
    pub client: ClientRef,
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
    /// When all of it will be used at the pace of late, if that is before the window ends.
    pub forecast_reached_at: Option<Timestamp>,
}

impl Tells for QuotaThreshold {
    fn title(&self) -> String {
        let Self { client, limit, environment, threshold_percent, .. } = self;
        let forecast = if self.forecast_reached_at.is_some() { " and will run out of it" } else { "" };
        format!(
            "{} has used {threshold_percent}% of its quota `{}` in {environment}{forecast}",
            client.name, limit.name
        )
    }

    fn severity(&self) -> Severity {
        let late = self.threshold_percent >= 90 || self.forecast_reached_at.is_some();
        if late { Severity::Warning } else { Severity::Info }
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
            threshold_percent: 80,
            used: 1_604_331,
            allowed: 2_000_000,
            window_start: sample::midnight(0),
            window_end: sample::midnight(31),
            forecast_reached_at: Some(sample::after(25, 6)),
        })
    }
}
