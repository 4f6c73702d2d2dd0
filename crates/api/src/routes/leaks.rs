//! `/v1/leaks`

mod get;
mod list;
pub(crate) mod receive;
pub(crate) mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(get::get))
        .routes(routes!(receive::receive_github))
        .routes(routes!(receive::receive_generic))
}
