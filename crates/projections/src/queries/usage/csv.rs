//! A usage report as CSV.

use std::sync::Arc;

use domain::Timestamp;
use futures::{Stream, TryStreamExt as _, stream};

use super::{
    Before, Calls, ReportFailure, UsageDimension, UsageQuery, UsageReport, UsageRow, UsageStore as _,
};
use crate::{ReadModel, csv::Lines};

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
/// dimension asked for, one for each outcome, those of the period before where it stands beside (empty where nothing is known of it any
/// more), and what the report covers.
///
/// # Errors
/// Never in memory; the writer would tell.
pub fn page(
    report: &UsageReport,
    before: Option<&[Option<Calls>]>,
    query: &UsageQuery,
    with_names: bool,
) -> Result<Vec<u8>, ::csv::Error> {
    let mut lines = Lines::default();
    if with_names {
        lines.names(names(query, before.is_some()))?;
    }
    let [zone, batch_no, position] = covered(report, query);
    let mut windows = Ends::default();
    for (at, row) in report.rows.iter().enumerate() {
        windows.write(row, &mut lines)?;
        for dimension in &query.group_by {
            write(row, *dimension, &mut lines)?;
        }
        count(row.calls, &mut lines)?;
        if let Some(before) = before {
            match before.get(at).copied().flatten() {
                Some(calls) => count(calls, &mut lines)?,
                // What nobody knows any more is not zero.
                None => COUNTS_BEFORE.iter().try_for_each(|_| lines.empty())?,
            }
        }
        lines.text(&zone)?;
        lines.number(&batch_no)?;
        lines.number(&position)?;
        lines.end()?;
    }
    lines.written()
}

/// The ends of a window, which are the same in many rows: told once.
#[derive(Default)]
struct Ends {
    of: Option<(Timestamp, Timestamp)>,
    told: [String; 2],
}

impl Ends {
    fn write(&mut self, row: &UsageRow, lines: &mut Lines) -> Result<(), ::csv::Error> {
        let of = (row.window_start, row.window_end);
        if self.of.replace(of) != Some(of) {
            self.told = [of.0.to_string(), of.1.to_string()];
        }
        self.told.iter().try_for_each(|end| lines.text(end))
    }
}

/// The names of the columns.
#[must_use]
pub fn names(query: &UsageQuery, compared: bool) -> Vec<&'static str> {
    let dimensions = query.group_by.iter().map(|dimension| column(*dimension));
    let names = ["window_start", "window_end"].into_iter().chain(dimensions).chain(COUNTS);
    names.chain(compared.then_some(COUNTS_BEFORE).into_iter().flatten()).chain(COVERED).collect()
}

fn covered(report: &UsageReport, query: &UsageQuery) -> [String; 3] {
    let zone = query.zone.iana_name().unwrap_or("UTC");
    [zone.to_owned(), report.batch_no.to_string(), report.position.to_string()]
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

fn write(row: &UsageRow, dimension: UsageDimension, lines: &mut Lines) -> Result<(), ::csv::Error> {
    match dimension {
        UsageDimension::OwnerTeam => lines.text_or_empty(row.owner_team.as_deref()),
        UsageDimension::Client => lines.text_or_empty(row.client_id),
        UsageDimension::Key => lines.text_or_empty(row.key_id),
        UsageDimension::SecretVersion => match row.secret_version {
            Some(version) => lines.number(version),
            None => lines.empty(),
        },
        UsageDimension::Route => lines.text_or_empty(row.route_id),
        UsageDimension::Environment => lines.text_or_empty(row.environment.as_deref()),
    }
}

fn count(calls: Calls, lines: &mut Lines) -> Result<(), ::csv::Error> {
    let Calls { allowed, rate_limited, quota_exceeded, unauthenticated, forbidden, total } = calls;
    let counts = [allowed, rate_limited, quota_exceeded, unauthenticated, forbidden, total];
    counts.into_iter().try_for_each(|count| lines.number(count))
}
