//! What a policy limits.

use std::{collections::BTreeSet, str::FromStr};

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{InvalidValue, LimitName, Name};

/// All that a policy says about calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicySpec {
    pub name: Name,
    /// At most 8; one of rates and quotas there must be, and no two of one name.
    pub rates: Vec<RateLimit>,
    /// At most 8.
    pub quotas: Vec<QuotaLimit>,
    pub counting: Counting,
    pub mode: Mode,
    /// Percentages of a quota at which its use is worth a notice: 1 to 100, at most 10 of them.
    pub thresholds: BTreeSet<u8>,
}

/// Requests per short window, with the burst that may come at once (token bucket, GCRA).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    pub name: LimitName,
    /// 1 to 1,000,000,000.
    pub requests: u64,
    /// 1 to 86,400.
    pub per_seconds: u32,
    /// The bucket's size: 1 to 1,000,000,000.
    pub burst: u64,
}

/// Requests per calendar or rolling period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuotaLimit {
    pub name: LimitName,
    /// 1 to 1,000,000,000,000.
    pub requests: u64,
    pub period: Period,
    pub window: QuotaWindow,
    /// Where midnight is; rolling windows do not ask.
    pub time_zone: TimeZoneName,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    Minute,
    Hour,
    Day,
    /// From Monday, as ISO 8601 has it.
    Week,
    Month,
    Year,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuotaWindow {
    /// Turns at the calendar's boundaries in the time zone.
    Calendar,
    /// The last period before each call: a month counts as 30 days, a year as 365.
    Rolling,
}

impl Period {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

impl QuotaWindow {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Calendar => "calendar",
            Self::Rolling => "rolling",
        }
    }
}

/// Whose calls share one counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Counting {
    /// All keys of a client together.
    Client,
    /// Each key by itself, over its rotations.
    Key,
    /// Everyone the policy is assigned to, together.
    Shared,
}

impl Counting {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Key => "key",
            Self::Shared => "shared",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Enforce,
    /// Judged and recorded, never enforced.
    Shadow,
}

impl Mode {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Shadow => "shadow",
        }
    }
}

/// The name of an IANA time zone: `Europe/Berlin`, `UTC`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct TimeZoneName(Box<str>);

impl TimeZoneName {
    #[must_use]
    pub fn utc() -> Self {
        Self("UTC".into())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The zone's rules, from the database compiled in; UTC should a zone ever leave it.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.0).unwrap_or(TimeZone::UTC)
    }
}

impl FromStr for TimeZoneName {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let zone = Some(text).filter(|text| text.len() <= 64).and_then(|text| TimeZone::get(text).ok());
        // The database answers in any case; one zone keeps one spelling.
        zone.as_ref().and_then(TimeZone::iana_name).map(|name| Self(name.into())).ok_or_else(|| {
            InvalidValue::expected("must be the name of an IANA time zone, such as Europe/Berlin or UTC")
        })
    }
}

impl TryFrom<String> for TimeZoneName {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<TimeZoneName> for String {
    fn from(zone: TimeZoneName) -> Self {
        zone.0.into()
    }
}
