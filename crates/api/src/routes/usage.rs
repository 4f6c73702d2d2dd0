//! `/v1/usage`

pub(crate) mod current;
pub(crate) mod reset;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(current::current)).routes(routes!(reset::reset))
}
