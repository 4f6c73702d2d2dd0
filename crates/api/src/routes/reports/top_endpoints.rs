//! `GET /v1/reports/top-endpoints`

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{ClientId, Environment, Name, RouteId, Timestamp, observation::ExportedWhat, usage::Durations};
use http::HeaderMap;
use projections::queries::{
    endpoints::{self, EndpointRow, EndpointsQuery, EndpointsReport, TopBy},
    usage::UsageFilter,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Rows, span, unreported};
use crate::{
    csv::{self, Cell},
    docs::{ReadProblems, Report, form},
    guard::{Allowed, needs::ReportRead},
    listing::form_for,
    negotiate::Form,
    observe::Outgoing,
    problem::Problem,
    query::{Params, parsed},
    values::Moment,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AskedTop {
    /// Rounded down to the quarter of an hour. Absent: a day before `until`.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    from: Option<Moment>,
    /// Before then; rounded up likewise. Absent: now.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    until: Option<Moment>,
    /// The most of what: `calls`, `errors` (answers of 5xx), `latency` (within which 95 of 100 calls were done), `throttling` (calls
    /// refused by limits) or `clients`. Absent: `calls`.
    #[param(value_type = form::TopBy, inline, required = false)]
    by: Option<TopBy>,
    /// The team that owns the client today.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false)]
    owner_team: Option<Name>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
    #[serde(default)]
    #[param(value_type = u32, minimum = 1, maximum = 10_000, required = false)]
    limit: Rows,
}

/// Endpoints, those with most of what was asked for first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TopEndpoints {
    items: Vec<EndpointItem>,
    /// How many endpoints were called, those without an item too.
    endpoints: u64,
    /// What is counted: from then on …
    from: Timestamp,
    /// … before then.
    until: Timestamp,
    /// Every usage batch of the gateways up to this one is counted.
    batch_no: u64,
}

/// One endpoint: a route, or all paths that no route matched.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndpointItem {
    #[schema(value_type = Option<String>)]
    route_id: Option<RouteId>,
    name: Option<String>,
    allowed: u64,
    rate_limited: u64,
    quota_exceeded: u64,
    unauthenticated: u64,
    forbidden: u64,
    total: u64,
    /// Distinct clients with a genuine secret.
    clients: u64,
    answers: AnswerCounts,
}

/// What the proxy's access log told of calls: nothing where it is not sent here, and not of each call where the gateway was away.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnswerCounts {
    total: u64,
    #[serde(rename = "2xx")]
    success: u64,
    #[serde(rename = "3xx")]
    redirection: u64,
    #[serde(rename = "4xx")]
    client_error: u64,
    #[serde(rename = "5xx")]
    server_error: u64,
    /// The upstream could not be reached, broke off or did not answer in time.
    upstream_errors: u64,
    request_bytes: u64,
    response_bytes: u64,
    /// Null where there were none, like the quantiles, which are read from a histogram and off by a fifth at most.
    mean_us: Option<u64>,
    p50_us: Option<u64>,
    p95_us: Option<u64>,
    p99_us: Option<u64>,
}

/// Report top endpoints
///
/// By calls, errors, latency, throttling or clients, each with what became of its calls. As JSON or CSV, as `Accept` wishes; CSV needs
/// the permission `report.export` too.
#[utoipa::path(
    get,
    path = "/v1/reports/top-endpoints",
    operation_id = "report_top_endpoints",
    tag = "reports",
    params(AskedTop),
    responses(Report<TopEndpoints>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("report.read")))
)]
pub(crate) async fn top_endpoints(
    allowed: Allowed<ReportRead>,
    headers: HeaderMap,
    Params(asked): Params<AskedTop>,
) -> Result<Response, Problem> {
    let form = form_for(&allowed, &headers)?;
    let query = asked.query(&allowed)?;
    let report = endpoints::report(allowed.read(), &query).await.map_err(unreported)?;
    let report = TopEndpoints::from(report);
    match form {
        Form::Json => Ok(Json(report).into_response()),
        Form::Csv => {
            let outgoing = Outgoing::begin(&allowed, ExportedWhat::EndpointsReport, "csv")?;
            csv::exported("top-endpoints", report.items.len(), report.written(), outgoing).await
        }
    }
}

impl AskedTop {
    fn query(self, allowed: &Allowed<ReportRead>) -> Result<EndpointsQuery, Problem> {
        let (from, until) = span(self.from, self.until, allowed.now())?;
        let filter = UsageFilter {
            owner_team: self.owner_team,
            client_id: self.client_id,
            environment: self.environment,
            ..UsageFilter::default()
        };
        let by = self.by.unwrap_or(TopBy::Calls);
        Ok(EndpointsQuery { from, until, filter, by, rows_max: self.limit.get(), reach: allowed.reach() })
    }
}

const COLUMNS: [&str; 26] = [
    "window_start",
    "window_end",
    "route_id",
    "name",
    "allowed",
    "rate_limited",
    "quota_exceeded",
    "unauthenticated",
    "forbidden",
    "total",
    "clients",
    "answers",
    "answers_2xx",
    "answers_3xx",
    "answers_4xx",
    "answers_5xx",
    "upstream_errors",
    "request_bytes",
    "response_bytes",
    "mean_us",
    "p50_us",
    "p95_us",
    "p99_us",
    "time_zone",
    "batch_no",
    "endpoints",
];

impl TopEndpoints {
    fn written(&self) -> Result<Vec<u8>, ::csv::Error> {
        csv::write(COLUMNS, self.items.iter().map(|item| self.cells(item)))
    }

    fn cells(&self, item: &EndpointItem) -> Vec<Cell> {
        let EndpointItem { route_id, name, allowed, rate_limited, quota_exceeded, unauthenticated, .. } =
            item;
        let calls = [*allowed, *rate_limited, *quota_exceeded, *unauthenticated, item.forbidden, item.total];
        let AnswerCounts { total, success, redirection, client_error, server_error, .. } = item.answers;
        let AnswerCounts { upstream_errors, request_bytes, response_bytes, .. } = item.answers;
        let AnswerCounts { mean_us, p50_us, p95_us, p99_us, .. } = item.answers;
        let answers = [total, success, redirection, client_error, server_error, upstream_errors];
        let answers = answers.into_iter().chain([request_bytes, response_bytes]);
        let times = [mean_us, p50_us, p95_us, p99_us];
        let mut cells = vec![Cell::text(self.from), Cell::text(self.until)];
        cells.extend([Cell::text_or_empty(*route_id), Cell::text_or_empty(name.as_deref())]);
        cells.extend(calls.into_iter().chain([item.clients]).chain(answers).map(Cell::number));
        cells.extend(times.map(|time| time.map_or(Cell::Empty, Cell::number)));
        cells.extend([Cell::text("UTC"), Cell::number(self.batch_no), Cell::number(self.endpoints)]);
        cells
    }
}

impl From<EndpointsReport> for TopEndpoints {
    fn from(report: EndpointsReport) -> Self {
        let EndpointsReport { from, until, batch_no, rows, endpoints } = report;
        let items = rows.into_iter().map(EndpointItem::from).collect();
        Self { items, endpoints: u64::try_from(endpoints).unwrap_or(u64::MAX), from, until, batch_no }
    }
}

impl From<EndpointRow> for EndpointItem {
    fn from(row: EndpointRow) -> Self {
        Self {
            route_id: row.route_id,
            name: row.name,
            allowed: row.calls.allowed,
            rate_limited: row.calls.rate_limited,
            quota_exceeded: row.calls.quota_exceeded,
            unauthenticated: row.calls.unauthenticated,
            forbidden: row.calls.forbidden,
            total: row.calls.total,
            clients: row.clients,
            answers: row.answers.into(),
        }
    }
}

impl From<endpoints::Answers> for AnswerCounts {
    fn from(answers: endpoints::Answers) -> Self {
        let of = |durations: &Durations, per_mille| durations.quantile_us(per_mille);
        Self {
            total: answers.calls,
            success: answers.success,
            redirection: answers.redirection,
            client_error: answers.client_error,
            server_error: answers.server_error,
            upstream_errors: answers.upstream_errors,
            request_bytes: answers.request_bytes,
            response_bytes: answers.response_bytes,
            mean_us: answers.duration_us.checked_div(answers.calls),
            p50_us: of(&answers.durations, 500),
            p95_us: of(&answers.durations, 950),
            p99_us: of(&answers.durations, 990),
        }
    }
}
