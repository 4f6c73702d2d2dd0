//! A report beside that of the period before.

use std::collections::HashMap;

use domain::Timestamp;

use super::{Calls, ReportFailure, UsageQuery, UsageReport, UsageRow, Windows, instant, report, report_of};
use crate::ReadModel;

/// A report, and what was in the same windows of the period before: as many windows, right before the report's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    pub report: UsageReport,
    /// Of each row of the report, in its order.
    pub before: Vec<Calls>,
    pub before_from: Timestamp,
    pub before_until: Timestamp,
    /// Rows of the period before were too many to be looked at: then some of the report may seem to have had no calls.
    pub before_is_cut: bool,
}

/// # Errors
/// When there would be too many windows, or the read model cannot be read.
pub async fn report_compared(
    model: &ReadModel,
    query: &UsageQuery,
    before_rows_max: u32,
) -> Result<Compared, ReportFailure> {
    let report = report(model, query).await?;
    let before = Before::read(model, query, before_rows_max).await?;
    Ok(Compared {
        before: before.beside(&report),
        before_from: instant(before.windows.from_s),
        before_until: instant(before.windows.until_s),
        before_is_cut: before.is_cut,
        report,
    })
}

/// The period before a report, to stand beside any page of it.
#[derive(Debug)]
pub struct Before {
    calls: HashMap<Place, Calls>,
    windows: Windows,
    /// Those of the report. They are counted from where it was asked for, also where it begins later for want of detail.
    asked: Windows,
    is_cut: bool,
}

impl Before {
    /// # Errors
    /// When there would be too many windows, or the read model cannot be read.
    pub async fn read(model: &ReadModel, query: &UsageQuery, rows_max: u32) -> Result<Self, ReportFailure> {
        let UsageQuery { granularity, zone, .. } = query;
        let asked = Windows::new((query.from, query.until), *granularity, zone)?;
        let windows = asked.before(*granularity, zone)?;
        let earlier = UsageQuery { after: None, rows_max, ..query.clone() };
        let earlier = report_of(model, &earlier, &windows).await?;
        let mut calls: HashMap<_, Calls> = HashMap::new();
        for row in &earlier.rows {
            calls.insert(place(row, &windows), row.calls);
        }
        Ok(Self { calls, windows, asked, is_cut: earlier.next.is_some() })
    }

    /// Of each row of a page, in its order.
    #[must_use]
    pub fn beside(&self, report: &UsageReport) -> Vec<Calls> {
        let calls = |row| self.calls.get(&place(row, &self.asked)).copied().unwrap_or_default();
        report.rows.iter().map(calls).collect()
    }
}

type Place = (i64, [Option<String>; 5], Option<u32>);

/// What a row has in common with its fellow of the period before.
fn place(row: &UsageRow, windows: &Windows) -> Place {
    let UsageRow { owner_team, client_id, key_id, secret_version, route_id, environment, .. } = row;
    let names = [
        owner_team.clone(),
        client_id.map(|id| id.to_string()),
        key_id.map(|id| id.to_string()),
        route_id.map(|id| id.to_string()),
        environment.clone(),
    ];
    (windows.ordinal(row.window_start.as_second()), names, *secret_version)
}
