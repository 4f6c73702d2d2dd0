//! `POST /v1/reports/exports`

pub(super) mod file;

use std::collections::BTreeSet;

use axum::response::Response;
use domain::{
    ClientId, Environment, KeyId, Name, OperationId, RouteId,
    access::Reach,
    operation::{ExportFormat, ExportPlan, ExportedReport, OperationKind, Work},
    rate_limit_policy::TimeZoneName,
};
use http::StatusCode;
use projections::{
    OperationStatus,
    queries::{
        Page,
        operations::{self, OperationFilter},
        usage::{self, Granularity, UsageDimension},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::span;
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{Created, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    guard::needs::ReportExport,
    problem::{Problem, kinds},
    routes::{keys::bulk::plan, operations::view::OperationView},
    values::Moment,
    worker::{STRETCHES_MAX, export_query},
};

/// Reports that are waited for or written at once, in the whole installation …
const UNDERWAY_MAX: u32 = 16;
/// … and of one principal.
const OWN_MAX: u32 = 4;

/// Which report, and how it is written.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewReportExport {
    #[schema(value_type = form::ExportedReport, inline)]
    report: ExportedReport,
    #[schema(value_type = form::ExportFormat, inline)]
    format: ExportFormat,
    /// As in the report; absent: a day before `until`.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Moment>,
    /// Absent: now.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Moment>,
    /// Absent: `hour`.
    #[schema(value_type = Option<form::Granularity>, inline)]
    granularity: Option<Granularity>,
    /// An IANA name. Absent: `UTC`.
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    time_zone: Option<TimeZoneName>,
    /// What calls are told apart by.
    #[serde(default)]
    #[schema(value_type = Vec<form::UsageDimension>, inline, required = false)]
    group_by: BTreeSet<UsageDimension>,
    /// The team that owns the client when the report is written.
    #[schema(value_type = Option<form::Name>, inline)]
    owner_team: Option<Name>,
    #[schema(value_type = Option<form::ClientId>, inline)]
    client_id: Option<ClientId>,
    #[schema(value_type = Option<form::KeyId>, inline)]
    key_id: Option<KeyId>,
    #[schema(maximum = 4_294_967_295_u32)]
    secret_version: Option<u32>,
    #[schema(value_type = Option<form::RouteId>, inline)]
    route_id: Option<RouteId>,
    #[schema(value_type = Option<form::Environment>, inline)]
    environment: Option<Environment>,
}

type ExportAsk = Ask<ReportExport>;

/// Write a report to a file
///
/// For reports that are too large to be waited for: answers an operation that writes it, stretch by stretch. How far it is, and
/// the file's rows, bytes and SHA-256 once it is whole, are shown by the operation; the file is kept for 24 hours by the node that
/// wrote it. It says what is in reach of `report.export` when it is ordered.
#[utoipa::path(
    post,
    path = "/v1/reports/exports",
    operation_id = "create_report_export",
    tag = "reports",
    params(WriteHeaders),
    request_body = NewReportExport,
    responses(Created<OperationView>, WriteProblems),
    extensions(("x-tollgate-permission" = json!("report.export")))
)]
pub(crate) async fn create_report_export(ask: ExportAsk) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, OperationView>(&ask, effect, StatusCode::CREATED).await
}

async fn fresh(ask: &ExportAsk) -> Result<Effect<OperationId>, Instead> {
    ask.check_seen(0)?;
    let order = ask.body::<NewReportExport>()?.plan(ask)?;
    let query = export_query(&order).map_err(|failure| Problem::internal(&failure))?;
    let stretches = usage::stretches(&query, STRETCHES_MAX);
    let stretches = stretches.map_err(|too_many| {
        Problem::because(kinds::BODY_INVALID, too_many.to_string()).with("pointer", "/granularity")
    })?;
    check_room(ask).await?;
    let stretches = u32::try_from(stretches.len()).unwrap_or(u32::MAX);
    plan(ask, Work::Export { plan: order, stretches }, None, Said::because(None)).await
}

/// Refuses where as many are under way as may be.
async fn check_room(ask: &ExportAsk) -> Result<(), Problem> {
    let mut all: usize = 0;
    let mut own: usize = 0;
    for status in [OperationStatus::Planned, OperationStatus::Running] {
        let filter = OperationFilter {
            status: Some(status),
            kind: Some(OperationKind::ExportReport.as_str().to_owned()),
            ordered_by: None,
        };
        let page = Page { after: None, limit: UNDERWAY_MAX };
        let rows = operations::list(ask.read(), &filter, &page).await;
        let rows = rows.map_err(|failure| Problem::unread(&failure))?;
        all = all.saturating_add(rows.len());
        own = own.saturating_add(rows.iter().filter(|row| row.ordered_by == ask.principal().id).count());
    }
    let full = |count: usize, max: u32| u32::try_from(count).unwrap_or(u32::MAX) >= max;
    if full(all, UNDERWAY_MAX) || full(own, OWN_MAX) {
        return Err(Problem::new(kinds::EXPORTS_BUSY));
    }
    Ok(())
}

impl NewReportExport {
    fn plan(self, ask: &ExportAsk) -> Result<ExportPlan, Problem> {
        let (from, until) = span(self.from, self.until, ask.now()).map_err(|_| {
            Problem::because(kinds::BODY_INVALID, "must be before `until`").with("pointer", "/from")
        })?;
        let within = match ask.reach() {
            Reach::Everything => None,
            Reach::Within(limits) => Some(limits),
        };
        Ok(ExportPlan {
            report: self.report,
            format: self.format,
            from,
            until,
            granularity: word(&self.granularity.unwrap_or(Granularity::Hour))?,
            time_zone: match self.time_zone {
                Some(name) => name,
                None => "UTC".parse().map_err(|failure| Problem::internal(&failure))?,
            },
            group_by: self.group_by.iter().map(word).collect::<Result<_, _>>()?,
            owner_team: self.owner_team,
            client_id: self.client_id,
            key_id: self.key_id,
            secret_version: self.secret_version,
            route_id: self.route_id,
            environment: self.environment,
            within,
        })
    }
}

/// As it is written.
fn word(value: &impl Serialize) -> Result<String, Problem> {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => Ok(word),
        Ok(_) => Err(Problem::unavailable()),
        Err(failure) => Err(Problem::internal(&failure)),
    }
}
