//! A report that is written to a file, as its operation shows it.

use domain::{
    OperationId, Timestamp,
    operation::{ExportFormat, ExportMade, ExportPlan, ExportedReport},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::docs::form;

/// What is written to a file, how far it is, and the file once it is whole.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportExport)]
pub(crate) struct ExportView {
    #[schema(value_type = form::ExportedReport, inline)]
    report: ExportedReport,
    #[schema(value_type = form::ExportFormat, inline)]
    format: ExportFormat,
    /// What was asked for: from then on …
    from: Timestamp,
    /// … before then.
    until: Timestamp,
    granularity: String,
    time_zone: String,
    group_by: Vec<String>,
    rows_written: u64,
    /// Null until the file is whole, and where it came to nothing.
    #[schema(value_type = Option<ExportMadeView>)]
    file: Option<ExportMadeView>,
}

/// The file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportExportFile)]
pub(crate) struct ExportMadeView {
    /// Where it can be had, at the node that keeps it.
    url: String,
    /// The node that keeps it.
    node: String,
    /// Not counting the line of names.
    rows: u64,
    bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    content_hash: String,
    columns: Vec<String>,
    /// What is counted, as far back as it is kept: from then on …
    from: Timestamp,
    /// … before then.
    until: Timestamp,
    time_zone: String,
    /// Every usage batch up to this one is counted in every row.
    batch_no: u64,
    /// No row counts a batch behind this one: the same, where none came in meanwhile.
    batch_no_last: u64,
    /// Which client is whose is told as the log says up to here, or later.
    position: u64,
    /// Removed then.
    kept_until: Timestamp,
}

impl ExportView {
    pub(super) fn of(id: OperationId, plan: ExportPlan, rows_written: u64, made: Option<ExportMade>) -> Self {
        let time_zone = String::from(plan.time_zone);
        let file = made.map(|made| ExportMadeView {
            url: format!("/v1/reports/exports/{id}/file"),
            node: made.node.to_string(),
            rows: made.rows,
            bytes: made.bytes,
            content_hash: made.content_hash,
            columns: made.columns,
            from: made.from,
            until: made.until,
            time_zone: time_zone.clone(),
            batch_no: made.batch_no,
            batch_no_last: made.batch_no_last,
            position: made.position.get(),
            kept_until: made.kept_until,
        });
        Self {
            report: plan.report,
            format: plan.format,
            from: plan.from,
            until: plan.until,
            granularity: plan.granularity,
            time_zone,
            group_by: plan.group_by.into_iter().collect(),
            rows_written,
            file,
        }
    }
}
