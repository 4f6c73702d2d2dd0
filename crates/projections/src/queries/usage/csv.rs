//! A usage report as CSV.

use super::{Calls, UsageDimension, UsageQuery, UsageReport, UsageRow};
use crate::csv::{self, Cell};

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
