//! The shadow report: what policies on trial would have refused, by window and by what one asks for.

use std::collections::BTreeSet;

use domain::{ClientId, Environment, LimitName, PolicyId, RouteId, Timestamp, access::Reach};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::{
    BadColumn, Columns, ReadModel, Stored, USAGE,
    queries::select::RECORDED,
    queries::{
        Select,
        usage::{Granularity, ReportFailure, Windows, instant},
    },
};

/// What calls are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShadowDimension {
    Policy,
    Revision,
    /// Then a call that several limits would have refused is in the row of each. Without it, it is in one.
    Limit,
    Client,
    Route,
    Environment,
}

/// What a report is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShadowQuery {
    /// Rounded down to the quarter of an hour.
    pub from: Timestamp,
    /// Before then; rounded up likewise.
    pub until: Timestamp,
    /// By minutes is by quarters too: nothing finer is kept.
    pub granularity: Granularity,
    pub group_by: BTreeSet<ShadowDimension>,
    pub policy_id: Option<PolicyId>,
    pub client_id: Option<ClientId>,
    pub route_id: Option<RouteId>,
    pub environment: Option<Environment>,
    pub rows_max: u32,
    /// How far whoever asks sees.
    pub reach: Reach,
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShadowReport {
    /// What is counted: from then on …
    pub from: Timestamp,
    /// … before then.
    pub until: Timestamp,
    /// Every batch up to this one is counted.
    pub batch_no: u64,
    /// By window, then by the dimensions asked for. A window without calls has no row.
    pub rows: Vec<ShadowRow>,
    /// Whether there were more rows than `rows_max`.
    pub truncated: bool,
}

/// The calls of one window. A dimension is none where it was not asked for; the route also where none matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShadowRow {
    pub window_start: Timestamp,
    pub window_end: Timestamp,
    pub policy_id: Option<PolicyId>,
    pub policy_revision: Option<u32>,
    pub limit: Option<LimitName>,
    pub client_id: Option<ClientId>,
    pub route_id: Option<RouteId>,
    pub environment: Option<String>,
    /// Allowed calls that the policy was asked about.
    pub calls: u64,
    /// Those of them that it would have refused.
    pub refused: u64,
}

/// # Errors
/// When there would be too many windows, or the read model cannot be read.
pub async fn report(model: &ReadModel, query: &ShadowQuery) -> Result<ShadowReport, ReportFailure> {
    // Asked first: what comes in between is counted but not claimed.
    let batch_no = model.checkpoint(USAGE).await?.get();
    let granularity =
        if query.granularity == Granularity::Minute { Granularity::Quarter } else { query.granularity };
    let windows = Windows::new((query.from, query.until), granularity, &TimeZone::UTC)?;
    let counted: Vec<Counted> = model.fetch(select(&windows, query)).await?;
    let rows_max = usize::try_from(query.rows_max).unwrap_or(usize::MAX);
    let truncated = counted.len() > rows_max;
    let row = |Counted { window_s, row }| {
        let (window_start, window_end) = windows.ends(window_s);
        ShadowRow { window_start, window_end, ..row }
    };
    let rows = counted.into_iter().take(rows_max).map(row).collect();
    let (from, until) = (instant(windows.from_s), instant(windows.until_s));
    Ok(ShadowReport { from, until, batch_no, rows, truncated })
}

fn select(windows: &Windows, query: &ShadowQuery) -> Select {
    let by_limit = query.group_by.contains(&ShadowDimension::Limit);
    let asked = |dimension, column, none| if query.group_by.contains(&dimension) { column } else { none };
    let sql = include_str!("shadow/report.sql")
        .replace("{window}", &windows.sql())
        .replace("{policy_id}", asked(ShadowDimension::Policy, "policy_id", "''"))
        .replace("{revision}", asked(ShadowDimension::Revision, "revision", "0"))
        .replace("{limit_name}", asked(ShadowDimension::Limit, "limit_name", "''"))
        .replace("{client_id}", asked(ShadowDimension::Client, "client_id", "''"))
        .replace("{route_id}", asked(ShadowDimension::Route, "route_id", "''"))
        .replace("{environment}", asked(ShadowDimension::Environment, "environment", "''"));
    Select::new(&sql, vec![windows.from_s.into(), windows.until_s.into()])
        .and(if by_limit { "limit_name <> {}" } else { "limit_name = {}" }, "")
        .and_some("policy_id = {}", query.policy_id)
        .and_some("client_id = {}", query.client_id)
        .and_some("route_id = {}", query.route_id)
        .and_some("environment = {}", query.environment.clone())
        .and_within(&query.reach, &RECORDED)
        .then(" group by 1, 2, 3, 4, 5, 6, 7\n order by 1, 2, 3, 4, 5, 6, 7")
        .limit(query.rows_max.saturating_add(1))
}

struct Counted {
    window_s: i64,
    row: ShadowRow,
}

impl Stored for Counted {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let window_s = columns.integer_or_none("window_s")?.unwrap_or_default();
        let named = |column| Ok(columns.text_or_none(column)?.filter(|text| !text.is_empty()));
        let there = |column| named(column).map(|text| text.is_some());
        let row = ShadowRow {
            window_start: instant(window_s),
            window_end: instant(window_s),
            policy_id: if there("policy_id")? { columns.parsed_or_none("policy_id")? } else { None },
            policy_revision: columns.count_or_none("revision")?.filter(|revision| *revision != 0),
            limit: if there("limit_name")? { columns.parsed_or_none("limit_name")? } else { None },
            client_id: if there("client_id")? { columns.parsed_or_none("client_id")? } else { None },
            route_id: if there("route_id")? { columns.parsed_or_none("route_id")? } else { None },
            environment: named("environment")?,
            calls: columns.count("calls")?,
            refused: columns.count("refused")?,
        };
        Ok(Self { window_s, row })
    }
}
