//! `GET /v1/reports/usage`

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{ClientId, Environment, KeyId, RouteId, Timestamp, observation::ExportedWhat};
use http::HeaderMap;
use jiff::SignedDuration;
use projections::queries::usage::{self, Granularity, UsageDimension, UsageQuery, UsageReport, UsageRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{csv, dimensions::Dimensions};
use crate::{
    docs::{ReadProblems, Report, form},
    guard::{Allowed, needs::ReportRead},
    listing::form_for,
    negotiate::Form,
    observe::Outgoing,
    problem::{Problem, kinds},
    query::{Params, parsed},
    values::Moment,
};

/// What is reported on unless said.
const SPAN_DEFAULT: SignedDuration = SignedDuration::from_hours(24);

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
    /// How long a window is; days begin at midnight UTC. Absent: `hour`.
    #[param(value_type = form::Granularity, inline, required = false)]
    granularity: Option<Granularity>,
    /// What calls are told apart by: a list of `client`, `key`, `secret_version`, `route`, `environment`.
    #[serde(default)]
    #[param(value_type = String, required = false, example = "client,route")]
    group_by: Dimensions<UsageDimension>,
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
}

/// Calls by window and by what was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Usage {
    /// By window, then by the dimensions. A window without calls has no item.
    items: Vec<UsageItem>,
    /// What is counted: from then on …
    from: Timestamp,
    /// … before then.
    until: Timestamp,
    #[schema(value_type = form::Granularity, inline)]
    granularity: Granularity,
    /// Every usage batch of the gateways up to this one is counted.
    batch_no: u64,
}

/// The calls of one window. A dimension is null where it was not asked for, and where the calls had none: an
/// unproven secret has no client, an unmatched path no route.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageItem {
    window_start: Timestamp,
    window_end: Timestamp,
    #[schema(value_type = Option<String>)]
    client_id: Option<ClientId>,
    #[schema(value_type = Option<String>)]
    key_id: Option<KeyId>,
    secret_version: Option<u32>,
    #[schema(value_type = Option<String>)]
    route_id: Option<RouteId>,
    environment: Option<String>,
    allowed: u64,
    rate_limited: u64,
    quota_exceeded: u64,
    unauthenticated: u64,
    forbidden: u64,
    total: u64,
}

/// Report usage
///
/// As JSON or CSV, as `Accept` wishes; CSV needs the permission `report.export` too.
#[utoipa::path(
    get,
    path = "/v1/reports/usage",
    operation_id = "report_usage",
    tag = "reports",
    params(Asked),
    responses(Report<Usage>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("report.read")))
)]
pub(crate) async fn usage(
    allowed: Allowed<ReportRead>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let form = form_for(&allowed, &headers)?;
    let query = asked.query(&allowed)?;
    let report = usage::report(allowed.read(), &query).await.map_err(|failure| Problem::unread(&failure))?;
    if report.truncated {
        return Err(Problem::new(kinds::REPORT_TOO_LARGE).with("rows_max", query.rows_max));
    }
    match form {
        Form::Json => Ok(Json(Usage::of(report, query.granularity)).into_response()),
        Form::Csv => {
            let outgoing = Outgoing::begin(&allowed, ExportedWhat::UsageReport, "csv")?;
            let written = csv::write(&report.rows, &query.group_by);
            crate::csv::exported("usage", report.rows.len(), written, outgoing).await
        }
    }
}

/// The time that a report is about: the day before now unless said.
pub(super) fn span(
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

impl Asked {
    fn query(self, allowed: &Allowed<ReportRead>) -> Result<UsageQuery, Problem> {
        let (from, until) = span(self.from, self.until, allowed.now())?;
        let Dimensions(group_by) = self.group_by;
        Ok(UsageQuery {
            reach: allowed.reach(),
            from,
            until,
            granularity: self.granularity.unwrap_or(Granularity::Hour),
            group_by,
            client_id: self.client_id,
            key_id: self.key_id,
            secret_version: self.secret_version,
            route_id: self.route_id,
            environment: self.environment,
            rows_max: allowed.door().settings().report_rows_max,
        })
    }
}

impl Usage {
    fn of(report: UsageReport, granularity: Granularity) -> Self {
        let UsageReport { from, until, batch_no, rows, truncated: _ } = report;
        Self { items: rows.into_iter().map(UsageItem::from).collect(), from, until, granularity, batch_no }
    }
}

impl From<UsageRow> for UsageItem {
    fn from(row: UsageRow) -> Self {
        Self {
            window_start: row.window_start,
            window_end: row.window_end,
            client_id: row.client_id,
            key_id: row.key_id,
            secret_version: row.secret_version,
            route_id: row.route_id,
            environment: row.environment,
            allowed: row.allowed,
            rate_limited: row.rate_limited,
            quota_exceeded: row.quota_exceeded,
            unauthenticated: row.unauthenticated,
            forbidden: row.forbidden,
            total: row.total,
        }
    }
}
