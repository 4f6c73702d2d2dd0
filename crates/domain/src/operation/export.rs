//! A report that is written to a file: what is in it, and how it turned out.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ClientId, Environment, KeyId, Name, Position, RouteId, Timestamp,
    access::{Limits, Reach},
    rate_limit_policy::TimeZoneName,
};

/// Which report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportedReport {
    Usage,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    Csv,
    Parquet,
}

impl ExportFormat {
    pub const ALL: [Self; 2] = [Self::Csv, Self::Parquet];

    /// As it is written, and what a file's name ends with.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

/// What a file is to say. Whoever carries it out asks the report with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExportPlan {
    pub report: ExportedReport,
    pub format: ExportFormat,
    /// Counted from then on …
    pub from: Timestamp,
    /// … before then.
    pub until: Timestamp,
    /// As the report calls it.
    pub granularity: String,
    /// Whose days, weeks and months.
    pub time_zone: TimeZoneName,
    /// What calls are told apart by, as the report calls it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub group_by: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_team: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<KeyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_version: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_id: Option<RouteId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// How far whoever ordered it saw then: what one of these reaches. None: everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Vec<Limits>>,
}

impl ExportPlan {
    /// How far the report looks, whatever becomes of the grants of whoever ordered it.
    #[must_use]
    pub fn reach(&self) -> Reach {
        self.within.clone().map_or(Reach::Everything, Reach::Within)
    }

    /// Whether somebody who sees so far now sees all that is in the file: by the same limits, or by none.
    #[must_use]
    pub fn is_seen_by(&self, reach: &Reach) -> bool {
        match (reach, &self.within) {
            (Reach::Everything, _) => true,
            (Reach::Within(_), None) => false,
            (Reach::Within(now), Some(then)) => then.iter().all(|limits| now.contains(limits)),
        }
    }
}

/// A file that is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExportMade {
    /// The node that keeps it.
    pub node: Name,
    /// Not counting a line of names.
    pub rows: u64,
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal. It is of no secret, so that it is shown.
    pub content_hash: String,
    pub columns: Vec<String>,
    /// What is counted, as far back as it is kept: from then on …
    pub from: Timestamp,
    /// … before then.
    pub until: Timestamp,
    /// Every usage batch up to this one is counted in every row.
    pub batch_no: u64,
    /// No row counts a batch behind this one. The same as `batch_no` where none came in meanwhile.
    pub batch_no_last: u64,
    /// Which client is whose is told as the log says up to here, or later.
    pub position: Position,
    /// Removed then.
    pub kept_until: Timestamp,
}
