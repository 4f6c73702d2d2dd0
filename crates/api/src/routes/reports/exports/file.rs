//! `GET /v1/reports/exports/{id}/file`

use std::io;

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use domain::{
    OperationId,
    observation::ExportedWhat,
    operation::{ExportFormat, ExportMade, ExportPlan, Operation},
};
use futures::stream;
use http::header;

use crate::{
    docs::{Missing, OperationPath, ReadProblems, ReportFile},
    facts::{ANYTHING, of_order},
    guard::{Allowed, needs::ReportExport},
    observe::Outgoing,
    path::{Id, Named},
    problem::{Problem, kinds},
    query::{NoParams, Params},
    report_files::Reading,
};

/// Download a report that was written to a file
///
/// Once its operation has finished, for whoever ordered it and still reaches what is in it, and for those whose `report.export`
/// reaches everything. The file lies at the node that wrote it, which the operation names; another node answers
/// `export_elsewhere`.
#[utoipa::path(
    get,
    path = "/v1/reports/exports/{id}/file",
    operation_id = "download_report_export",
    tag = "reports",
    params(OperationPath),
    responses(ReportFile, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("report.export")))
)]
pub(crate) async fn download_report_export(
    allowed: Allowed<ReportExport>,
    Id(id): Id<OperationId>,
    _: Params<NoParams>,
) -> Result<Response, Problem> {
    let (plan, made) = made(&allowed, id).await?;
    if made.node != *allowed.door().node() {
        return Err(Problem::new(kinds::EXPORT_ELSEWHERE).with("node", made.node.to_string()));
    }
    let opened = allowed.door().report_files().open(id, plan.format).await;
    let opened = opened.map_err(|failure| Problem::internal(&failure))?;
    // A file of another length is none that was ever told of.
    let (reading, _) = opened
        .filter(|(_, bytes)| *bytes == made.bytes && allowed.now() < made.kept_until)
        .ok_or_else(|| Problem::new(kinds::EXPORT_GONE))?;
    let outgoing = Outgoing::begin(&allowed, ExportedWhat::UsageReport, plan.format.as_str())?;
    let kind = match plan.format {
        ExportFormat::Csv => "text/csv; charset=utf-8; header=present",
        ExportFormat::Parquet => "application/vnd.apache.parquet",
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_LENGTH, made.bytes.to_string()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"usage-{id}.{}\"", plan.format.as_str()),
        ),
    ];
    Ok((headers, streamed(reading, outgoing, made.rows)).into_response())
}

/// What is in the file, and how it turned out.
async fn made(allowed: &Allowed<ReportExport>, id: OperationId) -> Result<(ExportPlan, ExportMade), Problem> {
    let loaded = allowed.log().load::<Operation>(id).await.map_err(|failure| Problem::failed(&failure))?;
    let of_export = loaded.state.run().and_then(|run| Some((run, run.export.as_deref()?.clone())));
    let (run, plan) = of_export.ok_or_else(OperationId::missing)?;
    allowed.reveals(&of_order(&run.ordered.by, allowed.principal()), OperationId::missing)?;
    if !plan.is_seen_by(&allowed.reach()) {
        // They have lost sight of what is in it: to them it is anybody's.
        allowed.reveals(&ANYTHING, OperationId::missing)?;
    }
    match (&*loaded.state, &run.made) {
        (Operation::Finished(_), Some(made)) => Ok((plan, (**made).clone())),
        (Operation::Finished(_) | Operation::Cancelled(_), _) => Err(Problem::new(kinds::EXPORT_NOT_MADE)),
        (Operation::Absent | Operation::Planned(_) | Operation::Running(_), _) => {
            Err(Problem::new(kinds::EXPORT_NOT_READY))
        }
    }
}

fn streamed(reading: Reading, outgoing: Outgoing, rows: u64) -> Body {
    Body::from_stream(stream::try_unfold((reading, outgoing, rows), async |(reading, mut outgoing, rows)| {
        let (reading, chunk) = reading.next().await.inspect_err(|failure| {
            tracing::warn!(error = %failure, "A download of a report broke off");
        })?;
        if chunk.is_empty() {
            // Its rows are out when all of it is.
            outgoing.put(&[], rows);
            outgoing.end().await;
            return Ok(None);
        }
        outgoing.put(&chunk, 0);
        Ok::<_, io::Error>(Some((Bytes::from(chunk), (reading, outgoing, rows))))
    }))
}
