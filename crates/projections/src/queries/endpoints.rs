//! Top endpoints: routes by what is asked of them, and what becomes of it.

use std::{cmp::Reverse, collections::HashMap};

use domain::{
    RouteId, Timestamp,
    access::Reach,
    usage::{BUCKETS, Durations},
};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::{
    BadColumn, Columns, ReadModel, Stored, USAGE,
    queries::{
        Select,
        select::RECORDED,
        usage::{Calls, Granularity, ReportFailure, UsageFilter, Windows, detail, instant},
    },
};

/// What makes an endpoint a top one: the most of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TopBy {
    Calls,
    /// Answers of 5xx.
    Errors,
    /// The time within which 95 of 100 calls were done.
    Latency,
    /// Calls that rates and quotas refused.
    Throttling,
    /// Distinct clients.
    Clients,
}

#[derive(Clone, Debug, PartialEq)]
pub struct EndpointsQuery {
    pub from: Timestamp,
    pub until: Timestamp,
    pub filter: UsageFilter,
    pub by: TopBy,
    pub rows_max: u32,
    pub reach: Reach,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointsReport {
    pub from: Timestamp,
    pub until: Timestamp,
    /// Every batch up to this one is counted.
    pub batch_no: u64,
    /// Those with most first.
    pub rows: Vec<EndpointRow>,
    /// How many endpoints were called, those without a row too.
    pub endpoints: usize,
}

/// One endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointRow {
    /// None: the paths that no route matched, together.
    pub route_id: Option<RouteId>,
    pub name: Option<String>,
    pub calls: Calls,
    /// Distinct ones with a genuine secret.
    pub clients: u64,
    /// All zero where the proxy tells no access log.
    pub answers: Answers,
}

/// What the proxy told of calls. Not all calls need to be among them: a proxy leaves out what it cannot tell in time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    pub calls: u64,
    pub success: u64,
    pub redirection: u64,
    pub client_error: u64,
    pub server_error: u64,
    pub upstream_errors: u64,
    pub request_bytes: u64,
    pub response_bytes: u64,
    pub duration_us: u64,
    pub durations: Durations,
}

/// # Errors
/// When the read model cannot be read.
pub async fn report(model: &ReadModel, query: &EndpointsQuery) -> Result<EndpointsReport, ReportFailure> {
    let whole = Windows::new((query.from, query.until), Granularity::Total, &TimeZone::UTC)?;
    let windows = detail::kept(model, whole, detail::CALLS).await?;
    let batch_no = model.checkpoint(USAGE).await?.get();
    let mut rows: Vec<EndpointRow> = model.fetch(query.calls(&windows)).await?;
    let answers: Vec<Answered> = model.fetch(query.answers(&windows)).await?;
    let mut answers: HashMap<_, _> =
        answers.into_iter().map(|Answered { route_id, answers }| (route_id, answers)).collect();
    for row in &mut rows {
        row.answers = answers.remove(&row.route_id).unwrap_or_default();
    }
    let endpoints = rows.len();
    rows.sort_by_key(|row| (Reverse(row.most(query.by)), row.route_id));
    rows.truncate(usize::try_from(query.rows_max).unwrap_or(usize::MAX));
    let (from, until) = (instant(windows.from_s), instant(windows.until_s));
    Ok(EndpointsReport { from, until, batch_no, rows, endpoints })
}

impl EndpointRow {
    fn most(&self, by: TopBy) -> u64 {
        match by {
            TopBy::Calls => self.calls.total,
            TopBy::Errors => self.answers.server_error,
            TopBy::Latency => self.answers.durations.quantile_us(950).unwrap_or_default(),
            TopBy::Throttling => self.calls.rate_limited.saturating_add(self.calls.quota_exceeded),
            TopBy::Clients => self.clients,
        }
    }
}

impl EndpointsQuery {
    /// There are as many rows as routes, of which an installation has thousands at most.
    fn calls(&self, windows: &Windows) -> Select {
        let sql = include_str!("endpoints/calls.sql")
            .replace("{counted}", &detail::CALLS.counted(windows, &(windows.from_s..windows.until_s)));
        self.of(&sql, windows)
    }

    fn answers(&self, windows: &Windows) -> Select {
        let sql = include_str!("endpoints/answers.sql")
            .replace("{counted}", &detail::ANSWERS.counted(windows, &(windows.from_s..windows.until_s)));
        self.of(&sql, windows)
    }

    fn of(&self, sql: &str, windows: &Windows) -> Select {
        let select = Select::new(sql, vec![windows.from_s.into(), windows.until_s.into()]);
        self.filter.and(select).and_within(&self.reach, &RECORDED).then(" group by route_id").once()
    }
}

fn route(columns: &impl Columns) -> Result<Option<RouteId>, BadColumn> {
    let is_none = columns.text("route_id")?.is_empty();
    if is_none { Ok(None) } else { columns.parsed_or_none("route_id") }
}

impl Stored for EndpointRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            route_id: route(columns)?,
            name: columns.text_or_none("name")?,
            calls: Calls::read(columns)?,
            clients: columns.count("clients")?,
            answers: Answers::default(),
        })
    }
}

struct Answered {
    route_id: Option<RouteId>,
    answers: Answers,
}

/// The columns of the histogram's buckets.
const BUCKET_COLUMNS: [&str; BUCKETS] = [
    "d00", "d01", "d02", "d03", "d04", "d05", "d06", "d07", "d08", "d09", "d10", "d11", "d12", "d13", "d14",
    "d15", "d16", "d17", "d18", "d19", "d20", "d21", "d22", "d23", "d24", "d25", "d26", "d27", "d28", "d29",
    "d30", "d31",
];

impl Stored for Answered {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let mut buckets = [0_u64; BUCKETS];
        for (calls, column) in buckets.iter_mut().zip(BUCKET_COLUMNS) {
            *calls = columns.count(column)?;
        }
        let answers = Answers {
            calls: columns.count("calls")?,
            success: columns.count("success")?,
            redirection: columns.count("redirection")?,
            client_error: columns.count("client_error")?,
            server_error: columns.count("server_error")?,
            upstream_errors: columns.count("upstream_errors")?,
            request_bytes: columns.count("request_bytes")?,
            response_bytes: columns.count("response_bytes")?,
            duration_us: columns.count("duration_us")?,
            durations: Durations::of(buckets),
        };
        Ok(Self { route_id: route(columns)?, answers })
    }
}

#[cfg(test)]
mod tests;
