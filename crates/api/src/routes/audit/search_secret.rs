//! `POST /v1/audit/search-secret`

use axum::Json;
use domain::{
    KeyId, Timestamp,
    access::ResourceFacts,
    api_key::ApiKey,
    observation::{ObservationEvent, SecretSearched},
};
use projections::queries::{
    Page,
    audit::{self, AuditFilter},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::AuditEntryView;
use crate::{
    ask::Ask,
    docs::{AskProblems, FoundPlain},
    guard::needs::AuditRead,
    problem::{Problem, kinds},
};

/// The newest entries about whatever the secret is of; more are found by `subject_id`.
const ENTRIES_MAX: u32 = 50;
/// Nothing longer is a secret of ours, or of a system whose keys were taken over.
const SECRET_BYTES_MAX: usize = 8 * 1024;

/// A secret that was found somewhere.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretToSearch {
    /// A key of a client, ours or taken over, or a token of a service account. It is neither kept nor handed on.
    #[schema(value_type = String, min_length = 1, max_length = 8192, format = Password)]
    secret: SecretString,
}

/// Whose secret it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecretSearch)]
pub(crate) struct SearchView {
    /// Null: nobody's, or of somebody who is out of reach; or it has ended for good.
    found: Option<FoundView>,
    /// The newest entries about it.
    items: Vec<AuditEntryView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FoundSecret)]
pub(crate) struct FoundView {
    /// `api_key` or `principal`.
    #[schema(example = "api_key")]
    r#type: &'static str,
    #[schema(example = "key_01jx3v6k9q8z7m5n4p3r2s1t0v")]
    id: String,
    /// Of a key: which of its secrets, counted from 1.
    secret_version: Option<u32>,
}

/// Find whose secret one is
///
/// For whoever finds one where none belongs. The secret is compared by its digest and stands in no log; that somebody has searched, and what
/// was found, is on record before the answer.
#[utoipa::path(
    post,
    path = "/v1/audit/search-secret",
    operation_id = "search_secret",
    tag = "audit",
    request_body = SecretToSearch,
    responses(FoundPlain<SearchView>, AskProblems),
    extensions(("x-tollgate-permission" = json!("audit.read")))
)]
pub(crate) async fn search_secret(ask: Ask<AuditRead>) -> Result<Json<SearchView>, Problem> {
    let SecretToSearch { secret } = ask.body()?;
    let length = secret.expose_secret().len();
    if !(1..=SECRET_BYTES_MAX).contains(&length) {
        let why = "must be 1 to 8192 bytes";
        return Err(Problem::because(kinds::BODY_INVALID, why).with("pointer", "/secret"));
    }
    let found = find(&ask, secret.expose_secret(), ask.now()).await?;
    let event = SecretSearched { found: found.as_ref().map(|found| found.id.clone()) };
    let event = ObservationEvent::SecretSearched(event);
    let recorded = ask.door().api().observe(ask.doer(), event, ask.circumstances()).await;
    recorded.map_err(|failure| Problem::failed(&failure))?;
    let items = match &found {
        Some(found) => entries(&ask, &found.id).await?,
        None => vec![],
    };
    Ok(Json(SearchView { found, items }))
}

async fn find(ask: &Ask<AuditRead>, secret: &str, now: Timestamp) -> Result<Option<FoundView>, Problem> {
    let api = ask.door().api();
    if let Some((key_id, version)) = api.leaks.holders.as_ref().and_then(|holders| holders.holder(secret)) {
        return of_key(ask, key_id, version).await;
    }
    let Some(principal) = api.access.principal(&api.peppers, secret, now) else { return Ok(None) };
    // A principal is nobody's: only who sees everything is told.
    let seen = ask.sees(domain::access::Permission::AuditRead, &ResourceFacts::Shared);
    let found = FoundView { r#type: "principal", id: principal.id, secret_version: None };
    Ok(Some(found).filter(|_| seen && ask.reach() == domain::access::Reach::Everything))
}

/// Of a key that whoever asks does not see, nothing is told.
async fn of_key(ask: &Ask<AuditRead>, key_id: KeyId, version: u32) -> Result<Option<FoundView>, Problem> {
    let (_, facts) = ask.judge::<ApiKey>(key_id).await?;
    let seen = facts.is_some_and(|facts| ask.sees(domain::access::Permission::AuditRead, &facts));
    let found = FoundView { r#type: "api_key", id: key_id.to_string(), secret_version: Some(version) };
    Ok(Some(found).filter(|_| seen))
}

async fn entries(ask: &Ask<AuditRead>, id: &str) -> Result<Vec<AuditEntryView>, Problem> {
    let filter =
        AuditFilter { subject_id: Some(id.to_owned()), reach: ask.reach(), ..AuditFilter::default() };
    let found = audit::list(ask.read(), &filter, &Page::first(ENTRIES_MAX)).await;
    Ok(found.map_err(|failure| Problem::unread(&failure))?.into_iter().map(AuditEntryView::from).collect())
}
