//! `GET /v1/roles`: the table.

use axum::Json;
use domain::access::{Access, Permission, Role};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    docs::{FoundPlain, KnownProblems, form},
    guard::Authenticated,
    query::{NoParams, Params},
};

/// What each role holds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Roles {
    roles: Vec<RoleView>,
    permissions: Vec<PermissionView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Role)]
pub(crate) struct RoleView {
    #[schema(value_type = form::Role, inline)]
    role: Role,
    /// Whom it is for.
    says: &'static str,
    permissions: Vec<&'static str>,
    /// Whether a service account can be given it.
    for_people: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Permission)]
pub(crate) struct PermissionView {
    permission: &'static str,
    says: &'static str,
    /// Whether it only looks: of what belongs to nobody, a limited grant lets look and not act.
    reads: bool,
    /// Whether only people may do it, whatever a service account holds.
    for_people: bool,
}

/// Show what each role holds
#[utoipa::path(
    get,
    path = "/v1/roles",
    operation_id = "list_roles",
    tag = "access",
    responses(FoundPlain<Roles>, KnownProblems),
    extensions(("x-tollgate-permission" = json!("none: whoever is known")))
)]
pub(crate) async fn roles(_: Authenticated, _: Params<NoParams>) -> Json<Roles> {
    let role = |role: Role| RoleView {
        role,
        says: role.says(),
        permissions: role.permissions().map(Permission::as_str).collect(),
        for_people: role.is_for_people(),
    };
    let permission = |permission: Permission| PermissionView {
        permission: permission.as_str(),
        says: permission.says(),
        reads: permission.access() == Access::Read,
        for_people: permission.is_for_people(),
    };
    Json(Roles { roles: Role::ALL.map(role).into(), permissions: Permission::ALL.map(permission).into() })
}
