//! `GET /v1/leaks/{id}`

use axum::Json;
use domain::LeakId;
use projections::queries::leaks;

use super::view::LeakView;
use crate::{
    docs::{FoundPlain, LeakPath, Missing, ReadProblems},
    facts::read_key,
    guard::{Allowed, needs::LeakRead},
    path::{Id, Named},
    problem::Problem,
    query::{NoParams, Params},
};

/// Show a report of a leaked secret
#[utoipa::path(
    get,
    path = "/v1/leaks/{id}",
    operation_id = "get_leak",
    tag = "leaks",
    params(LeakPath),
    responses(FoundPlain<LeakView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("leak.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<LeakRead>,
    Id(id): Id<LeakId>,
    _: Params<NoParams>,
) -> Result<Json<LeakView>, Problem> {
    let leak = leaks::get(allowed.read(), id).await.map_err(|failure| Problem::unread(&failure))?;
    let leak = leak.ok_or_else(LeakId::missing)?;
    let facts = read_key(allowed.read(), leak.key_id).await.map_err(|failure| Problem::unread(&failure))?;
    allowed.reveals(&facts, LeakId::missing)?;
    Ok(Json(leak.into()))
}
