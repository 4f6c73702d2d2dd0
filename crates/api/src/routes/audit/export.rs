//! `GET /v1/audit/export`

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use domain::{Position, observation::ExportedWhat};
use eventlog::audit_file::Export;
use futures::stream;
use http::header;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    docs::{ExportedLog, ReadProblems},
    guard::{Allowed, needs::AuditExport},
    observe::Outgoing,
    problem::{Problem, kinds},
    query::Params,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The first position. Absent: 1.
    #[param(value_type = u64, required = false, minimum = 1)]
    from: Option<u64>,
    /// The last position. Absent, or above it: the newest checkpoint's.
    #[param(value_type = u64, required = false, minimum = 1)]
    until: Option<u64>,
    /// With the personal values that are left, and what proves that events commit to them. Absent: true.
    #[param(value_type = bool, required = false)]
    personal: Option<bool>,
}

/// Export the log with its proof
///
/// One JSON object a line: what is in it, the hashes and the audited bytes of its events, and last the signed checkpoint.
/// `tollgate audit verify FILE` checks it without asking anybody. A file without its last line was cut off.
#[utoipa::path(
    get,
    path = "/v1/audit/export",
    operation_id = "export_audit",
    tag = "audit",
    params(Asked),
    responses(ExportedLog, ReadProblems),
    extensions(("x-tollgate-permission" = json!("audit.export")))
)]
pub(crate) async fn export(
    allowed: Allowed<AuditExport>,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let Asked { from, until, personal } = asked;
    let from = Position::new(from.unwrap_or(1));
    if from == Position::START || until.is_some_and(|until| until < from.get()) {
        return Err(Problem::because(kinds::QUERY_INVALID, "from: must be at least 1 and not above `until`"));
    }
    if until.is_some_and(|until| i64::try_from(until).is_err()) {
        return Err(Problem::because(kinds::QUERY_INVALID, "until: must be at most 9223372036854775807"));
    }
    let until = until.map(Position::new);
    let export = Export::of(allowed.log(), from, until, personal.unwrap_or(true)).await;
    let export = export.map_err(|failure| Problem::failed(&failure))?;
    let export = export.ok_or_else(|| Problem::new(kinds::NOT_SIGNED_YET))?;
    let (first, last) = export.range();
    let kind = (header::CONTENT_TYPE, "application/jsonl".to_owned());
    let name = format!("attachment; filename=\"tollgate-audit-{first}-{last}.jsonl\"");
    let outgoing = Outgoing::begin(&allowed, ExportedWhat::AuditFile, "jsonl")?;
    Ok(([kind, (header::CONTENT_DISPOSITION, name)], streamed(export, outgoing)).into_response())
}

/// A tile at a time, when the caller takes it. What fails breaks the answer off, and the file has no last line.
fn streamed(export: Export, outgoing: Outgoing) -> Body {
    Body::from_stream(stream::try_unfold((export, outgoing), async |(mut export, mut outgoing)| {
        let before = export.so_far().events;
        match export.next().await {
            Ok(Some(lines)) => {
                outgoing.put(&lines, export.so_far().events.saturating_sub(before));
                Ok(Some((Bytes::from(lines), (export, outgoing))))
            }
            Ok(None) => {
                outgoing.end().await;
                Ok(None)
            }
            Err(failure) => {
                tracing::warn!(error = %failure, "An export of the audit log broke off");
                Err(failure)
            }
        }
    }))
}
