//! `GET /v1/audit/{position}/chain`

use std::collections::HashMap;

use axum::Json;
use domain::{Position, access::Reach};
use outbox::DeliveryFilter;
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
    routes::webhooks::deliveries::view::DeliveryView,
};

/// A longer chain is cut: an operation on thousands of keys has as many entries.
const ENTRIES_MAX: u32 = 1_000;
/// The same of deliveries: one event may be told to thousands.
const DELIVERIES_MAX: u32 = 1_000;

/// What an entry was caused by, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditChain)]
pub(crate) struct ChainView {
    /// In the order of the log.
    items: Vec<Link>,
    /// What was told of these entries and to whom, the newest first: events to webhooks, and notices by rules. Without addresses. Null
    /// for those whose `audit.read` does not reach everything.
    deliveries: Option<Vec<DeliveryView>>,
    /// Whether there are more of either.
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
/// All that the same request has set in motion: the events of its command, what operations, scheduled changes and later steps have
/// made of them, the notices of these, and what became of each delivery.
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
    let positions = chain.entries.iter().map(|entry| entry.position).collect();
    let items = chain.entries.into_iter().map(|entry| {
        let own = entry.position.get();
        let cause = entry.causation_id.as_ref().and_then(|id| causes.get(id).copied());
        Link { caused_by: cause.filter(|cause| *cause != own), entry: entry.into() }
    });
    let items = items.collect();
    let (deliveries, more) = told(&allowed, positions).await?.unzip();
    Ok(Json(ChainView { items, deliveries, truncated: chain.truncated || more.unwrap_or_default() }))
}

/// The deliveries of what happened there, and whether there are more. A delivery may go to somebody else than the entry is of: only who
/// sees every entry sees them.
async fn told(
    allowed: &Allowed<AuditRead>,
    positions: Vec<Position>,
) -> Result<Option<(Vec<DeliveryView>, bool)>, Problem> {
    if allowed.reach() != Reach::Everything {
        return Ok(None);
    }
    let filter = DeliveryFilter { positions, ..DeliveryFilter::default() };
    let page = outbox::Page::first(DELIVERIES_MAX + 1);
    let mut rows =
        allowed.outbox().deliveries(&filter, page).await.map_err(|failure| Problem::unsent(&failure))?;
    let most = usize::try_from(DELIVERIES_MAX).unwrap_or(usize::MAX);
    let more = rows.len() > most;
    rows.truncate(most);
    Ok(Some((rows.into_iter().map(|row| DeliveryView::from(row).without_address()).collect(), more)))
}
