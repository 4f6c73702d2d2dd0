//! `GET /v1/audit/{position}/proof` and `GET /v1/audit/consistency`

use axum::Json;
use domain::{Position, access::Reach};
use eventlog::checkpoint::SignedCheckpoint;
use projections::queries::audit;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::checkpoint::newest;
use crate::{
    docs::{FoundPlain, Missing, PositionPath, ReadProblems},
    guard::{Allowed, needs::AuditRead},
    path::{Id, Named as _},
    problem::{Problem, kinds},
    query::Params,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Of {
    /// The size of the log that the proof is for. Absent: the newest checkpoint's.
    #[param(value_type = u64, required = false, minimum = 1)]
    size: Option<u64>,
}

/// That an event is in the log (RFC 6962 §2.1.1). The first hash stands beside the leaf; the last makes the root.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InclusionProof)]
pub(crate) struct InclusionView {
    position: u64,
    size: u64,
    /// SHA-256 over a zero byte and the audited bytes, in hexadecimal as all hashes here.
    #[schema(example = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae")]
    leaf_hash: String,
    #[schema(example = json!(["9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0"]))]
    hashes: Vec<String>,
    /// What leaf and hashes come to: the root of the log of that size.
    #[schema(example = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae")]
    root: String,
    /// The newest signed note. Where it is of another size, ask for the consistency of both.
    checkpoint: String,
}

/// Prove that an event is in the log
#[utoipa::path(
    get,
    path = "/v1/audit/{position}/proof",
    operation_id = "get_audit_proof",
    tag = "audit",
    params(PositionPath, Of),
    responses(FoundPlain<InclusionView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("audit.read")))
)]
pub(crate) async fn inclusion(
    allowed: Allowed<AuditRead>,
    Id(position): Id<u64>,
    Params(Of { size }): Params<Of>,
) -> Result<Json<InclusionView>, Problem> {
    reveal(&allowed, Position::new(position)).await?;
    let newest = newest(&allowed).await?;
    let size = signed(&newest, size)?;
    let (log, failed) = (allowed.log(), |failure| Problem::failed(&failure));
    let proof = log.inclusion(Position::new(position), size).await.map_err(failed)?;
    let proof = proof.ok_or_else(|| Problem::new(kinds::NOT_SIGNED_YET))?;
    Ok(Json(InclusionView {
        position,
        size: size.get(),
        leaf_hash: hex::encode(proof.leaf_hash),
        hashes: proof.hashes.iter().map(hex::encode).collect(),
        root: hex::encode(log.root(size).await.map_err(failed)?),
        checkpoint: newest.note.to_string(),
    }))
}

/// Whoever does not see an entry is not told its hash either.
async fn reveal(allowed: &Allowed<AuditRead>, position: Position) -> Result<(), Problem> {
    let reach = allowed.reach();
    if reach == Reach::Everything {
        return Ok(());
    }
    let seen = audit::get_within(allowed.read(), position, &reach).await;
    let seen = seen.map_err(|failure| Problem::unread(&failure))?;
    seen.map(drop).ok_or_else(u64::missing)
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Between {
    /// The size of the smaller log.
    #[param(value_type = u64, minimum = 1)]
    from: u64,
    /// The size of the larger one. Absent: the newest checkpoint's.
    #[param(value_type = u64, required = false, minimum = 1)]
    to: Option<u64>,
}

/// That a log begins with a smaller one (RFC 6962 §2.1.2): nothing of it was changed or taken away.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsistencyProof)]
pub(crate) struct ConsistencyView {
    from: u64,
    to: u64,
    #[schema(example = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae")]
    from_root: String,
    #[schema(example = "9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0")]
    to_root: String,
    #[schema(example = json!(["9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0"]))]
    hashes: Vec<String>,
    /// The newest signed note.
    checkpoint: String,
}

/// Prove that the log only grew
#[utoipa::path(
    get,
    path = "/v1/audit/consistency",
    operation_id = "get_audit_consistency",
    tag = "audit",
    params(Between),
    responses(FoundPlain<ConsistencyView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("audit.read")))
)]
pub(crate) async fn consistency(
    allowed: Allowed<AuditRead>,
    Params(Between { from, to }): Params<Between>,
) -> Result<Json<ConsistencyView>, Problem> {
    let newest = newest(&allowed).await?;
    let (from, to) = (signed(&newest, Some(from))?, signed(&newest, to)?);
    if from > to {
        return Err(Problem::because(kinds::QUERY_INVALID, "from: must not be above `to`"));
    }
    let (log, failed) = (allowed.log(), |failure| Problem::failed(&failure));
    Ok(Json(ConsistencyView {
        from: from.get(),
        to: to.get(),
        from_root: hex::encode(log.root(from).await.map_err(failed)?),
        to_root: hex::encode(log.root(to).await.map_err(failed)?),
        hashes: log.consistency(from, to).await.map_err(failed)?.iter().map(hex::encode).collect(),
        checkpoint: newest.note.to_string(),
    }))
}

/// A size that the newest checkpoint reaches.
fn signed(newest: &SignedCheckpoint, asked: Option<u64>) -> Result<Position, Problem> {
    match asked.map(Position::new) {
        None => Ok(newest.size),
        Some(Position::START) => Err(Problem::because(kinds::QUERY_INVALID, "a log has at least one event")),
        Some(size) if size > newest.size => Err(Problem::new(kinds::NOT_SIGNED_YET)),
        Some(size) => Ok(size),
    }
}
