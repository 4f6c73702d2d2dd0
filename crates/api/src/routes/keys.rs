//! `/v1/keys` and `/v1/clients/{id}/keys`

pub(crate) mod bulk;
mod extend_overlap;
mod get;
pub(crate) mod import;
mod issue;
mod list;
mod reinstate;
mod release;
mod retire_previous;
mod revoke;
mod rotate;
pub(crate) mod rotation;
mod suspend;
pub(crate) mod view;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(issue::issue))
        .routes(routes!(list::list))
        .routes(routes!(get::get))
        .routes(routes!(rotation::rotation))
        .routes(routes!(rotate::rotate))
        .routes(routes!(extend_overlap::extend_overlap))
        .routes(routes!(retire_previous::retire_previous))
        .routes(routes!(revoke::revoke))
        .routes(routes!(suspend::suspend))
        .routes(routes!(reinstate::reinstate))
        .routes(routes!(release::release))
        .routes(routes!(bulk::revoke_keys))
        .routes(routes!(bulk::suspend_keys))
        .merge(uploads())
}

fn uploads() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(import::import_keys))
        .layer(DefaultBodyLimit::max(import::UPLOAD_BYTES_MAX))
}
