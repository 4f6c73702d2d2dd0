//! What came late: calls that were told after their quarter of an hour was closed. They are counted in their own time.

use domain::{ClientId, Environment, Timestamp};

use super::{ReportFailure, UsageQuery, Windows, instant};
use crate::{
    BadColumn, Columns, ReadModel, Stored,
    queries::{Select, select::RECORDED},
};

/// So many are told: those that came last.
pub const CORRECTIONS_MAX: u32 = 100;

/// Calls of one quarter of an hour that one batch told late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    pub window_start: Timestamp,
    pub batch_no: u64,
    pub client_id: Option<ClientId>,
    pub environment: Environment,
    pub node: String,
    pub flushed_at: Timestamp,
    pub calls: u64,
}

/// What changed in a report's time after it could have been read, by its team, client and environment; other filters are not told
/// apart here.
///
/// # Errors
/// When there would be too many windows, or the read model cannot be read.
pub async fn corrections(model: &ReadModel, query: &UsageQuery) -> Result<Vec<Correction>, ReportFailure> {
    let windows = Windows::new((query.from, query.until), query.granularity, &query.zone)?;
    let select =
        Select::new(include_str!("corrections.sql"), vec![windows.from_s.into(), windows.until_s.into()]);
    let select = select
        .and_some(crate::queries::select::OF_TEAM, query.filter.owner_team.as_ref().map(|team| team.as_str()))
        .and_some("client_id = {}", query.filter.client_id)
        .and_some("environment = {}", query.filter.environment.clone())
        .and_within(&query.reach, &RECORDED)
        .then(" order by batch_no desc, start_s, client_id, environment")
        .limit(CORRECTIONS_MAX);
    Ok(model.fetch(select).await?)
}

impl Stored for Correction {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let is_there = !columns.text("client_id")?.is_empty();
        Ok(Self {
            window_start: instant(columns.integer_or_none("start_s")?.unwrap_or_default()),
            batch_no: columns.count("batch_no")?,
            client_id: if is_there { columns.parsed_or_none("client_id")? } else { None },
            environment: columns.parsed("environment")?,
            node: columns.text("node")?,
            flushed_at: columns.time("flushed_at_us")?,
            calls: columns.count("calls")?,
        })
    }
}
