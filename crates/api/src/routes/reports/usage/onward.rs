//! The cursor of a usage report.

use std::{fmt, str::FromStr};

use domain::Timestamp;
use projections::queries::usage::{UsagePlace, UsageQuery};
use serde::{Deserialize, Serialize};

/// Where a report goes on, and of which time it is. Where that was not said it went by the clock, which is not what it was when the first
/// page was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Onward {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) after: UsagePlace,
}

impl Onward {
    pub(super) fn of(query: &UsageQuery, after: UsagePlace) -> Self {
        Self { from: query.from, until: query.until, after }
    }
}

impl fmt::Display for Onward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Onward {
    type Err = serde_json::Error;
    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}
