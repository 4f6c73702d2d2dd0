//! `GET /v1/audit/{position}/chain`

use std::collections::HashMap;

use axum::Json;
use domain::Position;
use projections::queries::audit;
use serde::Serialize;
use utoipa::ToSchema;

use super::view::AuditEntryView;
use crate::{
    docs::{FoundPlain, Missing, PositionPath, ReadProblems},
    guard::{Allowed, needs::AuditRead},
    path::{Id, Named as _},
    problem::Problem,
    query::{NoParams, Params},
};

/// A longer chain is cut: an operation on thousands of keys has as many entries.
const ENTRIES_MAX: u32 = 1_000;

/// What an entry was caused by, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditChain)]
pub(crate) struct ChainView {
    /// In the order of the log.
    items: Vec<Link>,
    /// Whether there are more.
    truncated: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditChainLink)]
pub(crate) struct Link {
    /// The position of the event that caused this one; null where a request did, or where that event is not among these.
    caused_by: Option<u64>,
    entry: AuditEntryView,
}

/// Show the chain of causes that an entry stands in
///
/// All that the same request has set in motion: the events of its command, and what operations, scheduled changes and later steps have
/// made of them.
#[utoipa::path(
    get,
    path = "/v1/audit/{position}/chain",
    operation_id = "get_audit_chain",
    tag = "audit",
    params(PositionPath),
    responses(FoundPlain<ChainView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("audit.read")))
)]
pub(crate) async fn chain(
    allowed: Allowed<AuditRead>,
    Id(position): Id<u64>,
    _: Params<NoParams>,
) -> Result<Json<ChainView>, Problem> {
    let chain = audit::chain(allowed.read(), Position::new(position), &allowed.reach(), ENTRIES_MAX).await;
    let chain = chain.map_err(|failure| Problem::unread(&failure))?.ok_or_else(u64::missing)?;
    // A cause is an event, or a thing whose first event that is.
    let mut causes: HashMap<String, u64> = HashMap::new();
    for entry in &chain.entries {
        causes.entry(entry.event_id.to_string()).or_insert(entry.position.get());
        causes.entry(entry.subject_id.clone()).or_insert(entry.position.get());
    }
    let items = chain.entries.into_iter().map(|entry| {
        let own = entry.position.get();
        let cause = entry.causation_id.as_ref().and_then(|id| causes.get(id).copied());
        Link { caused_by: cause.filter(|cause| *cause != own), entry: entry.into() }
    });
    Ok(Json(ChainView { items: items.collect(), truncated: chain.truncated }))
}
