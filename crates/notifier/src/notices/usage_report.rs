//! Told when a week or a month has ended, where a rule asks for it: to owners, contacts or an address, what a client has used.

use domain::{
    Environment, Name, RouteId, Timestamp, notification_rule::ReportEvery, rate_limit_policy::TimeZoneName,
};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, Sampled, Severity, Tells, sample};

/// What a client has used in a week or a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct UsageReport {
    pub client: ClientRef,
    /// None: over all of them.
    pub environment: Option<Environment>,
    pub every: ReportEvery,
    /// Whose week or month it is.
    pub time_zone: TimeZoneName,
    pub window_start: Timestamp,
    /// Before then.
    pub window_end: Timestamp,
    pub first_day: Date,
    pub last_day: Date,
    pub calls: u64,
    pub allowed: u64,
    /// Refused by a rate limit.
    pub rate_limited: u64,
    /// Refused by a quota.
    pub quota_exceeded: u64,
    /// Refused for their secret: expired, revoked, suspended.
    pub unauthenticated: u64,
    /// Refused since they were not permitted.
    pub forbidden: u64,
    /// In the week or the month before.
    pub previous_calls: u64,
    /// Those with most calls first, at most five.
    pub top_endpoints: Vec<TopEndpoint>,
    /// Every usage batch up to this one is counted.
    pub batch_no: u64,
}

/// A route, and how often it was called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct TopEndpoint {
    /// None: the paths that no route matched, together.
    pub route_id: Option<RouteId>,
    pub name: Option<Name>,
    pub calls: u64,
    /// Those of them that were not allowed.
    pub refused: u64,
}

impl Tells for UsageReport {
    fn title(&self) -> String {
        let Self { client, first_day, last_day, .. } = self;
        format!("Usage of {}, {first_day} to {last_day}", client.name)
    }

    fn severity(&self) -> Severity {
        Severity::Info
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
            every: ReportEvery::Week,
            time_zone: sample::text("Europe/Berlin")?,
            window_start: sample::after(0, 11),
            window_end: sample::after(7, 11),
            first_day: Date::constant(2026, 3, 2),
            last_day: Date::constant(2026, 3, 8),
            calls: 1_204_331,
            allowed: 1_190_118,
            rate_limited: 12_480,
            quota_exceeded: 1_500,
            unauthenticated: 211,
            forbidden: 22,
            previous_calls: 1_100_876,
            top_endpoints: vec![
                TopEndpoint {
                    route_id: Some(sample::id(RouteId::from_parts, 8)),
                    name: Some(sample::text("Read an order")?),
                    calls: 1_004_000,
                    refused: 13_980,
                },
                TopEndpoint { route_id: None, name: None, calls: 200_331, refused: 233 },
            ],
            batch_no: 604_800,
        })
    }
}
