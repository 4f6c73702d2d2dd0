//! `/v1/webhooks`: who is told of events as they happen, and where.

mod body;
mod create;
mod delete;
mod get;
pub(crate) mod keys;
mod list;
mod rotate;
mod signing;
mod standing;
mod update;
pub(crate) mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(keys::keys))
        .routes(routes!(get::get, update::update, delete::delete))
        .routes(routes!(rotate::rotate))
        .routes(routes!(standing::disable))
        .routes(routes!(standing::enable))
}
