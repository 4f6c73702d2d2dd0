//! `POST /v1/audit/search-secret`

use axum::Json;
use domain::observation::{ObservationEvent, SecretSearched};
use projections::queries::{
    Page,
    audit::{self, AuditFilter},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    view::AuditEntryView,
    whose::{Whose, find},
};
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
    /// A key of a client, ours or taken over, or a token of a principal. It is neither kept nor handed on.
    #[schema(value_type = String, min_length = 1, max_length = 8192, format = Password)]
    secret: SecretString,
}

/// Whose secret it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecretSearch)]
pub(crate) struct SearchView {
    /// Null: nobody's, or of somebody who is out of reach.
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
    /// Which of theirs, counted from 1; null of one that stands in the settings.
    secret_version: Option<u32>,
}

impl From<Whose> for FoundView {
    fn from(Whose { r#type, id, secret_version }: Whose) -> Self {
        Self { r#type, id, secret_version }
    }
}

/// Find whose secret one is
///
/// Or was: one that was rotated away, revoked or has expired is found like one that lives. For whoever finds one where none belongs. The secret is compared by its digest and stands in no log; that somebody has searched, and what
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
    let found = find(&ask, secret.expose_secret()).await?;
    let event = SecretSearched { found: found.as_ref().map(|found| found.id.clone()) };
    let event = ObservationEvent::SecretSearched(event);
    let recorded = ask.door().api().observe(ask.doer(), event, ask.circumstances()).await;
    recorded.map_err(|failure| Problem::failed(&failure))?;
    let items = match &found {
        Some(found) => entries(&ask, &found.id).await?,
        None => vec![],
    };
    Ok(Json(SearchView { found: found.map(FoundView::from), items }))
}

async fn entries(ask: &Ask<AuditRead>, id: &str) -> Result<Vec<AuditEntryView>, Problem> {
    let filter =
        AuditFilter { subject_id: Some(id.to_owned()), reach: ask.reach(), ..AuditFilter::default() };
    let found = audit::list(ask.read(), &filter, &Page::first(ENTRIES_MAX)).await;
    Ok(found.map_err(|failure| Problem::unread(&failure))?.into_iter().map(AuditEntryView::from).collect())
}
