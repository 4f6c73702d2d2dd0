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
use futures::{StreamExt as _, stream};
use http::StatusCode;
use serde::{Deserialize, Serialize};
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
    worker::{Checked, Clients},
};

/// No upload is larger.
pub(crate) const UPLOAD_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Rows that an answer names.
const NAMED_MAX: usize = 100;
/// Rows that are asked about together.
const CHECKED_AT_ONCE: usize = 16;

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
        let rows = within_reach(&ask, rows(&ask)?).await?;
        return Ok(Json(preview(&ask, &rows).await?).into_response());
    }
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, OperationView>(&ask, effect, StatusCode::CREATED).await
}

async fn fresh(ask: &ImportAsk) -> Result<Effect<OperationId>, Instead> {
    ask.check_seen(0)?;
    let rows = within_reach(ask, rows(ask)?).await?;
    let plan = ImportPlan {
        source: ask.query.source.clone(),
        format: word(format(ask)?.as_str())?,
        node: ask.door().node().clone(),
    };
    let kept = imports::kept(&rows).map_err(|failure| Problem::internal(&failure))?;
    let (unix_ms, random) = id_parts(ask.random(), ask.now());
    let id = OperationId::from_parts(unix_ms, random);
    let uploads = ask.door().uploads();
    // Before the plan: an operation without its rows could never be done. The rows of no operation go at the next start.
    uploads.keep(id, kept).await.map_err(|failure| Problem::internal(&failure))?;
    let work = Work::Import { plan, rows: u32::try_from(rows.len()).unwrap_or(u32::MAX) };
    let planned = plan_as(ask, id, work, None, Said::nothing()).await;
    if (planned.is_err() || rows.is_empty())
        && let Err(failure) = uploads.forget(id).await
    {
        tracing::warn!(operation.id = %id, error = %failure, "Cannot remove an upload");
    }
    planned
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

fn rows(ask: &ImportAsk) -> Result<Vec<Row>, Problem> {
    let ImportParams { client_id, environment, .. } = &ask.query;
    let defaults = Defaults { client_id: *client_id, environment: environment.clone() };
    let rows = imports::read(format(ask)?, ask.raw_body(), &defaults)?;
    if rows.len() > ITEMS_MAX {
        let (what, given, allowed) = ("rows", rows.len(), ITEMS_MAX);
        return Err(Problem::refused(&OperationRefusal::TooManyItems { what, given, allowed }));
    }
    Ok(rows)
}

async fn preview(ask: &ImportAsk, rows: &[Row]) -> Result<ImportPreview, Problem> {
    ask.caught_up::<ApiClient>().await?;
    ask.caught_up::<ApiKey>().await?;
    let (api, source) = (ask.door().api(), &ask.query.source);
    let clients = Clients::new(api);
    let checks: Vec<_> = rows.iter().map(|row| Checked::of(row, source, api, &clients)).collect();
    let checks = stream::iter(checks).buffered(CHECKED_AT_ONCE);
    let mut checks = std::pin::pin!(checks);
    let mut preview =
        ImportPreview { rows: rows.len(), applied: 0, unchanged: 0, refused: 0, refusals: vec![] };
    let mut tally = Tally::default();
    for (number, row) in (1_usize..).zip(rows) {
        let Some(checked) = checks.next().await else { break };
        let Checked { result, code, detail } = checked.map_err(|stuck| Problem::internal(&stuck))?;
        tally.add(result);
        if result == ItemResult::Refused && preview.refusals.len() < NAMED_MAX {
            preview.refusals.push(RowRefusal { number, subject: row.subject.clone(), code, detail });
        }
    }
    (preview.applied, preview.unchanged, preview.refused) = (tally.applied, tally.unchanged, tally.refused);
    Ok(preview)
}
