//! `POST /v1/routes/import`

mod document;
mod plan;
#[cfg(test)]
mod tests;
mod text;
mod view;

use std::collections::BTreeSet;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{
    Reason, RouteId,
    access::ResourceFacts,
    route::{DefineRoute, Host, RetireRoute, ReviseRoute, Route, RouteCommand},
};
use projections::{
    RouteStatus,
    queries::{
        Page,
        routes::{self, RouteFilter},
    },
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use utoipa::IntoParams;

pub(crate) use self::view::{ImportItem, ImportReport};
use self::{
    plan::{Step, What, plan, revision},
    view::ImportCounts,
};
use crate::{
    answer::{POSITION, VISIBLE, set},
    ask::{Ask, Effect, Said},
    docs::{FoundPlain, ImportProblems, WriteHeaders},
    dry_run::Instead,
    guard::needs::RouteWrite,
    problem::Problem,
    random::id_parts,
};

/// No document is larger: 4 MiB.
pub(super) const DOCUMENT_BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct How {
    /// `plan` says what would change, `apply` changes it.
    #[serde(default)]
    #[param(value_type = String, required = false, pattern = "^(plan|apply)$", default = "plan")]
    mode: Mode,
    /// Whether routes that the document does not name are retired.
    #[serde(default)]
    #[param(required = false)]
    prune: bool,
    /// Hosts with commas between them, in place of those of the document's servers.
    #[serde(default)]
    #[param(value_type = String, required = false, example = "api.example.com")]
    hosts: Hosts,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Plan,
    Apply,
}

#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "String")]
struct Hosts(BTreeSet<Host>);

impl TryFrom<String> for Hosts {
    type Error = domain::InvalidValue;
    fn try_from(list: String) -> Result<Self, domain::InvalidValue> {
        list.split(',').map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

type ImportAsk = Ask<RouteWrite, (), How>;

/// Import routes from an OpenAPI document
///
/// Says what the document would change, field by field, and with `mode=apply` changes it, a command for each. What the
/// document does not speak of stays. To apply it again changes nothing. A dry run is a plan.
#[utoipa::path(
    post,
    path = "/v1/routes/import",
    operation_id = "import_routes",
    tag = "routes",
    params(How, WriteHeaders),
    request_body(
        description = "OpenAPI 3.0 or 3.1, at most 4 MiB.",
        content(
            (Object = "application/json", example = json!({
                "openapi": "3.1.0", "info": { "title": "Orders", "version": "1" },
                "paths": { "/orders/{id}": { "get": { "operationId": "read_order", "responses": {} } } },
            })),
            (String = "application/yaml", example = "openapi: 3.1.0\npaths:\n  /orders/{id}:\n    get:\n      operationId: read_order\n"),
        )
    ),
    responses(FoundPlain<ImportReport>, ImportProblems),
    extensions(("x-tollgate-permission" = json!("route.write")))
)]
pub(crate) async fn import(mut ask: ImportAsk) -> Result<Response, Instead> {
    // Its name is for all of its commands; none of them is the one that a repetition would be answered by.
    let _claim = ask.take_claim();
    let document = text::read(ask.headers(), ask.raw_body())?;
    let operations = document::operations(&document, &ask.query.hosts.0)?;
    let digest = format!("sha256:{}", hex(&Sha256::digest(ask.raw_body())));
    let alone = ask.door().routes.clone().lock_owned().await;
    ask.caught_up::<Route>().await?;
    let active = RouteFilter { status: Some(RouteStatus::Active), ..RouteFilter::default() };
    let active = routes::list(ask.read(), &active, &Page::first(u32::MAX)).await;
    let steps = plan(operations, &active.map_err(|failure| Problem::unread(&failure))?);
    let mode = if ask.is_dry_run() { Mode::Plan } else { ask.query.mode };
    let mut report = ImportReport {
        mode: if mode == Mode::Plan { "plan" } else { "apply" },
        counts: ImportCounts::of(&steps),
        complete: true,
        items: steps.iter().map(ImportItem::from).collect(),
        document: digest,
    };
    let last = if mode == Mode::Apply { apply(&ask, &steps, &mut report).await? } else { None };
    drop(alone);
    answered(&ask, report, last).await
}

async fn answered(
    ask: &ImportAsk,
    report: ImportReport,
    last: Option<Effect<RouteId>>,
) -> Result<Response, Instead> {
    let mut response = Json(report).into_response();
    if let Some(last) = last {
        let visible = ask.shows(&last).await;
        if let Some(position) = last.position {
            set(response.headers_mut(), POSITION, &position.to_string());
        }
        if !visible {
            set(response.headers_mut(), VISIBLE, "false");
        }
    }
    Ok(response)
}

/// One command after the other until one fails. Answers with the last that had an effect.
async fn apply(
    ask: &ImportAsk,
    steps: &[Step],
    report: &mut ImportReport,
) -> Result<Option<Effect<RouteId>>, Instead> {
    let reason = format!("Imported from an OpenAPI document ({})", report.document).parse().ok();
    let mut last = None;
    for (step, item) in steps.iter().zip(&mut report.items) {
        let Some(command) = command(step, ask.query.prune, reason.as_ref()) else { continue };
        if !report.complete {
            item.outcome = Some("not_attempted");
            continue;
        }
        match give(ask, command, reason.as_ref()).await {
            Ok(effect) => {
                (item.outcome, item.route_id) = (Some("applied"), Some(effect.id));
                last = Some(effect);
            }
            // The whole of it waits, and not the one route.
            Err(waits @ Instead::Proposed(_)) => return Err(waits),
            Err(why) => {
                report.complete = false;
                item.outcome = Some("failed");
                if let Instead::Problem(problem) = why {
                    let (code, detail) = problem.told();
                    (item.code, item.message) = (Some(code.to_owned()), Some(detail.to_owned()));
                }
            }
        }
    }
    Ok(last)
}

/// One change: of a new route, or of one in the version that the plan was made from.
enum Change {
    Define(DefineRoute),
    Revise(RouteId, u64, ReviseRoute),
    Retire(RouteId, u64, RetireRoute),
}

fn command(step: &Step, prune: bool, reason: Option<&Reason>) -> Option<Change> {
    match &step.what {
        What::Added(spec) => Some(Change::Define(DefineRoute { spec: spec.clone() })),
        What::Changed { had, spec } => {
            Some(Change::Revise(had.route_id, had.version, revision(&had.spec, spec)))
        }
        What::Missing(row) if prune => {
            Some(Change::Retire(row.route_id, row.version, RetireRoute { reason: reason.cloned() }))
        }
        What::Missing(_) | What::Unchanged(_) | What::Refused { .. } => None,
    }
}

async fn give(ask: &ImportAsk, change: Change, reason: Option<&Reason>) -> Result<Effect<RouteId>, Instead> {
    let said = |based_on| Said { based_on, ..Said::because(reason) };
    match change {
        Change::Define(define) => {
            let (unix_ms, random) = id_parts(ask.random(), ask.now());
            let id = RouteId::from_parts(unix_ms, random);
            let grant = ask.allow(&ResourceFacts::Shared)?;
            ask.create::<Route>(id, RouteCommand::Define(define), grant, said(None)).await
        }
        Change::Revise(id, version, revise) => {
            ask.execute::<Route>(id, RouteCommand::Revise(revise), said(Some(version))).await
        }
        Change::Retire(id, version, retire) => {
            ask.execute::<Route>(id, RouteCommand::Retire(retire), said(Some(version))).await
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
