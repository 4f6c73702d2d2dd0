//! Entries of the audit log in bulk: as many as there are, read by the page while the caller takes them.

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{Position, access::Permission, observation::ExportedWhat};
use eventlog::{EventLog, LogFailure};
use futures::stream;
use http::{HeaderName, HeaderValue, header};
use projections::{
    ReadFailure, ReadModel,
    queries::{
        audit::{self, AuditEntry, AuditFilter},
        order::Seek,
    },
};
use serde_json::{Value, json};

use super::{checkpoint::newest, ocsf, view::AuditEntryView};
use crate::{
    csv::{self, Cell},
    facts::ANYTHING,
    guard::{Allowed, needs::AuditRead},
    observe::Outgoing,
    problem::Problem,
};

/// What is in memory at a time.
const ENTRIES_AT_ONCE: u32 = 200;
/// Where proofs were asked for: the signed note that they come to, in base 64.
const CHECKPOINT: HeaderName = HeaderName::from_static("tollgate-checkpoint");

const COLUMNS: [&str; 22] = [
    "position",
    "event_id",
    "occurred_at",
    "recorded_at",
    "actor_id",
    "actor_kind",
    "authenticated_by",
    "on_behalf_of",
    "allowed_by",
    "action",
    "subject_type",
    "subject_id",
    "client_id",
    "outcome",
    "reason",
    "address",
    "user_agent",
    "request_id",
    "correlation_id",
    "causation_id",
    "changes",
    "data",
];
const PROOF_COLUMNS: [&str; 3] = ["proof_size", "proof_leaf_hash", "proof_hashes"];

/// A form that entries are taken out in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Csv,
    Jsonl,
    Ocsf,
}

impl Taken {
    fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Ocsf => "ocsf",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonl | Self::Ocsf => "application/x-ndjson",
        }
    }

    fn file(self) -> &'static str {
        match self {
            Self::Csv => "attachment; filename=\"tollgate-audit.csv\"",
            Self::Jsonl | Self::Ocsf => "attachment; filename=\"tollgate-audit.jsonl\"",
        }
    }
}

/// All entries that the filter finds, the oldest first, as far as the log goes now; with proofs, as far as it is signed.
pub(super) async fn answer(
    allowed: &Allowed<AuditRead>,
    filter: AuditFilter,
    form: Taken,
    proofs: bool,
) -> Result<Response, Problem> {
    allowed.allow_also(Permission::AuditExport, &ANYTHING)?;
    let signed = if proofs { Some(newest(allowed).await?) } else { None };
    let last = signed.as_ref().map_or_else(|| allowed.head(), |signed| signed.size);
    let beyond = filter.before_position.map_or(last.next(), |before| before.min(last.next()));
    let download = Download {
        model: allowed.read().clone(),
        log: allowed.log().clone(),
        filter: AuditFilter { before_position: Some(beyond), ..filter },
        form,
        proofs: signed.as_ref().map(|signed| signed.size),
        outgoing: Outgoing::begin(allowed, ExportedWhat::AuditEntries, form.name())?,
        begun: false,
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(form.media_type())),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(form.file())),
    ];
    let mut response = (headers, streamed(download)).into_response();
    let note = signed.map(|signed| BASE64_STANDARD.encode(signed.note.to_string()));
    if let Some(note) = note.and_then(|note| HeaderValue::try_from(note).ok()) {
        response.headers_mut().insert(CHECKPOINT, note);
    }
    Ok(response)
}

/// A page at a time, when the caller takes it. What fails breaks the answer off.
fn streamed(download: Download) -> Body {
    Body::from_stream(stream::try_unfold(Some(download), async |download| {
        let Some(mut download) = download else { return Ok(None) };
        match download.next().await {
            Ok(Some(lines)) => Ok(Some((Bytes::from(lines), Some(download)))),
            Ok(None) => {
                download.outgoing.end().await;
                Ok(None)
            }
            Err(failure) => {
                tracing::warn!(error = %failure, "A download of the audit log broke off");
                Err(failure)
            }
        }
    }))
}

struct Download {
    model: ReadModel,
    log: EventLog,
    /// Its `after_position` is how far it is.
    filter: AuditFilter,
    form: Taken,
    /// The size of the log that rows are proven to be in.
    proofs: Option<Position>,
    outgoing: Outgoing,
    begun: bool,
}

/// What breaks a download off.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Read(#[from] ReadFailure),
    #[error(transparent)]
    Log(#[from] LogFailure),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Csv(#[from] ::csv::Error),
}

impl Download {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        let seek = Seek::first(audit::oldest_first(), ENTRIES_AT_ONCE);
        let entries = audit::sorted(&self.model, &self.filter, &seek).await?;
        let header = !std::mem::replace(&mut self.begun, true) && self.form == Taken::Csv;
        let Some(last) = entries.last() else {
            return if header { self.lines(&[], header).await.map(Some) } else { Ok(None) };
        };
        self.filter.after_position = Some(last.position);
        self.lines(&entries, header).await.map(Some)
    }

    async fn lines(&mut self, entries: &[AuditEntry], header: bool) -> Result<Vec<u8>, Broken> {
        let mut lines = vec![];
        let mut table = vec![];
        for entry in entries {
            let proof = match self.proofs {
                Some(size) => self.log.inclusion(entry.position, size).await?.map(|proof| (size, proof)),
                None => None,
            };
            let proof = proof.map(|(size, proof)| {
                let hashes: Vec<String> = proof.hashes.iter().map(hex::encode).collect();
                json!({ "size": size, "leaf_hash": hex::encode(proof.leaf_hash), "hashes": hashes })
            });
            match self.form {
                Taken::Csv => table.push(cells(entry, self.proofs.is_some(), proof.as_ref())),
                Taken::Jsonl | Taken::Ocsf => {
                    serde_json::to_writer(&mut lines, &self.object(entry, proof)?)?;
                    lines.push(b'\n');
                }
            }
        }
        if self.form == Taken::Csv {
            let proven: &[&str] = if self.proofs.is_some() { &PROOF_COLUMNS } else { &[] };
            let names = COLUMNS.iter().chain(proven).copied();
            lines = if header { csv::write(names, table)? } else { csv::lines(table)? };
        }
        self.outgoing.put(&lines, u64::try_from(entries.len()).unwrap_or(u64::MAX));
        Ok(lines)
    }

    fn object(&self, entry: &AuditEntry, proof: Option<Value>) -> serde_json::Result<Value> {
        let mut whole = serde_json::to_value(AuditEntryView::from(entry.clone()))?;
        if let (Some(whole), Some(proof)) = (whole.as_object_mut(), proof) {
            whole.insert("proof".to_owned(), proof);
        }
        Ok(if self.form == Taken::Ocsf { ocsf::event(entry, &whole) } else { whole })
    }
}

fn cells(entry: &AuditEntry, with_proof: bool, proof: Option<&Value>) -> Vec<Cell> {
    let mut cells = vec![
        Cell::number(entry.position),
        Cell::text(entry.event_id),
        Cell::text(entry.occurred_at),
        Cell::text(entry.recorded_at),
        Cell::text(&entry.actor),
        Cell::text(entry.actor_kind.as_str()),
        Cell::text(&entry.authenticated_by),
        Cell::text_or_empty(entry.on_behalf_of.as_ref()),
        Cell::text(&entry.allowed_by),
        Cell::text(&entry.action),
        Cell::text(&entry.subject_type),
        Cell::text(&entry.subject_id),
        Cell::text_or_empty(entry.client_id),
        Cell::text(entry.outcome.as_str()),
        Cell::text_or_empty(entry.reason.as_ref()),
        Cell::text_or_empty(entry.address.as_ref()),
        Cell::text_or_empty(entry.user_agent.as_ref()),
        Cell::text(&entry.request_id),
        Cell::text(&entry.correlation_id),
        Cell::text_or_empty(entry.causation_id.as_ref()),
        Cell::text_or_empty(Some(&entry.changes).filter(|changes| !changes.is_null())),
        Cell::text(&entry.data),
    ];
    if with_proof {
        let field = |name: &str| proof.and_then(|proof| proof.get(name)).cloned().unwrap_or_default();
        let hashes = field("hashes");
        let hashes = hashes.as_array().into_iter().flatten().filter_map(Value::as_str);
        cells.push(Cell::number(field("size")));
        cells.push(Cell::text(field("leaf_hash").as_str().unwrap_or_default()));
        cells.push(Cell::text(hashes.collect::<Vec<_>>().join(" ")));
    }
    cells
}
