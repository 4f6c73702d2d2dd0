//! A usage report as a table, all of it: CSV page by page, as the caller takes it; Parquet at once, within the bounds of an answer.

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use domain::observation::ExportedWhat;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use http::{HeaderValue, header};
use projections::queries::usage::{
    Before, UsageQuery, UsageStore as _,
    csv::{self, Broken, Page},
};

use super::{parquet::ParquetFile, unreported};
use crate::{
    guard::{Allowed, needs::ReportRead},
    observe::Outgoing,
    problem::{Problem, kinds},
    report_files::blocking,
};

/// So many rows are read at once; in tests so few that every table of two has pages.
const ROWS_AT_ONCE: u32 = if cfg!(test) { 1 } else { 20_000 };

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
    let mut pages = Box::pin(csv::pages(model, query, before));
    let first = pages.try_next().await.map_err(|broken| match broken {
        Broken::Report(failure) => unreported(failure),
        other @ (Broken::Csv(_) | Broken::Writer(_)) => Problem::internal(&other),
    })?;
    let pages = stream::iter(first.map(Ok)).chain(pages);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"usage.csv\"")),
    ];
    Ok((headers, streamed(pages, outgoing)).into_response())
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

fn streamed(pages: impl Stream<Item = Result<Page, Broken>> + Send + 'static, outgoing: Outgoing) -> Body {
    let state = (Box::pin(pages), outgoing);
    Body::from_stream(stream::try_unfold(state, async |(mut pages, mut outgoing)| {
        let page = pages.try_next().await.inspect_err(|broken| {
            tracing::warn!(error = %broken, "A download of a report broke off");
        })?;
        let Some(Page { text, rows }) = page else {
            outgoing.end().await;
            return Ok(None);
        };
        outgoing.put(&text, rows);
        Ok::<_, Broken>(Some((Bytes::from(text), (pages, outgoing))))
    }))
}
