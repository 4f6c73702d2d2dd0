//! `/v1/reports`

pub(crate) mod addresses;
mod dimensions;
mod download;
mod exports;
pub(crate) mod parquet;
pub(crate) mod quotas;
pub(crate) mod reconciliation;
pub(crate) mod shadow;
pub(crate) mod throttling;
pub(crate) mod top_endpoints;
pub(crate) mod usage;

use domain::{InvalidValue, Timestamp};
use jiff::SignedDuration;
use projections::queries::usage::ReportFailure;
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    guard::Door,
    problem::{Problem, kinds},
    values::Moment,
};

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(usage::usage))
        .routes(routes!(top_endpoints::top_endpoints))
        .routes(routes!(addresses::addresses))
        .routes(routes!(throttling::throttling))
        .routes(routes!(quotas::quotas))
        .routes(routes!(shadow::shadow))
        .routes(routes!(reconciliation::reconcile_usage))
        .routes(routes!(exports::create_report_export))
        .routes(routes!(exports::file::download_report_export))
}

/// What is reported on unless said.
const SPAN_DEFAULT: SignedDuration = SignedDuration::from_hours(24);

/// The time that a report is about: the day before now unless said.
fn span(
    from: Option<Moment>,
    until: Option<Moment>,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), Problem> {
    let until = until.map_or(now, |Moment(time)| time);
    let day_before = until.checked_sub(SPAN_DEFAULT).unwrap_or(Timestamp::MIN);
    let from = from.map_or(day_before, |Moment(time)| time);
    if from >= until {
        return Err(Problem::because(kinds::QUERY_INVALID, "from: must be before `until`"));
    }
    Ok((from, until))
}

fn unreported(failure: ReportFailure) -> Problem {
    match failure {
        ReportFailure::TooManyWindows(too_many) => {
            Problem::because(kinds::QUERY_INVALID, too_many.to_string())
        }
        ReportFailure::Read(failure) => Problem::unread(&failure),
    }
}

/// What a report is put beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Comparison {
    Previous,
}

/// How many items a report has at most, of one page where it has pages: 1 to 10,000, 1,000 unless given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub(crate) struct Rows(u32);

const ROWS_DEFAULT: u32 = 1_000;
const ROWS_MAX: u32 = 10_000;

impl Rows {
    pub(crate) fn get(self) -> u32 {
        self.0
    }
}

impl Default for Rows {
    fn default() -> Self {
        Self(ROWS_DEFAULT)
    }
}

impl TryFrom<u32> for Rows {
    type Error = InvalidValue;
    fn try_from(limit: u32) -> Result<Self, InvalidValue> {
        if (1..=ROWS_MAX).contains(&limit) {
            Ok(Self(limit))
        } else {
            Err(InvalidValue::expected("limit must be a whole number from 1 to 10,000"))
        }
    }
}
