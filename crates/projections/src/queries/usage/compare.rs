//! A report beside that of the period before.

use std::collections::HashMap;

use domain::Timestamp;

use super::{
    Calls, ReportFailure, UsageQuery, UsageReport, UsageRow, Windows, detail, instant, report, report_of,
};
use crate::ReadModel;

/// A report, and what was in the same windows of the period before: as many windows, right before the report's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    pub report: UsageReport,
    /// Of each row of the report, in its order. None: all detail of its window was let go of, and nobody knows.
    pub before: Vec<Option<Calls>>,
    /// Later than the period before where detail was let go of, or moved out to a whole day; so is the end.
    pub before_from: Timestamp,
    pub before_until: Timestamp,
    /// Rows of the period before were too many to be looked at: then some of the report may seem to have had no calls.
    pub before_is_cut: bool,
}

/// # Errors
/// When there would be too many windows, the report has no such place to go on behind, or the read model cannot be read.
pub async fn report_compared(
    model: &ReadModel,
    query: &UsageQuery,
    before_rows_max: u32,
) -> Result<Compared, ReportFailure> {
    let report = report(model, query).await?;
    let before = Before::read(model, query, before_rows_max).await?;
    Ok(Compared {
        before: before.beside(&report),
        before_from: before.from,
        before_until: before.until,
        before_is_cut: before.is_cut,
        report,
    })
}

/// The period before a report, to stand beside any page of it.
#[derive(Debug)]
pub struct Before {
    calls: HashMap<Place, Calls>,
    from: Timestamp,
    until: Timestamp,
    /// Those of the report. They are counted from where it was asked for, also where it begins later for want of detail.
    asked: Windows,
    /// The first window of which something is known, counted likewise.
    known_from: i64,
    is_cut: bool,
}

impl Before {
    /// # Errors
    /// When there would be too many windows, or the read model cannot be read.
    pub async fn read(model: &ReadModel, query: &UsageQuery, rows_max: u32) -> Result<Self, ReportFailure> {
        let UsageQuery { granularity, zone, .. } = query;
        let asked = Windows::new((query.from, query.until), *granularity, zone)?;
        // Where the report has whole days instead, so has the period before: as many of them.
        let asked = if asked.fits_days() { detail::kept(model, asked, query.grains()).await? } else { asked };
        let windows = asked.before(*granularity, zone)?;
        let known = detail::kept(model, windows.clone(), query.grains()).await?;
        let earlier = UsageQuery { after: None, rows_max, ..query.clone() };
        let earlier = report_of(model, &earlier, &known).await?;
        let mut calls: HashMap<_, Calls> = HashMap::new();
        for row in &earlier.rows {
            calls.insert(place(row, &windows), row.calls);
        }
        let is_known = known.from_s < known.until_s;
        let known_from = if is_known { windows.ordinal(known.from_s) } else { i64::MAX };
        let (from, until) = (instant(known.from_s), instant(known.until_s));
        Ok(Self { calls, from, until, asked, known_from, is_cut: earlier.next.is_some() })
    }

    /// Of each row of a page, in its order; none where nothing is known of its window any more.
    #[must_use]
    pub fn beside(&self, report: &UsageReport) -> Vec<Option<Calls>> {
        let calls = |row| {
            let place = place(row, &self.asked);
            let is_known = place.0 >= self.known_from;
            is_known.then(|| self.calls.get(&place).copied().unwrap_or_default())
        };
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
