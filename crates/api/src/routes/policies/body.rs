//! What is said of a policy's limits.

use std::collections::BTreeSet;

use domain::{
    LimitName, Reason,
    notification_rule::DEFAULT_THRESHOLDS,
    rate_limit_policy::{Period, QuotaLimit, QuotaWindow, RateLimit, TimeZoneName},
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{body::Object, docs::form, values::Percent};

/// Requests per short window.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRate)]
pub(crate) struct RateBody {
    #[schema(value_type = form::LimitName, inline)]
    name: LimitName,
    #[schema(minimum = 1, maximum = 1_000_000_000_u64)]
    requests: u64,
    #[schema(minimum = 1, maximum = 86_400)]
    per_seconds: u32,
    /// What may come at once; absent: as many as `requests`.
    #[schema(minimum = 1, maximum = 1_000_000_000_u64)]
    burst: Option<u64>,
}

/// Requests per calendar or rolling period.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewQuota)]
pub(crate) struct QuotaBody {
    #[schema(value_type = form::LimitName, inline)]
    name: LimitName,
    #[schema(minimum = 1, maximum = 1_000_000_000_000_u64)]
    requests: u64,
    #[schema(value_type = form::Period, inline)]
    period: Period,
    #[serde(default = "calendar")]
    #[schema(value_type = form::QuotaWindow, inline, required = false)]
    window: QuotaWindow,
    /// The name of an IANA time zone; absent: UTC.
    #[serde(default = "TimeZoneName::utc")]
    #[schema(value_type = String, required = false, default = "UTC")]
    time_zone: TimeZoneName,
}

/// Why, if anybody wants to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OptionalReason {
    #[schema(value_type = Option<form::Reason>, inline)]
    pub(crate) reason: Option<Reason>,
}

fn calendar() -> QuotaWindow {
    QuotaWindow::Calendar
}

/// Percentages of a quota at which its use is worth a notice.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Thresholds(Vec<Percent>);

impl Default for Thresholds {
    fn default() -> Self {
        Self(DEFAULT_THRESHOLDS.map(Percent).into())
    }
}

impl From<Thresholds> for BTreeSet<u8> {
    fn from(Thresholds(shares): Thresholds) -> Self {
        shares.into_iter().map(|Percent(share)| share).collect()
    }
}

pub(crate) type Rates = Vec<Object<RateBody>>;
pub(crate) type Quotas = Vec<Object<QuotaBody>>;

pub(crate) fn rates(bodies: Rates) -> Vec<RateLimit> {
    let rate = |Object(RateBody { name, requests, per_seconds, burst })| {
        let burst = burst.unwrap_or(requests);
        RateLimit { name, requests, per_seconds, burst }
    };
    bodies.into_iter().map(rate).collect()
}

pub(crate) fn quotas(bodies: Quotas) -> Vec<QuotaLimit> {
    let quota = |Object(QuotaBody { name, requests, period, window, time_zone })| QuotaLimit {
        name,
        requests,
        period,
        window,
        time_zone,
    };
    bodies.into_iter().map(quota).collect()
}
