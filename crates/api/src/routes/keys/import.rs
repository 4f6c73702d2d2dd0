//! `POST /v1/keys/import`

mod within;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{
    ClientId, Environment, InvalidValue, Name, OperationId,
    api_client::ApiClient,
    api_key::ApiKey,
    operation::{ITEMS_MAX, ImportPlan, ItemResult, OperationRefusal, Tally, Work},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::{sync::OwnedSemaphorePermit, task::spawn_blocking};
use utoipa::{IntoParams, ToSchema};

use within::within_reach;

use super::bulk::plan_as;
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{BulkAnswer, UploadProblems, WriteHeaders, form},
    dry_run::Instead,
    guard::needs::KeyImport,
    imports::{self, Defaults, Format, Row},
    problem::{Problem, kinds},
    query::parsed,
    random::id_parts,
    routes::operations::view::OperationView,
    worker::{Before, Checked, Clients},
};

/// No upload is larger.
pub(crate) const UPLOAD_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Rows that an answer names.
const NAMED_MAX: usize = 100;
/// Rows that are asked about together.
const CHECKED_AT_ONCE: usize = 16;
/// Rows whose questions are made together: one that waits takes more memory than its row.
const ASKED_AT_ONCE: usize = 1_000;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportParams {
    /// What the system is called that the keys come from. A row is known by it and by its `external_id`.
    #[param(value_type = form::Name, inline)]
    source: Name,
    /// Absent: as `Content-Type` says, `text/csv` or `application/jsonl`.
    #[serde(default)]
    #[param(value_type = String, required = false, pattern = "^(csv|jsonl|unkey|kong|tyk)$")]
    format: Option<Format>,
    /// The client of rows that name none.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
    /// The environment of rows that name none.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
}

/// What would become of an upload.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportPreview {
    rows: usize,
    /// Keys that would be made.
    applied: u32,
    /// Rows whose keys are there already.
    unchanged: u32,
    refused: u32,
    /// The first rows that would be refused.
    #[schema(max_items = 100)]
    refusals: Vec<RowRefusal>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RowRefusal {
    /// Counts from 1.
    number: usize,
    subject: String,
    code: Option<String>,
    detail: Option<String>,
}

type ImportAsk = Ask<KeyImport, (), ImportParams>;

/// Import keys that another system has issued
///
/// Their callers go on with the secrets they have: a row gives the SHA-256 of one, never the secret itself. Answers an
/// operation that makes the keys row by row; a row that was imported before is no news, so the same upload may be sent
/// again. Rows of clients that are out of reach are refused like those of clients that are not there. CSV with a heading, JSON Lines, or an export of Unkey, Kong or Tyk.
/// Two uploads are read at once in each process; a third is answered `imports_busy`.
#[utoipa::path(
    post,
    path = "/v1/keys/import",
    operation_id = "import_keys",
    tag = "keys",
    params(ImportParams, WriteHeaders),
    request_body(
        content(("text/csv"), ("application/jsonl"), ("application/x-ndjson"), ("application/json")),
        description = "At most 32 MiB and 100,000 rows."
    ),
    responses(BulkAnswer<ImportPreview>, UploadProblems),
    extensions(("x-tollgate-permission" = json!("key.import")))
)]
pub(crate) async fn import_keys(ask: ImportAsk) -> Result<Response, Instead> {
    if ask.is_dry_run() {
        let (rows, _room) = rows(&ask).await?;
        let rows = within_reach(&ask, rows).await?;
        return Ok(Json(preview(&ask, &rows).await?).into_response());
    }
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, OperationView>(&ask, effect, StatusCode::CREATED).await
}

async fn fresh(ask: &ImportAsk) -> Result<Effect<OperationId>, Instead> {
    ask.check_seen(0)?;
    let (rows, _room) = rows(ask).await?;
    let rows = within_reach(ask, rows).await?;
    let plan = ImportPlan {
        source: ask.query.source.clone(),
        format: word(format(ask)?.as_str())?,
        node: ask.door().node().clone(),
    };
    let work = Work::Import { plan, rows: u32::try_from(rows.len()).unwrap_or(u32::MAX) };
    let is_idle = rows.is_empty();
    let kept = aside(move || imports::kept(&rows)).await?.map_err(|failure| Problem::internal(&failure))?;
    let (unix_ms, random) = id_parts(ask.random(), ask.now());
    let id = OperationId::from_parts(unix_ms, random);
    let uploads = ask.door().uploads();
    // Before the plan: an operation without its rows could never be done. The rows of no operation go when the worker sweeps.
    uploads.keep(id, kept).await.map_err(|failure| Problem::internal(&failure))?;
    let planned = plan_as(ask, id, work, None, Said::nothing()).await;
    if (is_idle || !may_need(&planned, id))
        && let Err(failure) = uploads.forget(id).await
    {
        tracing::warn!(operation.id = %id, error = %failure, "Cannot remove an upload");
    }
    planned
}

/// Whether somebody may have to carry the operation out. After a failure nobody knows whether it is on record: the worker
/// asks the log, later.
fn may_need(planned: &Result<Effect<OperationId>, Instead>, id: OperationId) -> bool {
    match planned {
        // Another operation where another process was quicker with the same key.
        Ok(effect) => effect.id == id,
        Err(Instead::Problem(problem)) => problem.is_failure(),
        Err(Instead::DryRun(_) | Instead::Proposed(_)) => false,
    }
}

/// Away from those who must not wait.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    spawn_blocking(work).await.map_err(|failure| Problem::internal(&failure))
}

fn word(text: &str) -> Result<Name, Problem> {
    text.parse().map_err(|why: InvalidValue| Problem::internal(&why))
}

fn format(ask: &ImportAsk) -> Result<Format, Problem> {
    let told = || Format::of_media_type(ask.media_type());
    ask.query.format.or_else(told).ok_or_else(|| {
        let detail = "send the upload as `text/csv` or `application/jsonl`, or say its `format`";
        Problem::because(kinds::MEDIA_TYPE_UNSUPPORTED, detail)
    })
}

/// The rows, and the room that they are kept in while somebody needs them.
async fn rows(ask: &ImportAsk) -> Result<(Vec<Row>, OwnedSemaphorePermit), Problem> {
    let (format, upload) = (format(ask)?, ask.raw_body().clone());
    let ImportParams { client_id, environment, .. } = &ask.query;
    let defaults = Defaults { client_id: *client_id, environment: environment.clone() };
    let room = ask.door().imports.enter()?;
    // It is read to its end also when the caller is gone, and takes its room until then.
    let (rows, room) = aside(move || (imports::read(format, &upload, &defaults), room)).await?;
    let rows = rows?;
    if rows.len() > ITEMS_MAX {
        let (what, given, allowed) = ("rows", rows.len(), ITEMS_MAX);
        return Err(Problem::refused(&OperationRefusal::TooManyItems { what, given, allowed }));
    }
    Ok((rows, room))
}

async fn preview(ask: &ImportAsk, rows: &[Row]) -> Result<ImportPreview, Problem> {
    ask.caught_up::<ApiClient>().await?;
    ask.caught_up::<ApiKey>().await?;
    let clients = Clients::new(ask.door().api());
    let mut preview =
        ImportPreview { rows: rows.len(), applied: 0, unchanged: 0, refused: 0, refusals: vec![] };
    let (mut tally, mut before) = (Tally::default(), Before::default());
    let numbered: Vec<(usize, &Row)> = (1..).zip(rows).collect();
    for some in numbered.chunks(ASKED_AT_ONCE) {
        let checks = checked(ask, some, &clients).await?;
        for (&(number, row), alone) in some.iter().zip(checks) {
            let Checked { result, code, detail } = before.judge(row, &ask.query.source, alone);
            tally.add(result);
            if result == ItemResult::Refused && preview.refusals.len() < NAMED_MAX {
                preview.refusals.push(RowRefusal { number, subject: row.subject.clone(), code, detail });
            }
        }
    }
    (preview.applied, preview.unchanged, preview.refused) = (tally.applied, tally.unchanged, tally.refused);
    Ok(preview)
}

/// What would become of each of these rows.
async fn checked(
    ask: &ImportAsk,
    rows: &[(usize, &Row)],
    clients: &Clients<'_>,
) -> Result<Vec<Checked>, Problem> {
    let (api, source) = (ask.door().api(), &ask.query.source);
    let checks: Vec<_> = rows.iter().map(|(_, row)| Checked::of(row, source, api, clients)).collect();
    let checks = stream::iter(checks).buffered(CHECKED_AT_ONCE);
    checks.try_collect().await.map_err(|stuck| Problem::internal(&stuck))
}

#[cfg(test)]
mod tests {
    use crate::dry_run::Proposed;

    use super::*;

    #[test]
    fn rows_are_kept_unless_it_is_certain_that_nobody_needs_them() {
        let (id, other) = (OperationId::from_parts(1, 1), OperationId::from_parts(1, 2));
        let check = |planned: Result<Effect<OperationId>, Instead>, expected: bool| {
            assert_eq!(may_need(&planned, id), expected, "{planned:?}");
        };
        let effect =
            |id, replayed| Ok(Effect { id, version: 1, position: None, aggregate_type: None, replayed });
        check(effect(id, false), true);
        check(effect(other, true), false);
        check(Err(Problem::unavailable().into()), true);
        check(Err(Problem::new(kinds::INTERNAL).into()), true);
        check(Err(Problem::refused(&OperationRefusal::AlreadyPlanned).into()), false);
        check(Err(Problem::new(kinds::APPROVAL_INVALID).into()), false);
        let id = domain::ApprovalId::from_parts(1, 1);
        check(Err(Instead::Proposed(Box::new(Proposed { id, view: None }))), false);
    }
}
