//! `GET /v1/audit`

use std::net::IpAddr;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{ClientId, Position};
use http::HeaderMap;
use projections::queries::{
    audit::{self, AuditEntry, AuditFilter, Outcome},
    order::Order,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    download::{self, Taken},
    view::AuditEntryView,
};
use crate::{
    docs::{ListedOrTaken, ReadProblems, form},
    guard::{Allowed, needs::AuditRead},
    negotiate,
    problem::{Problem, kinds},
    query::{Cursor, Limit, Params, parsed},
    values::Moment,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    /// A principal's id.
    actor: Option<String>,
    /// An event's type, `api_key.revoked`, or the beginning of some: `api_key.*`.
    action: Option<String>,
    /// How it ended: `succeeded`, `denied` or `failed`.
    #[param(value_type = Option<String>, example = "denied")]
    outcome: Option<Outcome>,
    /// From where it was asked for, as far as that is not erased.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, example = "198.51.100.7")]
    address: Option<IpAddr>,
    /// A kind of thing: `api_key`.
    subject_type: Option<String>,
    /// A thing's id.
    subject_id: Option<String>,
    /// What concerns the client: its keys and assignments too.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
    request_id: Option<String>,
    correlation_id: Option<String>,
    /// Occurred then or later.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    from: Option<Moment>,
    /// Occurred before then.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    until: Option<Moment>,
    /// Behind this position.
    #[param(value_type = u64, required = false)]
    after_position: Option<u64>,
    /// Before this position.
    #[param(value_type = u64, required = false)]
    before_position: Option<u64>,
    /// `position` goes forwards.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::AuditSort, inline, required = false)]
    sort: Option<Order<AuditEntry>>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before, of the same question.
    #[serde(default)]
    #[param(value_type = form::Cursor, inline, required = false)]
    cursor: Cursor,
    /// All that is found, instead of a page: `csv`, `jsonl`, or `ocsf`, events of the Open Cybersecurity Schema Framework one a line. Before
    /// what `Accept` wishes. Needs `audit.export`.
    #[param(value_type = Option<String>, example = "jsonl")]
    format: Option<Format>,
    /// Each entry that is taken out with the proof that it is in the log, as far as that is signed.
    #[param(value_type = Option<bool>)]
    proofs: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    Json,
    Csv,
    Jsonl,
    Ocsf,
}

/// The form that was asked for; none for a page.
fn taken(format: Option<Format>, headers: &HeaderMap) -> Result<Option<Taken>, Problem> {
    let offered = [("application", "json"), ("text", "csv"), ("application", "x-ndjson")];
    Ok(match format {
        Some(Format::Json) => None,
        Some(Format::Csv) => Some(Taken::Csv),
        Some(Format::Jsonl) => Some(Taken::Jsonl),
        Some(Format::Ocsf) => Some(Taken::Ocsf),
        None => match negotiate::best(headers, &offered) {
            None => return Err(Problem::new(kinds::NOT_ACCEPTABLE)),
            Some(0) => None,
            Some(1) => Some(Taken::Csv),
            Some(_) => Some(Taken::Jsonl),
        },
    })
}

/// List the audit log
///
/// From the newest entry to the oldest unless sorted. As CSV, JSON lines or OCSF it is all that is found, the oldest first, as it is read;
/// that it was taken out is on record with its SHA-256.
#[utoipa::path(
    get,
    path = "/v1/audit",
    operation_id = "list_audit",
    tag = "audit",
    params(List),
    responses(ListedOrTaken<AuditEntryView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("audit.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<AuditRead>,
    headers: HeaderMap,
    Params(asked): Params<List>,
) -> Result<Response, Problem> {
    let (form, proofs) = (taken(asked.format, &headers)?, asked.proofs.unwrap_or(false));
    let (sort, limit, cursor) = (asked.sort, asked.limit, asked.cursor);
    let filter = AuditFilter {
        reach: allowed.reach(),
        actor: asked.actor,
        action: asked.action,
        outcome: asked.outcome,
        address: asked.address,
        subject_type: asked.subject_type,
        subject_id: asked.subject_id,
        client_id: asked.client_id,
        request_id: asked.request_id,
        correlation_id: asked.correlation_id,
        from: asked.from.map(|Moment(time)| time),
        until: asked.until.map(|Moment(time)| time),
        after_position: asked.after_position.map(Position::new),
        before_position: asked.before_position.map(Position::new),
    };
    // The store counts no further.
    let known = |position: Position| i64::try_from(position.get()).is_ok();
    if ![filter.after_position, filter.before_position].into_iter().flatten().all(known) {
        return Err(Problem::because(kinds::QUERY_INVALID, "a position is at most 9223372036854775807"));
    }
    if let Some(form) = form {
        return download::answer(&allowed, filter, form, proofs).await;
    }
    if proofs {
        return Err(Problem::because(
            kinds::QUERY_INVALID,
            "proofs: come with what is taken out; see `format`",
        ));
    }
    let sought = cursor.seek(sort, &filter, limit)?;
    let rows = audit::sorted(allowed.read(), &filter, &sought.seek).await;
    let page = sought.page::<AuditEntryView>(rows.map_err(|failure| Problem::unread(&failure))?);
    Ok(Json(page).into_response())
}
