//! `GET /v1/audit/{position}`

use axum::Json;
use domain::Position;
use projections::queries::audit;

use super::view::AuditEntryView;
use crate::{
    docs::{FoundPlain, Missing, PositionPath, ReadProblems},
    guard::{Allowed, needs::AuditRead},
    path::{Id, Named},
    problem::{Problem, kinds},
    query::{NoParams, Params},
};

/// Show an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/audit/{position}",
    operation_id = "get_audit_entry",
    tag = "audit",
    params(PositionPath),
    responses(FoundPlain<AuditEntryView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("audit.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<AuditRead>,
    Id(position): Id<u64>,
    _: Params<NoParams>,
) -> Result<Json<AuditEntryView>, Problem> {
    let entry = audit::get_within(allowed.read(), Position::new(position), &allowed.reach()).await;
    let entry = entry.map_err(|failure| Problem::unread(&failure))?.ok_or_else(u64::missing)?;
    Ok(Json(entry.into()))
}

impl Named for u64 {
    const PARAMETER: &'static str = "position";

    fn missing() -> Problem {
        Problem::new(kinds::AUDIT_ENTRY_NOT_FOUND)
    }
}
