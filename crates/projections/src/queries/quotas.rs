//! The use of calendar quotas in the windows that a moment lies in.

use domain::{ClientId, Environment, PolicyId, Timestamp, access::Reach};

use crate::{
    ReadFailure, ReadModel, USAGE,
    queries::{
        Select,
        quota_levels::LevelRow,
        select::{Belongs, Places},
    },
};

#[derive(Clone, Debug, PartialEq)]
pub struct QuotasQuery {
    /// Windows that it lies in.
    pub at: Timestamp,
    pub client_id: Option<ClientId>,
    pub policy_id: Option<PolicyId>,
    pub environment: Option<Environment>,
    pub rows_max: u32,
    pub reach: Reach,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotasReport {
    /// Every batch up to this one is counted.
    pub batch_no: u64,
    /// Those used most, as a part of what they allow, come first.
    pub rows: Vec<LevelRow>,
    /// Whether there were more than `rows_max`.
    pub truncated: bool,
}

/// A quota that all clients of a policy share is nobody's: whoever is limited to a team does not see it.
const LEVELS: Belongs = Belongs {
    team: Some("l.client_id in (select own.client_id from client_directory own where own.owner_team = {})"),
    environment: Places::One("l.environment"),
};

/// # Errors
/// When the read model cannot be read.
pub async fn report(model: &ReadModel, query: &QuotasQuery) -> Result<QuotasReport, ReadFailure> {
    let batch_no = model.checkpoint(USAGE).await?.get();
    let select = Select::new(include_str!("quotas/levels.sql"), vec![query.at.into()])
        .and_some("l.client_id = {}", query.client_id)
        .and_some("l.policy_id = {}", query.policy_id)
        .and_some("l.environment = {}", query.environment.clone())
        .and_within(&query.reach, &LEVELS)
        .inside(include_str!("quotas/fullest.sql"), "{levels}")
        // One more shows that there are more.
        .limit(query.rows_max.saturating_add(1));
    let mut rows: Vec<LevelRow> = model.fetch(select).await?;
    let rows_max = usize::try_from(query.rows_max).unwrap_or(usize::MAX);
    let truncated = rows.len() > rows_max;
    rows.truncate(rows_max);
    Ok(QuotasReport { batch_no, rows, truncated })
}

#[cfg(test)]
mod tests;
