//! `GET /v1/reports/usage`

mod onward;
mod view;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{
    ClientId, Environment, KeyId, Name, RouteId, access::Permission, rate_limit_policy::TimeZoneName,
};
use http::HeaderMap;
use jiff::tz::TimeZone;
use projections::queries::usage::{
    self, Granularity, UsageDimension, UsageFilter, UsageQuery, UsageStore as _,
};
use serde::Deserialize;
use utoipa::IntoParams;

use self::onward::Onward;
pub(crate) use self::view::Usage;
use super::{Comparison, Rows, dimensions::Dimensions, download, span, unreported};
use crate::{
    docs::{ReadProblems, UsageReported, form},
    guard::{Allowed, needs::ReportRead},
    negotiate::best,
    problem::{Problem, kinds},
    query::{Cursor, Params, parsed},
    values::Moment,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Rounded down to the minute for a report by minutes, else to the quarter of an hour. Absent: a day before
    /// `until`.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    from: Option<Moment>,
    /// Before then; rounded up likewise. Absent: now.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    until: Option<Moment>,
    /// How long a window is. Days, weeks (from Monday) and months are those of `time_zone`. Absent: `hour`.
    #[param(value_type = form::Granularity, inline, required = false)]
    granularity: Option<Granularity>,
    /// An IANA name. Absent: `UTC`.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, example = "Europe/Berlin")]
    time_zone: Option<TimeZoneName>,
    /// What calls are told apart by: a list of `owner_team`, `client`, `key`, `secret_version`, `route`, `environment`.
    #[serde(default)]
    #[param(value_type = String, required = false, example = "client,route")]
    group_by: Dimensions<UsageDimension>,
    /// `previous`: each item also tells the calls of the same window of the period before, which has as many windows.
    #[param(value_type = form::Comparison, inline, required = false)]
    compare: Option<Comparison>,
    /// The team that owns the client today.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false)]
    owner_team: Option<Name>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::KeyId, inline, required = false)]
    key_id: Option<KeyId>,
    #[param(value_type = u32, required = false, maximum = 4_294_967_295_u32)]
    secret_version: Option<u32>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::RouteId, inline, required = false)]
    route_id: Option<RouteId>,
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
    /// Items of one page of JSON. CSV is not paged.
    #[serde(default)]
    #[param(value_type = u32, minimum = 1, maximum = 10_000, required = false)]
    limit: Rows,
    /// `next_cursor` of the page before, with all else as it was asked then: the page is of the same time as the first, also where no
    /// `from` or `until` was given.
    #[serde(default)]
    #[param(value_type = form::Cursor, inline, required = false)]
    cursor: Cursor,
}

/// Report usage
///
/// As JSON, page by page, as CSV, all of it, or as Parquet (`application/vnd.apache.parquet`), all of it as long as it has no more rows than
/// one answer may have, as `Accept` wishes; what is no JSON needs the permission `report.export` too. Minutes are kept for
/// two days, quarters of an hour for 400, whole days of UTC for five years unless the installation says otherwise: a report of
/// longer ago begins where it has what it is made of, or begins and ends with whole days, and says so in `from` and `until`.
#[utoipa::path(
    get,
    path = "/v1/reports/usage",
    operation_id = "report_usage",
    tag = "reports",
    params(Asked),
    responses(UsageReported<Usage>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("report.read")))
)]
pub(crate) async fn usage(
    allowed: Allowed<ReportRead>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let form = best(&headers, &FORMS).ok_or_else(|| Problem::new(kinds::NOT_ACCEPTABLE))?;
    if form > 0 {
        allowed.also(Permission::ReportExport)?;
    }
    let compare = asked.compare.is_some();
    let query = asked.query(&allowed)?;
    let most = allowed.door().settings().report_rows_max;
    match form {
        0 => {}
        1 => return download::usage(&allowed, query, compare.then_some(most)).await,
        _ if compare => {
            return Err(Problem::because(kinds::QUERY_INVALID, "compare: is told in JSON and CSV alone"));
        }
        _ => return download::parquet(&allowed, UsageQuery { rows_max: most, ..query }).await,
    }
    let model = allowed.read();
    let (report, before) = if compare {
        let compared = usage::report_compared(model, &query, most).await.map_err(unreported)?;
        (compared.report.clone(), Some(compared))
    } else {
        (model.usage(&query).await.map_err(unreported)?, None)
    };
    let corrections = usage::corrections(model, &query).await.map_err(unreported)?;
    Ok(Json(Usage::of(report, before, corrections, &query)).into_response())
}

/// The first where it does not matter.
const FORMS: [(&str, &str); 3] =
    [("application", "json"), ("text", "csv"), ("application", "vnd.apache.parquet")];

impl Asked {
    fn query(self, allowed: &Allowed<ReportRead>) -> Result<UsageQuery, Problem> {
        let onward = self.cursor.place::<Onward>()?;
        // Every page is of the time that the first one was of, also where that was the day before now.
        let of_first = onward.as_ref().map(|Onward { from, until, .. }| (Moment(*from), Moment(*until)));
        let (from, until) = of_first.unzip();
        let (from, until) = span(self.from.or(from), self.until.or(until), allowed.now())?;
        let Dimensions(group_by) = self.group_by;
        Ok(UsageQuery {
            reach: allowed.reach(),
            from,
            until,
            granularity: self.granularity.unwrap_or(Granularity::Hour),
            zone: self.time_zone.map_or(TimeZone::UTC, |name| name.zone()),
            group_by,
            filter: UsageFilter {
                owner_team: self.owner_team,
                client_id: self.client_id,
                key_id: self.key_id,
                secret_version: self.secret_version,
                route_id: self.route_id,
                environment: self.environment,
            },
            after: onward.map(|Onward { after, .. }| after),
            rows_max: self.limit.get(),
        })
    }
}
