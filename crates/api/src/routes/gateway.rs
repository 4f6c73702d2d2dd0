//! `/v1/gateway`

pub(crate) mod nodes;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(nodes::list))
}
