//! Lists in either form: a page of JSON, or the same page as CSV.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::access::Permission;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use crate::{
    csv::{self, Cell},
    guard::{Allowed, Needs},
    negotiate::{Form, form},
    problem::{Problem, kinds},
    query::Page,
};

/// Where a page of CSV goes on; absent on the last one.
pub(crate) const NEXT_CURSOR: HeaderName = HeaderName::from_static("tollgate-next-cursor");

/// An item that is a line of a table too.
pub(crate) trait Line: Serialize {
    const COLUMNS: &'static [&'static str];

    /// In the order of the columns.
    fn cells(&self) -> Vec<Cell>;
}

/// The form that the caller would rather have. Who takes a table away needs to be allowed to, in whatever scope: it is the page that
/// they may read, and no more (ADR 0027).
pub(crate) fn form_for<P: Needs>(allowed: &Allowed<P>, headers: &HeaderMap) -> Result<Form, Problem> {
    let form = form(headers).ok_or_else(|| Problem::new(kinds::NOT_ACCEPTABLE))?;
    if form == Form::Csv {
        allowed.also(Permission::ReportExport)?;
    }
    Ok(form)
}

/// The page in this form; a table is saved under this name.
pub(crate) fn listed<T: Line>(form: Form, name: &str, page: Page<T>) -> Result<Response, Problem> {
    if form == Form::Json {
        return Ok(Json(page).into_response());
    }
    let Page { items, next_cursor } = page;
    let written = csv::write(T::COLUMNS.iter().copied(), items.iter().map(Line::cells));
    let mut response = csv::answer(name, written)?;
    // Base 64, which any header can carry.
    if let Some(cursor) = next_cursor.and_then(|cursor| HeaderValue::try_from(cursor).ok()) {
        response.headers_mut().insert(NEXT_CURSOR, cursor);
    }
    Ok(response)
}
