//! `/v1/sessions`: who is signed in.

mod end;
mod list;

use domain::{
    Timestamp,
    access::{self, Permission, Principal, ResourceFacts},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(end::end))
}

/// Whether the principal may do this to the sessions of others, too.
fn may_others(principal: &Principal, permission: Permission, now: Timestamp) -> bool {
    access::authorize(principal, permission, &ResourceFacts::Shared, now).is_ok()
}
