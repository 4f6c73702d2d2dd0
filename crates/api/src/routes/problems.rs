//! `GET /problems/{code}`: what the `type` of a problem points at.

use axum::{Json, extract::RawPathParams};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    docs::{FoundPlain, Missing},
    guard::Door,
    problem::{CatalogueEntry, Problem, catalogue, kinds},
};

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(explain))
}

/// Explain a problem
#[utoipa::path(
    get,
    path = "/problems/{code}",
    operation_id = "explain_problem",
    tag = "operations",
    params(("code" = String, Path, example = "key_revoked")),
    responses(FoundPlain<CatalogueEntry>, Missing),
    security(()),
    extensions(("x-tollgate-permission" = json!("none: open to anybody")))
)]
pub(crate) async fn explain(path: RawPathParams) -> Result<Json<CatalogueEntry>, Problem> {
    let code = path.iter().find(|(name, _)| *name == "code").map(|(_, code)| code).unwrap_or_default();
    let entry = catalogue().iter().find(|entry| entry.code == code);
    entry.cloned().map(Json).ok_or_else(|| Problem::new(kinds::PATH_NOT_FOUND))
}
