//! Throttling: who was refused by which limit, since when, how often and for how long on end.

use domain::{
    ClientId, Environment, LimitName, PolicyId, RouteId, Timestamp, access::Reach, decision::LimitKind,
};

use crate::{
    BadColumn, Columns, ReadFailure, ReadModel, Stored, USAGE,
    queries::{
        Select,
        select::RECORDED,
        usage::{UsageFilter, instant},
    },
};

#[derive(Clone, Debug, PartialEq)]
pub struct ThrottledQuery {
    /// Rounded down to the minute.
    pub from: Timestamp,
    /// Before then; rounded up.
    pub until: Timestamp,
    pub filter: UsageFilter,
    pub policy_id: Option<PolicyId>,
    pub limit: Option<LimitName>,
    pub rows_max: u32,
    pub reach: Reach,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThrottledReport {
    pub from: Timestamp,
    pub until: Timestamp,
    /// Every batch up to this one is counted.
    pub batch_no: u64,
    /// Those refused most first.
    pub rows: Vec<ThrottledRow>,
    /// Whether there were more than `rows_max`.
    pub truncated: bool,
}

/// The calls that one limit of one policy's revision refused to one client on one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThrottledRow {
    /// None where there were too many to tell apart.
    pub client_id: Option<ClientId>,
    /// None where no route matched, and likewise.
    pub route_id: Option<RouteId>,
    pub environment: Environment,
    pub policy_id: PolicyId,
    pub policy_name: Option<String>,
    pub policy_revision: u32,
    pub kind: LimitKind,
    pub limit: LimitName,
    /// A call that two limits refused is in the rows of both.
    pub calls: u64,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    /// Since when the caller has been refused without a minute in between, up to `last_at`.
    pub since: Timestamp,
    /// The most minutes on end with a refusal in each.
    pub longest_minutes: u64,
}

/// # Errors
/// When the read model cannot be read.
pub async fn report(model: &ReadModel, query: &ThrottledQuery) -> Result<ThrottledReport, ReadFailure> {
    let minute = |at: Timestamp| at.as_second().div_euclid(60) * 60;
    let from_s = minute(query.from);
    let last = query.until.as_second().saturating_sub(i64::from(query.until.subsec_nanosecond() == 0));
    let until_s = (last.div_euclid(60) + 1) * 60;
    let batch_no = model.checkpoint(USAGE).await?.get();
    let mut rows: Vec<ThrottledRow> = model.fetch(query.select(from_s, until_s)).await?;
    let rows_max = usize::try_from(query.rows_max).unwrap_or(usize::MAX);
    let truncated = rows.len() > rows_max;
    rows.truncate(rows_max);
    Ok(ThrottledReport { from: instant(from_s), until: instant(until_s), batch_no, rows, truncated })
}

impl ThrottledQuery {
    fn select(&self, from_s: i64, until_s: i64) -> Select {
        let select = Select::new(include_str!("throttled/minutes.sql"), vec![from_s.into(), until_s.into()]);
        self.filter
            .and(select)
            .and_some("policy_id = {}", self.policy_id)
            .and_some("limit_name = {}", self.limit.as_ref().map(|limit| limit.as_str()))
            .and_within(&self.reach, &RECORDED)
            .then(include_str!("throttled/runs.sql"))
            .limit(self.rows_max.saturating_add(1))
    }
}

impl Stored for ThrottledRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let is_there = |column| columns.text(column).map(|text| !text.is_empty());
        Ok(Self {
            client_id: if is_there("client_id")? { columns.parsed_or_none("client_id")? } else { None },
            route_id: if is_there("route_id")? { columns.parsed_or_none("route_id")? } else { None },
            environment: columns.parsed("environment")?,
            policy_id: columns.parsed("policy_id")?,
            policy_name: columns.text_or_none("policy_name")?,
            policy_revision: columns.count("revision")?,
            kind: columns.word("kind")?,
            limit: columns.parsed("limit_name")?,
            calls: columns.count("calls")?,
            first_at: columns.time("first_at_us")?,
            last_at: columns.time("last_at_us")?,
            since: columns.time("since_us")?,
            longest_minutes: columns.count("longest")?,
        })
    }
}

#[cfg(test)]
mod tests;
