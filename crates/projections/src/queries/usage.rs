//! Usage reports: calls by window and by what one asks for, added up by the engine.

use std::collections::BTreeSet;

use domain::{ClientId, Environment, KeyId, RouteId, Timestamp, access::Reach};
use serde::{Deserialize, Serialize};

use crate::{
    BadColumn, Columns, ReadFailure, ReadModel, Stored, USAGE, queries::Select, queries::select::RECORDED,
};

const MINUTE_S: i64 = 60;
const QUARTER_S: i64 = 15 * MINUTE_S;
const HOUR_S: i64 = 60 * MINUTE_S;
const DAY_S: i64 = 24 * HOUR_S;

/// How long a window of the report is. Days begin at midnight UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Granularity {
    Minute,
    Quarter,
    Hour,
    Day,
    /// One window: the whole time asked for.
    Total,
}

/// What calls are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageDimension {
    Client,
    Key,
    SecretVersion,
    Route,
    Environment,
}

/// What a report is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageQuery {
    /// Rounded down to the minute for a report by minutes, to the quarter of an hour for all others.
    pub from: Timestamp,
    /// Before then; rounded up likewise.
    pub until: Timestamp,
    pub granularity: Granularity,
    pub group_by: BTreeSet<UsageDimension>,
    pub client_id: Option<ClientId>,
    pub key_id: Option<KeyId>,
    pub secret_version: Option<u32>,
    pub route_id: Option<RouteId>,
    pub environment: Option<Environment>,
    pub rows_max: u32,
    /// How far whoever asks sees.
    pub reach: Reach,
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsageReport {
    /// What is counted: from then on …
    pub from: Timestamp,
    /// … before then.
    pub until: Timestamp,
    /// Every batch up to this one is counted.
    pub batch_no: u64,
    /// By window, then by the dimensions asked for. A window without calls has no row.
    pub rows: Vec<UsageRow>,
    /// Whether there were more rows than `rows_max`.
    pub truncated: bool,
}

/// The calls of one window. A dimension is none where it was not asked for, and where the calls had none: an
/// unproven secret has no client, an unmatched path no route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsageRow {
    /// Never before the report's start.
    pub window_start: Timestamp,
    /// Never after the report's end.
    pub window_end: Timestamp,
    pub client_id: Option<ClientId>,
    pub key_id: Option<KeyId>,
    pub secret_version: Option<u32>,
    pub route_id: Option<RouteId>,
    pub environment: Option<String>,
    pub allowed: u64,
    pub rate_limited: u64,
    pub quota_exceeded: u64,
    pub unauthenticated: u64,
    pub forbidden: u64,
    pub total: u64,
}

/// # Errors
/// When the read model cannot be read.
pub async fn report(model: &ReadModel, query: &UsageQuery) -> Result<UsageReport, ReadFailure> {
    // Asked first: what comes in between is counted but not claimed.
    let batch_no = model.checkpoint(USAGE).await?.get();
    let span = Span::of(query);
    let counted: Vec<Counted> = model.fetch(span.select(query)).await?;
    let rows_max = usize::try_from(query.rows_max).unwrap_or(usize::MAX);
    let truncated = counted.len() > rows_max;
    let rows = counted.into_iter().take(rows_max).map(|counted| span.row(counted)).collect();
    Ok(UsageReport { from: instant(span.from_s), until: instant(span.until_s), batch_no, rows, truncated })
}

/// The time of a report in Unix seconds, rounded to the windows that are kept.
pub(super) struct Span {
    pub(super) from_s: i64,
    pub(super) until_s: i64,
    table: &'static str,
    /// None: the whole span.
    window_s: Option<i64>,
}

impl Span {
    fn of(query: &UsageQuery) -> Self {
        let (table, kept_s, window_s) = match query.granularity {
            Granularity::Minute => ("usage_minute", MINUTE_S, Some(MINUTE_S)),
            Granularity::Quarter => ("usage_quarter", QUARTER_S, Some(QUARTER_S)),
            Granularity::Hour => ("usage_quarter", QUARTER_S, Some(HOUR_S)),
            Granularity::Day => ("usage_quarter", QUARTER_S, Some(DAY_S)),
            Granularity::Total => ("usage_quarter", QUARTER_S, None),
        };
        Self::rounded((query.from, query.until), table, kept_s, window_s)
    }

    /// Of a table that keeps quarters of an hour.
    pub(super) fn of_quarters(from: Timestamp, until: Timestamp, granularity: Granularity) -> Self {
        let window_s = match granularity {
            Granularity::Minute | Granularity::Quarter => Some(QUARTER_S),
            Granularity::Hour => Some(HOUR_S),
            Granularity::Day => Some(DAY_S),
            Granularity::Total => None,
        };
        Self::rounded((from, until), "", QUARTER_S, window_s)
    }

    fn rounded(
        (from, until): (Timestamp, Timestamp),
        table: &'static str,
        kept_s: i64,
        window_s: Option<i64>,
    ) -> Self {
        let from_s = from.as_second().div_euclid(kept_s) * kept_s;
        // `as_second` cuts off the fraction, which may be all that reaches into the next window.
        let last = until.as_second().saturating_sub(i64::from(until.subsec_nanosecond() == 0));
        let until_s = (last.div_euclid(kept_s) + 1) * kept_s;
        Self { from_s, until_s, table, window_s }
    }

    /// A row's window as SQL.
    pub(super) fn window(&self) -> String {
        match self.window_s {
            Some(window_s) => format!("start_s / {window_s} * {window_s}"),
            None => "cast($1 as bigint)".to_owned(),
        }
    }

    /// A window of which only a part was asked for says so by its ends.
    pub(super) fn ends(&self, window_s: i64) -> (Timestamp, Timestamp) {
        let end_s = self.window_s.map_or(self.until_s, |length_s| window_s.saturating_add(length_s));
        (instant(window_s.max(self.from_s)), instant(end_s.min(self.until_s)))
    }

    fn select(&self, query: &UsageQuery) -> Select {
        let asked = |dimension, column, none| {
            if query.group_by.contains(&dimension) { column } else { none }
        };
        let sql = include_str!("usage/report.sql")
            .replace("{table}", self.table)
            .replace("{window}", &self.window())
            .replace("{client_id}", asked(UsageDimension::Client, "client_id", "''"))
            .replace("{key_id}", asked(UsageDimension::Key, "key_id", "''"))
            .replace("{secret_version}", asked(UsageDimension::SecretVersion, "secret_version", "0"))
            .replace("{route_id}", asked(UsageDimension::Route, "route_id", "''"))
            .replace("{environment}", asked(UsageDimension::Environment, "environment", "''"));
        Select::new(&sql, vec![self.from_s.into(), self.until_s.into()])
            .and_some("client_id = {}", query.client_id)
            .and_some("key_id = {}", query.key_id)
            .and_some("secret_version = {}", query.secret_version)
            .and_some("route_id = {}", query.route_id)
            .and_some("environment = {}", query.environment.clone())
            .and_within(&query.reach, &RECORDED)
            .then(" group by 1, 2, 3, 4, 5, 6\n order by 1, 2, 3, 4, 5, 6")
            .limit(query.rows_max.saturating_add(1))
    }

    fn row(&self, counted: Counted) -> UsageRow {
        let Counted { window_s, row } = counted;
        let (window_start, window_end) = self.ends(window_s);
        UsageRow { window_start, window_end, ..row }
    }
}

pub(super) fn instant(unix_s: i64) -> Timestamp {
    Timestamp::from_second(unix_s).unwrap_or(if unix_s < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

struct Counted {
    window_s: i64,
    row: UsageRow,
}

impl Stored for Counted {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let window_s = columns.integer_or_none("window_s")?.unwrap_or_default();
        let named = |column| Ok(columns.text_or_none(column)?.filter(|text| !text.is_empty()));
        let id = |column| columns.text_or_none(column).map(|text| text.is_some_and(|text| !text.is_empty()));
        let row = UsageRow {
            window_start: instant(window_s),
            window_end: instant(window_s),
            client_id: if id("client_id")? { columns.parsed_or_none("client_id")? } else { None },
            key_id: if id("key_id")? { columns.parsed_or_none("key_id")? } else { None },
            secret_version: columns.count_or_none("secret_version")?.filter(|version| *version != 0),
            route_id: if id("route_id")? { columns.parsed_or_none("route_id")? } else { None },
            environment: named("environment")?,
            allowed: columns.count("allowed")?,
            rate_limited: columns.count("rate_limited")?,
            quota_exceeded: columns.count("quota_exceeded")?,
            unauthenticated: columns.count("unauthenticated")?,
            forbidden: columns.count("forbidden")?,
            total: columns.count("total")?,
        };
        Ok(Self { window_s, row })
    }
}
