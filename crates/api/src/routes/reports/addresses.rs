//! `GET /v1/reports/addresses`

use std::collections::BTreeSet;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{ClientId, Environment, Name, Timestamp, observation::ExportedWhat, usage::AddressSketch};
use http::HeaderMap;
use projections::queries::{
    addresses::{self, AddressDimension, AddressesQuery, AddressesReport, AddressesRow},
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
pub(crate) struct AskedAddresses {
    /// Rounded down to its day of UTC. Absent: a day before `until`.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    from: Option<Moment>,
    /// Before then; rounded up likewise. Absent: now.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    until: Option<Moment>,
    /// How long a window is, in UTC; what is finer than a day is a day. Absent: `total`.
    #[param(value_type = form::Granularity, inline, required = false)]
    granularity: Option<Granularity>,
    /// What addresses are told apart by: a list of `client`, `environment`. Absent: by nothing.
    #[serde(default)]
    #[param(value_type = String, required = false, pattern = "^(client|environment)(,(client|environment))*$", example = "client,environment")]
    group_by: Dimensions<AddressDimension>,
    /// The team that owns the client today.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false)]
    owner_team: Option<Name>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
}

/// From how many addresses secrets were presented, by window and by what was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Addresses {
    /// By window, then by the dimensions. A window without addresses has no item.
    items: Vec<AddressesItem>,
    /// One standard error of a count: two of three counts are off by less. Up to some hundred they are exact or nearly so.
    error_percent: f64,
    /// What is counted: from then on …
    from: Timestamp,
    /// … before then.
    until: Timestamp,
    /// Every usage batch of the gateways up to this one is counted.
    batch_no: u64,
}

/// The addresses of one window. A dimension is null where it was not asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddressesItem {
    window_start: Timestamp,
    window_end: Timestamp,
    #[schema(value_type = Option<String>)]
    client_id: Option<ClientId>,
    #[schema(value_type = Option<String>)]
    environment: Option<Environment>,
    /// Distinct ones, each IPv6 network of 64 bits being one: not the sum of shorter windows.
    addresses: u64,
}

/// Report distinct addresses
///
/// From how many addresses genuine secrets were presented, whatever became of the calls; kept as sketches by days of UTC for as long as days
/// are, from which nobody can tell the addresses. As JSON or CSV, as `Accept` wishes; CSV needs the permission `report.export` too.
#[utoipa::path(
    get,
    path = "/v1/reports/addresses",
    operation_id = "report_addresses",
    tag = "reports",
    params(AskedAddresses),
    responses(WholeReport<Addresses>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("report.read")))
)]
pub(crate) async fn addresses(
    allowed: Allowed<ReportRead>,
    headers: HeaderMap,
    Params(asked): Params<AskedAddresses>,
) -> Result<Response, Problem> {
    let form = form_for(&allowed, &headers)?;
    let query = asked.query(&allowed)?;
    let report = addresses::report(allowed.read(), &query).await.map_err(unreported)?;
    if report.truncated {
        return Err(Problem::new(kinds::REPORT_TOO_LARGE).with("rows_max", query.rows_max));
    }
    match form {
        Form::Json => Ok(Json(Addresses::from(report)).into_response()),
        Form::Csv => {
            let outgoing = Outgoing::begin(&allowed, ExportedWhat::AddressesReport, "csv")?;
            csv::exported("addresses", report.rows.len(), written(&report, &query.group_by), outgoing).await
        }
    }
}

impl AskedAddresses {
    fn query(self, allowed: &Allowed<ReportRead>) -> Result<AddressesQuery, Problem> {
        let (from, until) = span(self.from, self.until, allowed.now())?;
        let Dimensions(group_by) = self.group_by;
        Ok(AddressesQuery {
            from,
            until,
            granularity: self.granularity.unwrap_or(Granularity::Total),
            group_by,
            owner_team: self.owner_team,
            client_id: self.client_id,
            environment: self.environment,
            rows_max: allowed.door().settings().report_rows_max,
            reach: allowed.reach(),
        })
    }
}

/// The report with a line of names and a column for each dimension asked for.
fn written(report: &AddressesReport, group_by: &BTreeSet<AddressDimension>) -> Result<Vec<u8>, ::csv::Error> {
    let dimensions = group_by.iter().map(|dimension| match dimension {
        AddressDimension::Client => "client_id",
        AddressDimension::Environment => "environment",
    });
    let names = ["window_start", "window_end"].into_iter().chain(dimensions);
    let names = names.chain(["addresses", "time_zone", "batch_no"]);
    let cells = |row: &AddressesRow| {
        let windows = [row.window_start, row.window_end].map(Cell::text);
        let named = group_by.iter().map(|dimension| match dimension {
            AddressDimension::Client => Cell::text_or_empty(row.client_id),
            AddressDimension::Environment => Cell::text_or_empty(row.environment.as_ref()),
        });
        let counted = [Cell::number(row.addresses), Cell::text("UTC"), Cell::number(report.batch_no)];
        windows.into_iter().chain(named).chain(counted).collect()
    };
    csv::write(names, report.rows.iter().map(cells))
}

impl From<AddressesReport> for Addresses {
    fn from(report: AddressesReport) -> Self {
        let AddressesReport { from, until, batch_no, rows, truncated: _ } = report;
        let items = rows.into_iter().map(AddressesItem::from).collect();
        Self { items, error_percent: AddressSketch::ERROR_PERCENT, from, until, batch_no }
    }
}

impl From<AddressesRow> for AddressesItem {
    fn from(row: AddressesRow) -> Self {
        let AddressesRow { window_start, window_end, client_id, environment, addresses } = row;
        Self { window_start, window_end, client_id, environment, addresses }
    }
}
