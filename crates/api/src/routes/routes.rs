//! `/v1/routes`

mod define;
mod get;
mod list;
mod overlap;
pub(crate) mod retire;
mod revise;
pub(crate) mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(define::define, list::list)).routes(routes!(
        get::get,
        revise::revise,
        retire::retire
    ))
}
