//! `/v1/scheduled-changes`

mod body;
mod cancel;
mod get;
mod held;
mod list;
mod plan;
pub(crate) mod planning;
pub(crate) mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(plan::plan))
        .routes(routes!(list::list))
        .routes(routes!(get::get))
        .routes(routes!(cancel::cancel))
}
