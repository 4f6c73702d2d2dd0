//! `/v1/reports`

mod csv;
mod dimensions;
pub(crate) mod shadow;
pub(crate) mod usage;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(usage::usage)).routes(routes!(shadow::shadow))
}
