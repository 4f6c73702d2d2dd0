//! `GET /v1/audit/checkpoint`

use axum::Json;
use domain::Timestamp;
use eventlog::checkpoint::{Checkpoint, SignedCheckpoint};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    docs::{FoundPlain, Missing, ReadProblems},
    guard::{Allowed, Needs, needs::AuditRead},
    problem::{Problem, kinds},
    query::{NoParams, Params},
};

/// The newest signed statement of the log's size and root. Who keeps one holds the log to its past.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Checkpoint)]
pub(crate) struct CheckpointView {
    /// The name of the log, and of the keys that sign it.
    #[schema(example = "tollgate/8f14e45fceea167a5a36")]
    origin: String,
    /// The number of events.
    size: u64,
    /// The root of the Merkle tree over them (RFC 6962), in hexadecimal.
    #[schema(example = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae")]
    root: String,
    signed_at: Timestamp,
    /// The signed note (C2SP tlog-checkpoint), as it was published.
    note: String,
}

impl CheckpointView {
    fn of(checkpoint: &SignedCheckpoint) -> Result<Self, Problem> {
        let said = Checkpoint::of(&checkpoint.note).map_err(|refusal| Problem::internal(&refusal))?;
        Ok(Self {
            origin: said.origin,
            size: checkpoint.size.get(),
            root: hex::encode(checkpoint.root),
            signed_at: checkpoint.signed_at,
            note: checkpoint.note.to_string(),
        })
    }
}

/// Show the newest checkpoint
///
/// A log is signed within two seconds of its last event.
#[utoipa::path(
    get,
    path = "/v1/audit/checkpoint",
    operation_id = "get_audit_checkpoint",
    tag = "audit",
    responses(FoundPlain<CheckpointView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("audit.read")))
)]
pub(crate) async fn checkpoint(
    allowed: Allowed<AuditRead>,
    _: Params<NoParams>,
) -> Result<Json<CheckpointView>, Problem> {
    CheckpointView::of(&newest(&allowed).await?).map(Json)
}

/// The newest checkpoint, which every proof is of.
pub(super) async fn newest<P: Needs>(allowed: &Allowed<P>) -> Result<SignedCheckpoint, Problem> {
    let newest = allowed.log().checkpoint().await.map_err(|failure| Problem::failed(&failure))?;
    newest.ok_or_else(|| Problem::new(kinds::NOT_SIGNED_YET))
}
