//! A usage report as CSV.

use std::sync::Arc;

use futures::{Stream, TryStreamExt as _, stream};

use super::{
    Before, Calls, ReportFailure, UsageDimension, UsageQuery, UsageReport, UsageRow, UsageStore as _,
};
use crate::{
    ReadModel,
    csv::{self, Cell},
};

/// So many pages are read before the first of them is written.
const PAGES_AHEAD: usize = 2;

const COUNTS: [&str; 6] =
    ["allowed", "rate_limited", "quota_exceeded", "unauthenticated", "forbidden", "total"];
const COUNTS_BEFORE: [&str; 6] = [
    "previous_allowed",
    "previous_rate_limited",
    "previous_quota_exceeded",
    "previous_unauthenticated",
    "previous_forbidden",
    "previous_total",
];
/// Whose days they are, and what is counted: the last usage batch and the log's position.
const COVERED: [&str; 3] = ["time_zone", "batch_no", "position"];

/// What breaks a table off.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error(transparent)]
    Report(#[from] ReportFailure),
    #[error(transparent)]
    Csv(#[from] ::csv::Error),
    #[error(transparent)]
    Writer(#[from] tokio::task::JoinError),
}

/// A page as it is written, and its rows.
#[derive(Debug)]
pub struct Page {
    pub text: Vec<u8>,
    pub rows: u64,
}

/// The whole report from the query's place on, in pages of as many rows as it says; beside the period before, if that is given. While a
/// page is written the next one is read.
pub fn pages(
    model: ReadModel,
    query: UsageQuery,
    before: Option<Before>,
) -> impl Stream<Item = Result<Page, Broken>> + Send {
    let before = Arc::new(before);
    let read = stream::try_unfold(Some((query, true)), move |place| {
        let model = model.clone();
        async move {
            let Some((query, is_first)) = place else { return Ok(None) };
            let report = model.usage(&query).await?;
            let after = report.next.clone();
            let next = after.map(|after| (UsageQuery { after: Some(after), ..query.clone() }, false));
            Ok::<_, Broken>(Some(((report, query, is_first), next)))
        }
    });
    let written = read.map_ok(move |(report, query, is_first)| {
        let before = Arc::clone(&before);
        let write = tokio::task::spawn_blocking(move || {
            let rows = u64::try_from(report.rows.len()).unwrap_or(u64::MAX);
            let before = before.as_ref().as_ref().map(|before| before.beside(&report));
            page(&report, before.as_deref(), &query, is_first).map(|text| Page { text, rows })
        });
        async move { Ok(write.await??) }
    });
    written.try_buffered(PAGES_AHEAD)
}

/// A page of the report, with a line of names if it is the first: windows (from the start on, before the end), a column for each
/// dimension asked for, one for each outcome, those of the period before where it stands beside, and what the report covers.
///
/// # Errors
/// Never in memory; the writer would tell.
pub fn page(
    report: &UsageReport,
    before: Option<&[Calls]>,
    query: &UsageQuery,
    with_names: bool,
) -> Result<Vec<u8>, ::csv::Error> {
    let rows = report.rows.iter().enumerate().map(|(at, row)| {
        let windows = [row.window_start, row.window_end].map(Cell::text);
        let named = query.group_by.iter().map(|dimension| cell(row, *dimension));
        let before = before.map(|before| counts(before.get(at).copied().unwrap_or_default()));
        let counted = counts(row.calls).into_iter().chain(before.into_iter().flatten());
        windows.into_iter().chain(named).chain(counted).chain(covered(report, query)).collect()
    });
    if !with_names {
        return csv::lines(rows);
    }
    csv::write(names(query, before.is_some()), rows)
}

/// The names of the columns.
#[must_use]
pub fn names(query: &UsageQuery, compared: bool) -> Vec<&'static str> {
    let dimensions = query.group_by.iter().map(|dimension| column(*dimension));
    let names = ["window_start", "window_end"].into_iter().chain(dimensions).chain(COUNTS);
    names.chain(compared.then_some(COUNTS_BEFORE).into_iter().flatten()).chain(COVERED).collect()
}

fn covered(report: &UsageReport, query: &UsageQuery) -> [Cell; 3] {
    let zone = query.zone.iana_name().unwrap_or("UTC");
    [Cell::text(zone), Cell::number(report.batch_no), Cell::number(report.position)]
}

fn column(dimension: UsageDimension) -> &'static str {
    match dimension {
        UsageDimension::OwnerTeam => "owner_team",
        UsageDimension::Client => "client_id",
        UsageDimension::Key => "key_id",
        UsageDimension::SecretVersion => "secret_version",
        UsageDimension::Route => "route_id",
        UsageDimension::Environment => "environment",
    }
}

fn cell(row: &UsageRow, dimension: UsageDimension) -> Cell {
    match dimension {
        UsageDimension::OwnerTeam => Cell::text_or_empty(row.owner_team.as_deref()),
        UsageDimension::Client => Cell::text_or_empty(row.client_id),
        UsageDimension::Key => Cell::text_or_empty(row.key_id),
        UsageDimension::SecretVersion => row.secret_version.map_or(Cell::Empty, Cell::number),
        UsageDimension::Route => Cell::text_or_empty(row.route_id),
        UsageDimension::Environment => Cell::text_or_empty(row.environment.as_deref()),
    }
}

fn counts(calls: Calls) -> [Cell; 6] {
    let Calls { allowed, rate_limited, quota_exceeded, unauthenticated, forbidden, total } = calls;
    [allowed, rate_limited, quota_exceeded, unauthenticated, forbidden, total].map(Cell::number)
}
