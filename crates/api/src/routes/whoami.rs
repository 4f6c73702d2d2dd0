//! `GET /v1/whoami`

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use domain::{
    GrantId, Timestamp,
    access::{Grant, GrantScope, HeldGrant, Permission, Principal, Role, Source, holds},
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
    /// Those of the grants in force.
    roles: Vec<&'static str>,
    /// Those held in any scope.
    permissions: Vec<&'static str>,
    /// In force now, in the order in which they are asked.
    grants: Vec<HeldView>,
    /// Until when the caller is an administrator by a broken glass; null where it is whole.
    break_glass_until: Option<Timestamp>,
}

/// A role in a scope.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HeldGrant)]
pub(crate) struct HeldView {
    /// Null where the installation itself gives it, or a broken glass.
    #[schema(value_type = Option<form::GrantId>, inline)]
    id: Option<GrantId>,
    #[schema(value_type = form::Role, inline)]
    role: Role,
    #[schema(value_type = form::GrantScope, inline)]
    scope: GrantScope,
    until: Option<Timestamp>,
    /// What an event that it allows says of it.
    #[schema(example = "role:admin")]
    allowed_by: String,
}

impl HeldView {
    fn of(held: &HeldGrant) -> Self {
        let HeldGrant { role, scope, until, source } = held;
        let id = match source {
            Source::Grant(id) => Some(*id),
            Source::BuiltIn | Source::BreakGlass(_) | Source::Claims => None,
        };
        Self {
            id,
            role: *role,
            scope: scope.clone(),
            until: *until,
            allowed_by: Grant::from(held).describe(),
        }
    }
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
    responses(FoundPlain<Whoami>, KnownProblems),
    extensions(("x-tollgate-permission" = json!("none: whoever is known")))
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
    let in_force: Vec<HeldGrant> = grants.into_iter().filter(|held| held.is_in_force(now)).collect();
    let roles = in_force.iter().map(|held| held.role).collect::<BTreeSet<Role>>();
    let broken = in_force.iter().find(|held| matches!(held.source, Source::BreakGlass(_)));
    Json(Whoami {
        id,
        kind: kind.actor_kind(),
        authenticated_by: authenticated_by.to_owned(),
        roles: roles.into_iter().map(Role::as_str).collect(),
        permissions,
        break_glass_until: broken.and_then(|held| held.until),
        grants: in_force.iter().map(HeldView::of).collect(),
    })
}
