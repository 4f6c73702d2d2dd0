//! `/v1/routes`

mod define;
mod get;
pub(crate) mod import;
mod list;
mod overlap;
pub(crate) mod retire;
mod revise;
pub(crate) mod view;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(crate) fn all() -> OpenApiRouter<Door> {
    let import = OpenApiRouter::new()
        .routes(routes!(import::import))
        .layer(DefaultBodyLimit::max(import::DOCUMENT_BYTES_MAX));
    OpenApiRouter::new().merge(import).routes(routes!(define::define, list::list)).routes(routes!(
        get::get,
        revise::revise,
        retire::retire
    ))
}
