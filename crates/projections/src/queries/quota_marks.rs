//! When quotas filled, of the last forty days.

use domain::{
    ClientId, Environment, KeyId, LimitName, PolicyId, RouteId, Timestamp, rate_limit_policy::Counting,
};
use serde::{Deserialize, Serialize};

use crate::{BadColumn, Columns, ReadFailure, ReadModel, Stored, queries::Select};

/// So many series are kept, some 300 bytes each; beyond them those whose last step was longest ago are forgotten.
pub(crate) const SERIES_MAX: u32 = 500_000;

/// How one quota filled in one window, under one limit, since its counter last began anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkRow {
    /// Names it within the list.
    pub mark_key: String,
    pub series: String,
    pub policy_id: PolicyId,
    pub policy_revision: u32,
    pub limit: LimitName,
    pub environment: Environment,
    pub counting: Counting,
    pub client_id: Option<ClientId>,
    pub key_id: Option<KeyId>,
    pub route_id: Option<RouteId>,
    pub window_start: Timestamp,
    pub window_end: Timestamp,
    pub allowed: u64,
    /// Each higher than the one before, and none earlier.
    pub steps: Vec<Step>,
    pub last_at: Timestamp,
}

/// When all nodes together were first known to have used such a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Whole, of what is allowed: 1 to 100.
    #[serde(rename = "p")]
    pub percent: u8,
    #[serde(rename = "t")]
    pub at: Timestamp,
    /// By then.
    #[serde(rename = "u")]
    pub used: u64,
}

/// Where a list goes on: the last row's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    pub last_at: Timestamp,
    pub mark_key: String,
}

/// Those that have passed something since then, the latest to have passed its last percentage first; at most so many.
///
/// # Errors
/// When the read model cannot be read.
pub async fn since(
    model: &ReadModel,
    from: Timestamp,
    after: Option<&After>,
    rows: u32,
) -> Result<Vec<MarkRow>, ReadFailure> {
    let select = Select::new(include_str!("quota_marks/select.sql"), vec![]).and("last_at_us >= {}", from);
    let select = match after {
        Some(After { last_at, mark_key }) => {
            select.and_both("(last_at_us, mark_key) < ({0}, {1})", *last_at, mark_key.as_str())
        }
        None => select,
    };
    model.fetch(select.then(" order by last_at_us desc, mark_key desc").limit(rows)).await
}

/// From when on all is known: what passed a percentage before may be forgotten, or was never kept. None: nothing is known.
///
/// # Errors
/// When the read model cannot be read.
pub async fn known_from(model: &ReadModel) -> Result<Option<Timestamp>, ReadFailure> {
    known_from_of(model, SERIES_MAX).await
}

/// Where there are as many as are kept, others were forgotten before their time: all whose last step was earlier.
async fn known_from_of(model: &ReadModel, series_max: u32) -> Result<Option<Timestamp>, ReadFailure> {
    let select = || Select::new(include_str!("quota_marks/select.sql"), vec![]);
    let full =
        select().then(&format!(" order by last_at_us desc limit 1 offset {}", series_max.saturating_sub(1)));
    if let Some(row) = model.fetch::<MarkRow>(full).await?.first() {
        return Ok(Some(row.last_at));
    }
    let first: Vec<MarkRow> = model.fetch(select().then(" order by last_at_us, mark_key").limit(1)).await?;
    Ok(first.first().map(|row| row.steps.first().map_or(row.last_at, |step| step.at)))
}

impl Stored for MarkRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            mark_key: columns.text("mark_key")?,
            series: columns.text("series")?,
            policy_id: columns.parsed("policy_id")?,
            policy_revision: columns.count("policy_revision")?,
            limit: columns.parsed("limit_name")?,
            environment: columns.parsed("environment")?,
            counting: columns.word("counting")?,
            client_id: columns.parsed_or_none("client_id")?,
            key_id: columns.parsed_or_none("key_id")?,
            route_id: columns.parsed_or_none("route_id")?,
            window_start: columns.time("window_start_us")?,
            window_end: columns.time("window_end_us")?,
            allowed: columns.count("allowed")?,
            steps: columns.json("steps")?,
            last_at: columns.time("last_at_us")?,
        })
    }
}

#[cfg(test)]
mod tests;
