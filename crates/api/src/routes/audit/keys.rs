//! `GET /v1/audit/keys`

use axum::Json;
use domain::Timestamp;
use eventlog::checkpoint::{CheckpointKey, Identity};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    docs::{FoundPlain, ReadProblems},
    guard::{Allowed, needs::AuditRead},
    problem::Problem,
    query::{NoParams, Params},
};

/// By whom the log is and was signed, and under which names.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckpointKeys)]
pub(crate) struct KeysView {
    /// The oldest first.
    keys: Vec<KeyOfLog>,
    /// The last one is in force; more than one means that an operator has abandoned what was signed before.
    identities: Vec<IdentityView>,
}

/// A public key. Pin it from elsewhere than the log that it is to verify.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckpointKey)]
pub(crate) struct KeyOfLog {
    /// The verifier key (C2SP signed-note).
    #[schema(example = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    vkey: String,
    /// The size of the log at its first signature.
    first_size: u64,
    first_signed_at: Timestamp,
    /// Whether it has signed the newest checkpoint.
    signs: bool,
}

/// A name that the log was signed under.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogIdentity)]
pub(crate) struct IdentityView {
    #[schema(minimum = 1)]
    number: u32,
    #[schema(example = "tollgate/8f14e45fceea167a5a36")]
    origin: String,
    made_at: Timestamp,
    reason: String,
    /// The name that was signed before and is not continued, and how many events it was signed for.
    abandoned_origin: Option<String>,
    abandoned_size: Option<u64>,
}

/// List the keys that sign the log
#[utoipa::path(
    get,
    path = "/v1/audit/keys",
    operation_id = "list_audit_keys",
    tag = "audit",
    responses(FoundPlain<KeysView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("audit.read")))
)]
pub(crate) async fn keys(
    allowed: Allowed<AuditRead>,
    _: Params<NoParams>,
) -> Result<Json<KeysView>, Problem> {
    let (log, failed) = (allowed.log(), |failure| Problem::failed(&failure));
    let newest = log.checkpoint().await.map_err(failed)?.map(|newest| newest.note);
    let keys = log.checkpoint_keys().await.map_err(failed)?.into_iter().map(|key| {
        let CheckpointKey { vkey, identity: _, first_size, first_signed_at } = key;
        let signs = newest.iter().flat_map(|note| note.signatures()).any(|line| vkey.is_named_by(line));
        KeyOfLog { vkey: vkey.to_string(), first_size: first_size.get(), first_signed_at, signs }
    });
    let identities = log.identities().await.map_err(failed)?.into_iter().map(|identity| {
        let Identity { number, origin, made_at, reason, abandoned } = identity;
        let (abandoned_origin, size) = abandoned.unzip();
        let abandoned_size = size.map(domain::Position::get);
        IdentityView { number, origin, made_at, reason, abandoned_origin, abandoned_size }
    });
    Ok(Json(KeysView { keys: keys.collect(), identities: identities.collect() }))
}
