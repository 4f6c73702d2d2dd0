//! `GET /v1/reports/reconciliation`

use axum::Json;
use domain::Timestamp;
use projections::{Difference, GrainCompared, ReconcileFailure, Reconciliation};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::span;
use crate::{
    docs::{FoundPlain, ReadProblems, Unreconciled},
    facts::ANYTHING,
    guard::{Allowed, needs::ReportRead},
    problem::{Problem, kinds},
    query::{Params, parsed},
    values::Moment,
};

/// A gateway that flushes each second makes 86,400 a day.
const BATCHES_MAX: u64 = 200_000;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AskedReconciliation {
    /// Rounded down to the day of UTC. Absent: a day before `until`.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    from: Option<Moment>,
    /// Before then; rounded up likewise. Absent: now.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    until: Option<Moment>,
}

/// What reports add up, beside what gateways told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reconciliation)]
pub(crate) struct ReconciliationView {
    /// Whether both are the same, to the call.
    equal: bool,
    /// A day of UTC; later than asked for where older batches are not kept any more.
    from: Timestamp,
    /// Before then.
    until: Timestamp,
    /// Every usage batch of the gateways up to this one is in both.
    batch_no: u64,
    grains: Vec<GrainView>,
    /// At most 1,000.
    #[schema(max_items = 1_000)]
    differences: Vec<DifferenceView>,
    differences_total: u64,
}

/// One grain of what is kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReconciledGrain)]
pub(crate) struct GrainView {
    /// `minute`, `quarter` or `day`; of the sums for each client and each route: `quarter_of_client`, `day_of_client`, `quarter_of_route`
    /// or `day_of_route`.
    grain: &'static str,
    /// What is older has been let go of, and was not compared; null: none of it was.
    since: Option<Timestamp>,
    /// In which there were calls.
    windows: u64,
    calls_kept: u64,
    calls_again: u64,
}

/// A window whose calls of one outcome are not as many as gateways told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReconciledDifference)]
pub(crate) struct DifferenceView {
    grain: &'static str,
    window_start: Timestamp,
    outcome: String,
    kept: u64,
    again: u64,
}

/// Reconcile usage
///
/// Counts whole days of UTC again from the batches that gateways told, and compares the sums with what reports are made of. On the
/// embedded engine batches are kept as long as quarters of an hour, 400 days; on servers the stream keeps them, for a week unless
/// configured. At most 200,000 batches are read, which a gateway that is never idle makes in two days: more is for `tollgate projections
/// reconcile`. It needs a grant over everything. Two run at once in each process; a third is answered `replays_busy`.
#[utoipa::path(
    get,
    path = "/v1/reports/reconciliation",
    operation_id = "reconcile_usage",
    tag = "reports",
    params(AskedReconciliation),
    responses(FoundPlain<ReconciliationView>, Unreconciled, ReadProblems),
    extensions(("x-tollgate-permission" = json!("report.read")))
)]
pub(crate) async fn reconcile_usage(
    allowed: Allowed<ReportRead>,
    Params(asked): Params<AskedReconciliation>,
) -> Result<Json<ReconciliationView>, Problem> {
    let (from, until) = span(asked.from, asked.until, allowed.now())?;
    // The sums are those of all.
    allowed.allow(&ANYTHING)?;
    let _room = allowed.door().replays.enter()?;
    let told = &*allowed.door().api().told_usage;
    let compared = projections::reconcile(allowed.read(), told, (from, until), BATCHES_MAX).await;
    compared.map(|compared| Json(compared.into())).map_err(unreconciled)
}

fn unreconciled(failure: ReconcileFailure) -> Problem {
    match failure {
        ReconcileFailure::Incomplete => Problem::new(kinds::RECONCILIATION_IMPOSSIBLE),
        ReconcileFailure::TooMany { batches, batches_max } => {
            let why = format!("{batches} batches would have to be read, and it is {batches_max} at most");
            Problem::because(kinds::REPORT_TOO_LARGE, why).with("rows_max", batches_max)
        }
        ReconcileFailure::Short { found, counted } => {
            tracing::warn!(found, counted, "Batches of usage that are counted cannot be read now");
            Problem::unavailable()
        }
        ReconcileFailure::Log(failure) => Problem::failed(&failure),
        ReconcileFailure::Read(failure) => Problem::unread(&failure),
    }
}

impl From<Reconciliation> for ReconciliationView {
    fn from(told: Reconciliation) -> Self {
        let Reconciliation { from, until, batch_no, grains, differences, differences_total } = told;
        Self {
            equal: differences_total == 0,
            from,
            until,
            batch_no,
            grains: grains.into_iter().map(GrainView::from).collect(),
            differences: differences.into_iter().map(DifferenceView::from).collect(),
            differences_total,
        }
    }
}

impl From<GrainCompared> for GrainView {
    fn from(grain: GrainCompared) -> Self {
        let GrainCompared { name: grain, since, windows, calls_kept, calls_again } = grain;
        Self { grain, since, windows, calls_kept, calls_again }
    }
}

impl From<Difference> for DifferenceView {
    fn from(difference: Difference) -> Self {
        let Difference { grain, window_start, outcome, kept, again } = difference;
        Self { grain, window_start, outcome, kept, again }
    }
}
