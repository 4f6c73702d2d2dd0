//! `GET /v1/reports/quotas`

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{
    ClientId, Environment, KeyId, LimitName, PolicyId, RouteId, Timestamp, observation::ExportedWhat,
};
use http::HeaderMap;
use projections::queries::{
    quota_levels::{LevelRow, forecast},
    quotas::{self, QuotasQuery},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Rows;
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
pub(crate) struct AskedQuotas {
    /// Windows that this moment lies in, as far as they are kept: forty windows, forty days at most. Absent: now.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    at: Option<Moment>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::PolicyId, inline, required = false)]
    policy_id: Option<PolicyId>,
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
    #[serde(default)]
    #[param(value_type = u32, minimum = 1, maximum = 10_000, required = false)]
    limit: Rows,
}

/// Calendar quotas and how much of each is used, those used most, as a part of what they allow, first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Quotas {
    items: Vec<QuotaItem>,
    /// Whether there were more than `limit`.
    truncated: bool,
    at: Timestamp,
    /// Every usage batch of the gateways up to this one is counted.
    batch_no: u64,
}

/// One quota of one of those who are counted apart, in one window. Each gateway is at most a thousandth of the limit, or a minute or two,
/// behind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuotaItem {
    #[schema(value_type = String)]
    policy_id: PolicyId,
    policy_name: Option<String>,
    policy_revision: u32,
    #[schema(value_type = String)]
    limit: LimitName,
    environment: String,
    /// `client`, `key` or `shared`: whose calls are counted together.
    counting: &'static str,
    #[schema(value_type = Option<String>)]
    client_id: Option<ClientId>,
    #[schema(value_type = Option<String>)]
    key_id: Option<KeyId>,
    #[schema(value_type = Option<String>)]
    route_id: Option<RouteId>,
    window_start: Timestamp,
    window_end: Timestamp,
    used: u64,
    allowed: u64,
    /// Rounded down.
    used_percent: u64,
    /// When it will be used up, should calls go on as they did since the window began; null where that is not within the window, or too
    /// little is known.
    used_up_at: Option<Timestamp>,
}

/// Report the use of quotas
///
/// How much of each calendar quota is used in the windows that now, or a moment before, lies in, and when it will be used up. Rolling quotas
/// have no windows and are not told of. As JSON or CSV, as `Accept` wishes; CSV needs the permission `report.export` too.
#[utoipa::path(
    get,
    path = "/v1/reports/quotas",
    operation_id = "report_quotas",
    tag = "reports",
    params(AskedQuotas),
    responses(Report<Quotas>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("report.read")))
)]
pub(crate) async fn quotas(
    allowed: Allowed<ReportRead>,
    headers: HeaderMap,
    Params(asked): Params<AskedQuotas>,
) -> Result<Response, Problem> {
    let form = form_for(&allowed, &headers)?;
    let at = asked.at.map_or_else(|| allowed.now(), |Moment(at)| at);
    let query = QuotasQuery {
        at,
        client_id: asked.client_id,
        policy_id: asked.policy_id,
        environment: asked.environment,
        rows_max: asked.limit.get(),
        reach: allowed.reach(),
    };
    let report = quotas::report(allowed.read(), &query).await;
    let report = report.map_err(|failure| Problem::unread(&failure))?;
    let items = report.rows.into_iter().map(|row| QuotaItem::of(row, at)).collect();
    let report = Quotas { items, truncated: report.truncated, at, batch_no: report.batch_no };
    match form {
        Form::Json => Ok(Json(report).into_response()),
        Form::Csv => {
            let outgoing = Outgoing::begin(&allowed, ExportedWhat::QuotasReport, "csv")?;
            csv::exported("quotas", report.items.len(), report.written(), outgoing).await
        }
    }
}

const COLUMNS: [&str; 16] = [
    "window_start",
    "window_end",
    "policy_id",
    "policy_name",
    "policy_revision",
    "limit",
    "environment",
    "counting",
    "client_id",
    "key_id",
    "route_id",
    "used",
    "allowed",
    "used_percent",
    "used_up_at",
    "batch_no",
];

impl Quotas {
    fn written(&self) -> Result<Vec<u8>, ::csv::Error> {
        csv::write(COLUMNS, self.items.iter().map(|item| item.cells(self.batch_no)))
    }
}

impl QuotaItem {
    fn of(row: LevelRow, at: Timestamp) -> Self {
        let LevelRow { window_start, window_end, used, allowed, .. } = row;
        Self {
            policy_id: row.policy_id,
            policy_name: row.policy_name,
            policy_revision: row.policy_revision,
            limit: row.limit,
            environment: row.environment.to_string(),
            counting: row.counting.as_str(),
            client_id: row.client_id,
            key_id: row.key_id,
            route_id: row.route_id,
            window_start,
            window_end,
            used,
            allowed,
            used_percent: used.saturating_mul(100).checked_div(allowed).unwrap_or(100),
            used_up_at: forecast(used, allowed, window_start, window_end, at),
        }
    }

    fn cells(&self, batch_no: u64) -> Vec<Cell> {
        let Self { policy_id, policy_name, policy_revision, limit, environment, counting, .. } = self;
        let Self { client_id, key_id, route_id, window_start, window_end, used, allowed, .. } = self;
        vec![
            Cell::text(window_start),
            Cell::text(window_end),
            Cell::text(policy_id),
            Cell::text_or_empty(policy_name.as_deref()),
            Cell::number(policy_revision),
            Cell::text(limit),
            Cell::text(environment),
            Cell::text(counting),
            Cell::text_or_empty(*client_id),
            Cell::text_or_empty(*key_id),
            Cell::text_or_empty(*route_id),
            Cell::number(used),
            Cell::number(allowed),
            Cell::number(self.used_percent),
            Cell::text_or_empty(self.used_up_at),
            Cell::number(batch_no),
        ]
    }
}
