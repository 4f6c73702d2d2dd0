//! `/v1/policies`

mod assign;
pub(crate) mod body;
mod define;
pub(crate) mod findings;
mod get;
mod get_assignment;
mod list;
mod list_assignments;
mod retire;
pub(crate) mod revise;
pub(crate) mod simulate;
mod unassign;
pub(crate) mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(define::define, list::list))
        .routes(routes!(get::get, revise::revise))
        .routes(routes!(findings::findings))
        .routes(routes!(simulate::simulate))
        .routes(routes!(retire::retire))
        .routes(routes!(assign::assign))
        .routes(routes!(list_assignments::list))
        .routes(routes!(get_assignment::get_assignment, unassign::unassign))
}
