//! A usage report as a table, all of it: CSV page by page, as the caller takes it; Parquet at once, within the bounds of an answer.

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use domain::observation::ExportedWhat;
use futures::stream;
use http::{HeaderValue, header};
use projections::{
    ReadModel,
    queries::usage::{Before, ReportFailure, UsageQuery, UsageStore as _, csv},
};

use super::{parquet::ParquetFile, unreported};
use crate::{
    guard::{Allowed, needs::ReportRead},
    observe::Outgoing,
    problem::{Problem, kinds},
    report_files::blocking,
};

/// So many rows are read at once; in tests so few that every table of two has pages.
const ROWS_AT_ONCE: u32 = if cfg!(test) { 1 } else { 5_000 };

/// The report beside the period before, of which so many rows are looked at, or by itself. The first page is read before anything
/// is answered, so that what cannot be had is a problem.
pub(super) async fn usage(
    allowed: &Allowed<ReportRead>,
    query: UsageQuery,
    compare: Option<u32>,
) -> Result<Response, Problem> {
    let outgoing = Outgoing::begin(allowed, ExportedWhat::UsageReport, "csv")?;
    let (model, query) = (allowed.read().clone(), UsageQuery { rows_max: ROWS_AT_ONCE, ..query });
    let before = match compare {
        Some(rows_max) => Some(Before::read(&model, &query, rows_max).await.map_err(unreported)?),
        None => None,
    };
    let mut download = Download { model, query, before, outgoing, ended: false };
    let first = download.next(true).await.map_err(|broken| match broken {
        Broken::Report(failure) => unreported(failure),
        Broken::Csv(failure) => Problem::internal(&failure),
    })?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"usage.csv\"")),
    ];
    Ok((headers, streamed(first, download)).into_response())
}

/// Of at most as many rows as the query says: a file of Parquet is nothing before its last byte.
pub(super) async fn parquet(allowed: &Allowed<ReportRead>, query: UsageQuery) -> Result<Response, Problem> {
    let mut outgoing = Outgoing::begin(allowed, ExportedWhat::UsageReport, "parquet")?;
    let rows_max = query.rows_max;
    let report = allowed.read().usage(&query).await.map_err(unreported)?;
    if report.next.is_some() {
        return Err(Problem::new(kinds::REPORT_TOO_LARGE).with("rows_max", rows_max));
    }
    let rows = u64::try_from(report.rows.len()).unwrap_or(u64::MAX);
    let written = blocking(move || {
        let mut file = ParquetFile::begin(vec![], &query)?;
        file.put(&report)?;
        Ok(file.finish()?)
    });
    let file = written.await.map_err(|failure| Problem::internal(&failure))?;
    outgoing.put(&file, rows);
    outgoing.end().await;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/vnd.apache.parquet")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"usage.parquet\"")),
    ];
    Ok((headers, file).into_response())
}

fn streamed(first: Vec<u8>, download: Download) -> Body {
    Body::from_stream(stream::try_unfold((first, Some(download)), async |(page, download)| {
        let Some(mut download) = download else { return Ok(None) };
        if !page.is_empty() {
            return Ok(Some((Bytes::from(page), (vec![], Some(download)))));
        }
        if download.ended {
            download.outgoing.end().await;
            return Ok(None);
        }
        let page = download.next(false).await.inspect_err(|broken| {
            tracing::warn!(error = %broken, "A download of a report broke off");
        })?;
        Ok::<_, Broken>(Some((Bytes::from(page), (vec![], Some(download)))))
    }))
}

struct Download {
    model: ReadModel,
    /// Its `after` is how far it is.
    query: UsageQuery,
    before: Option<Before>,
    outgoing: Outgoing,
    /// Nothing is left to read.
    ended: bool,
}

/// What breaks a download off.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Report(#[from] ReportFailure),
    #[error(transparent)]
    Csv(#[from] ::csv::Error),
}

impl Download {
    async fn next(&mut self, with_names: bool) -> Result<Vec<u8>, Broken> {
        let report = self.model.usage(&self.query).await?;
        let before = self.before.as_ref().map(|before| before.beside(&report));
        self.query.after = report.next.clone();
        self.ended = report.next.is_none();
        let page = csv::page(&report, before.as_deref(), &self.query, with_names)?;
        self.outgoing.put(&page, u64::try_from(report.rows.len()).unwrap_or(u64::MAX));
        Ok(page)
    }
}
