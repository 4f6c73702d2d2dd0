//! Tables as CSV, as an answer.

use axum::response::{IntoResponse, Response};
use http::header;
pub(crate) use projections::csv::{Cell, lines, write};

use crate::{observe::Outgoing, problem::Problem};

/// The same, and on record as taken out.
pub(crate) async fn exported(
    name: &str,
    rows: usize,
    written: Result<Vec<u8>, csv::Error>,
    mut outgoing: Outgoing,
) -> Result<Response, Problem> {
    if let Ok(body) = &written {
        outgoing.put(body, u64::try_from(rows).unwrap_or(u64::MAX));
        outgoing.end().await;
    }
    answer(name, written)
}

/// An answer that is saved under this name.
pub(crate) fn answer(name: &str, written: Result<Vec<u8>, csv::Error>) -> Result<Response, Problem> {
    let body = written.map_err(|failure| Problem::internal(&failure))?;
    let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned());
    let name = (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\""));
    Ok(([kind, name], body).into_response())
}
