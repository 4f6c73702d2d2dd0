//! `GET /v1/whoami`

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use domain::{
    access::{HeldGrant, Permission, Principal, Role, holds},
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
pub(crate) async fn whoami(
    State(door): State<Door>,
    Authenticated(principal): Authenticated,
    _: Params<NoParams>,
) -> Json<Whoami> {
    let now = door.now();
    let held = |permission: &Permission| holds(&principal, *permission, now).is_ok();
    let permissions = Permission::ALL.into_iter().filter(held).map(Permission::as_str).collect();
    let Principal { id, kind, authenticated_by, grants } = principal;
    let in_force = grants.iter().filter(|held: &&HeldGrant| held.is_in_force(now)).map(|held| held.role);
    let roles = in_force.collect::<BTreeSet<Role>>().into_iter().map(Role::as_str).collect();
    let (kind, authenticated_by) = (kind.actor_kind(), authenticated_by.to_owned());
    Json(Whoami { id, kind, authenticated_by, roles, permissions })
}
