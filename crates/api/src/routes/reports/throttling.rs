//! `GET /v1/reports/throttling`

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{
    ClientId, Environment, LimitName, Name, PolicyId, RouteId, Timestamp, observation::ExportedWhat,
};
use http::HeaderMap;
use projections::queries::{
    throttled::{self, ThrottledQuery, ThrottledReport, ThrottledRow},
    usage::UsageFilter,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Rows, span};
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
pub(crate) struct AskedThrottling {
    /// Rounded down to the minute. Absent: a day before `until`.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    from: Option<Moment>,
    /// Before then; rounded up likewise. Absent: now.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    until: Option<Moment>,
    /// The team that owns the client today.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false)]
    owner_team: Option<Name>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::RouteId, inline, required = false)]
    route_id: Option<RouteId>,
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::PolicyId, inline, required = false)]
    policy_id: Option<PolicyId>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false)]
    limit_name: Option<LimitName>,
    #[serde(default)]
    #[param(value_type = u32, minimum = 1, maximum = 10_000, required = false)]
    limit: Rows,
}

/// Who was refused by which limit, those refused most first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Throttling {
    items: Vec<ThrottlingItem>,
    /// Whether there were more than `limit`.
    truncated: bool,
    /// What is counted: from then on …
    from: Timestamp,
    /// … before then.
    until: Timestamp,
    /// Every usage batch of the gateways up to this one is counted.
    batch_no: u64,
}

/// The calls that one limit of one revision of a policy refused to one client on one route. A call that two limits refused is in the
/// items of both.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ThrottlingItem {
    /// Null where there were too many to tell apart.
    #[schema(value_type = Option<String>)]
    client_id: Option<ClientId>,
    /// Null where no route matched, and likewise.
    #[schema(value_type = Option<String>)]
    route_id: Option<RouteId>,
    environment: String,
    #[schema(value_type = String)]
    policy_id: PolicyId,
    policy_name: Option<String>,
    policy_revision: u32,
    /// `rate` or `quota`.
    kind: &'static str,
    #[schema(value_type = String)]
    limit: LimitName,
    /// Refused calls.
    calls: u64,
    first_at: Timestamp,
    last_at: Timestamp,
    /// Since when there was a refusal in each minute up to `last_at`.
    since: Timestamp,
    /// The most minutes on end with a refusal in each.
    longest_minutes: u64,
}

/// Report throttling
///
/// Who was refused by which limit of which policy version, since when, how often and for how long on end. As JSON or CSV, as `Accept`
/// wishes; CSV needs the permission `report.export` too.
#[utoipa::path(
    get,
    path = "/v1/reports/throttling",
    operation_id = "report_throttling",
    tag = "reports",
    params(AskedThrottling),
    responses(Report<Throttling>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("report.read")))
)]
pub(crate) async fn throttling(
    allowed: Allowed<ReportRead>,
    headers: HeaderMap,
    Params(asked): Params<AskedThrottling>,
) -> Result<Response, Problem> {
    let form = form_for(&allowed, &headers)?;
    let query = asked.query(&allowed)?;
    let report = throttled::report(allowed.read(), &query).await;
    let report = Throttling::from(report.map_err(|failure| Problem::unread(&failure))?);
    match form {
        Form::Json => Ok(Json(report).into_response()),
        Form::Csv => {
            let outgoing = Outgoing::begin(&allowed, ExportedWhat::ThrottlingReport, "csv")?;
            csv::exported("throttling", report.items.len(), report.written(), outgoing).await
        }
    }
}

impl AskedThrottling {
    fn query(self, allowed: &Allowed<ReportRead>) -> Result<ThrottledQuery, Problem> {
        let (from, until) = span(self.from, self.until, allowed.now())?;
        let filter = UsageFilter {
            owner_team: self.owner_team,
            client_id: self.client_id,
            route_id: self.route_id,
            environment: self.environment,
            ..UsageFilter::default()
        };
        Ok(ThrottledQuery {
            from,
            until,
            filter,
            policy_id: self.policy_id,
            limit: self.limit_name,
            rows_max: self.limit.get(),
            reach: allowed.reach(),
        })
    }
}

const COLUMNS: [&str; 17] = [
    "window_start",
    "window_end",
    "client_id",
    "route_id",
    "environment",
    "policy_id",
    "policy_name",
    "policy_revision",
    "kind",
    "limit",
    "calls",
    "first_at",
    "last_at",
    "since",
    "longest_minutes",
    "time_zone",
    "batch_no",
];

impl Throttling {
    fn written(&self) -> Result<Vec<u8>, ::csv::Error> {
        csv::write(COLUMNS, self.items.iter().map(|item| self.cells(item)))
    }

    fn cells(&self, item: &ThrottlingItem) -> Vec<Cell> {
        let ThrottlingItem {
            client_id, route_id, environment, policy_id, policy_name, policy_revision, ..
        } = item;
        let ThrottlingItem { kind, limit, calls, first_at, last_at, since, longest_minutes, .. } = item;
        vec![
            Cell::text(self.from),
            Cell::text(self.until),
            Cell::text_or_empty(*client_id),
            Cell::text_or_empty(*route_id),
            Cell::text(environment),
            Cell::text(policy_id),
            Cell::text_or_empty(policy_name.as_deref()),
            Cell::number(policy_revision),
            Cell::text(kind),
            Cell::text(limit),
            Cell::number(calls),
            Cell::text(first_at),
            Cell::text(last_at),
            Cell::text(since),
            Cell::number(longest_minutes),
            Cell::text("UTC"),
            Cell::number(self.batch_no),
        ]
    }
}

impl From<ThrottledReport> for Throttling {
    fn from(report: ThrottledReport) -> Self {
        let ThrottledReport { from, until, batch_no, rows, truncated } = report;
        Self { items: rows.into_iter().map(ThrottlingItem::from).collect(), truncated, from, until, batch_no }
    }
}

impl From<ThrottledRow> for ThrottlingItem {
    fn from(row: ThrottledRow) -> Self {
        Self {
            client_id: row.client_id,
            route_id: row.route_id,
            environment: row.environment.to_string(),
            policy_id: row.policy_id,
            policy_name: row.policy_name,
            policy_revision: row.policy_revision,
            kind: row.kind.as_str(),
            limit: row.limit,
            calls: row.calls,
            first_at: row.first_at,
            last_at: row.last_at,
            since: row.since,
            longest_minutes: row.longest_minutes,
        }
    }
}
