//! `GET /v1/reports/shadow`

use std::collections::BTreeSet;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{ClientId, Environment, LimitName, PolicyId, RouteId, Timestamp, observation::ExportedWhat};
use http::HeaderMap;
use projections::queries::{
    shadow::{self, ShadowDimension, ShadowQuery, ShadowReport, ShadowRow},
    usage::Granularity,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{dimensions::Dimensions, span, unreported};
use crate::{
    csv::{self, Cell},
    docs::{ReadProblems, WholeReport, form},
    guard::{Allowed, needs::ReportRead},
    listing::form_for,
    negotiate::Form,
    observe::Outgoing,
    problem::{Problem, kinds},
    query::{Params, parsed},
    values::Moment,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AskedShadow {
    /// Rounded down to the quarter of an hour. Absent: a day before `until`.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    from: Option<Moment>,
    /// Before then; rounded up likewise. Absent: now.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    until: Option<Moment>,
    /// How long a window is; days begin at midnight UTC. Nothing finer than quarters of an hour is kept. Absent: `total`.
    #[param(value_type = form::Granularity, inline, required = false)]
    granularity: Option<Granularity>,
    /// What calls are told apart by: a list of `policy`, `revision`, `limit`, `client`, `route`, `environment`. By `limit`,
    /// a call that several limits would have refused is counted for each of them. Absent: `policy,revision`.
    #[param(value_type = String, required = false, pattern = "^(policy|revision|limit|client|route|environment)(,(policy|revision|limit|client|route|environment))*$", example = "policy,limit,client")]
    group_by: Option<Dimensions<ShadowDimension>>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::PolicyId, inline, required = false)]
    policy_id: Option<PolicyId>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::RouteId, inline, required = false)]
    route_id: Option<RouteId>,
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
}

/// What policies in shadow would have refused, by window and by what was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Shadow {
    /// By window, then by the dimensions. A window without calls has no item.
    items: Vec<ShadowItem>,
    /// What is counted: from then on …
    from: Timestamp,
    /// … before then.
    until: Timestamp,
    /// Every usage batch of the gateways up to this one is counted.
    batch_no: u64,
}

/// The calls of one window. A dimension is null where it was not asked for; the route also where none matched.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShadowItem {
    window_start: Timestamp,
    window_end: Timestamp,
    #[schema(value_type = Option<String>)]
    policy_id: Option<PolicyId>,
    policy_revision: Option<u32>,
    #[schema(value_type = Option<String>)]
    limit: Option<LimitName>,
    #[schema(value_type = Option<String>)]
    client_id: Option<ClientId>,
    #[schema(value_type = Option<String>)]
    route_id: Option<RouteId>,
    environment: Option<String>,
    /// Allowed calls that the policy was asked about.
    calls: u64,
    /// Those of them that it would have refused, were it enforced.
    refused: u64,
}

/// Report on shadow policies
///
/// What policies in shadow would have refused of the calls that were allowed. As JSON or CSV, as `Accept` wishes; CSV
/// needs the permission `report.export` too.
#[utoipa::path(
    get,
    path = "/v1/reports/shadow",
    operation_id = "report_shadow",
    tag = "reports",
    params(AskedShadow),
    responses(WholeReport<Shadow>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("report.read")))
)]
pub(crate) async fn shadow(
    allowed: Allowed<ReportRead>,
    headers: HeaderMap,
    Params(asked): Params<AskedShadow>,
) -> Result<Response, Problem> {
    let form = form_for(&allowed, &headers)?;
    let query = asked.query(&allowed)?;
    let report = shadow::report(allowed.read(), &query).await.map_err(unreported)?;
    if report.truncated {
        return Err(Problem::new(kinds::REPORT_TOO_LARGE).with("rows_max", query.rows_max));
    }
    match form {
        Form::Json => Ok(Json(Shadow::from(report)).into_response()),
        Form::Csv => {
            let outgoing = Outgoing::begin(&allowed, ExportedWhat::ShadowReport, "csv")?;
            csv::exported("shadow", report.rows.len(), written(&report.rows, &query.group_by), outgoing).await
        }
    }
}

impl AskedShadow {
    fn query(self, allowed: &Allowed<ReportRead>) -> Result<ShadowQuery, Problem> {
        let (from, until) = span(self.from, self.until, allowed.now())?;
        let usual = || [ShadowDimension::Policy, ShadowDimension::Revision].into();
        Ok(ShadowQuery {
            reach: allowed.reach(),
            from,
            until,
            granularity: self.granularity.unwrap_or(Granularity::Total),
            group_by: self.group_by.map_or_else(usual, |Dimensions(group_by)| group_by),
            policy_id: self.policy_id,
            client_id: self.client_id,
            route_id: self.route_id,
            environment: self.environment,
            rows_max: allowed.door().settings().report_rows_max,
        })
    }
}

/// The report with a line of names, a column for each dimension asked for, and the counts.
fn written(rows: &[ShadowRow], group_by: &BTreeSet<ShadowDimension>) -> Result<Vec<u8>, ::csv::Error> {
    let dimensions = group_by.iter().map(|dimension| column(*dimension));
    let names = ["window_start", "window_end"].into_iter().chain(dimensions).chain(["calls", "refused"]);
    let cells = |row: &ShadowRow| {
        let windows = [row.window_start, row.window_end].map(Cell::text);
        let named = group_by.iter().map(|dimension| cell(row, *dimension));
        let counts = [row.calls, row.refused].map(Cell::number);
        windows.into_iter().chain(named).chain(counts).collect()
    };
    csv::write(names, rows.iter().map(cells))
}

fn column(dimension: ShadowDimension) -> &'static str {
    match dimension {
        ShadowDimension::Policy => "policy_id",
        ShadowDimension::Revision => "policy_revision",
        ShadowDimension::Limit => "limit",
        ShadowDimension::Client => "client_id",
        ShadowDimension::Route => "route_id",
        ShadowDimension::Environment => "environment",
    }
}

fn cell(row: &ShadowRow, dimension: ShadowDimension) -> Cell {
    match dimension {
        ShadowDimension::Policy => Cell::text_or_empty(row.policy_id),
        ShadowDimension::Revision => row.policy_revision.map_or(Cell::Empty, Cell::number),
        ShadowDimension::Limit => Cell::text_or_empty(row.limit.as_ref()),
        ShadowDimension::Client => Cell::text_or_empty(row.client_id),
        ShadowDimension::Route => Cell::text_or_empty(row.route_id),
        ShadowDimension::Environment => Cell::text_or_empty(row.environment.as_deref()),
    }
}

impl From<ShadowReport> for Shadow {
    fn from(report: ShadowReport) -> Self {
        let ShadowReport { from, until, batch_no, rows, truncated: _ } = report;
        Self { items: rows.into_iter().map(ShadowItem::from).collect(), from, until, batch_no }
    }
}

impl From<ShadowRow> for ShadowItem {
    fn from(row: ShadowRow) -> Self {
        Self {
            window_start: row.window_start,
            window_end: row.window_end,
            policy_id: row.policy_id,
            policy_revision: row.policy_revision,
            limit: row.limit,
            client_id: row.client_id,
            route_id: row.route_id,
            environment: row.environment,
            calls: row.calls,
            refused: row.refused,
        }
    }
}
