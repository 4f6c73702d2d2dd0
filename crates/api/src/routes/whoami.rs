//! `GET /v1/whoami`

use axum::Json;
use domain::{
    access::{Permission, Principal, Role, authorize},
    metadata::ActorKind,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    docs::{FoundPlain, KnownProblems, form},
    guard::{Authenticated, Door},
    query::{NoParams, Params},
};

/// Whom a token stands for, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Whoami {
    #[schema(example = "bootstrap-admin")]
    id: String,
    #[schema(value_type = form::ActorKind, inline)]
    kind: ActorKind,
    #[schema(example = "bootstrap_token")]
    authenticated_by: String,
    roles: Vec<&'static str>,
    permissions: Vec<&'static str>,
}

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(whoami))
}

/// Tell who I am
#[utoipa::path(
    get,
    path = "/v1/whoami",
    operation_id = "whoami",
    tag = "access",
    responses(FoundPlain<Whoami>, KnownProblems)
)]
pub(crate) async fn whoami(Authenticated(principal): Authenticated, _: Params<NoParams>) -> Json<Whoami> {
    let held = |permission: &Permission| authorize(&principal, *permission).is_ok();
    let permissions = Permission::ALL.into_iter().filter(held).map(Permission::as_str).collect();
    let Principal { id, kind, authenticated_by, roles } = principal;
    let roles = roles.into_iter().map(Role::as_str).collect();
    Json(Whoami { id, kind, authenticated_by: authenticated_by.to_owned(), roles, permissions })
}
