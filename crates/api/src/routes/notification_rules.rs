//! `/v1/notification-rules`: what is told to whom.

mod body;
mod end;
mod get;
mod list;
mod make;
pub(crate) mod preview;
mod update;
pub(crate) mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(make::make, list::list))
        .routes(routes!(preview::preview))
        .routes(routes!(get::get, update::update, end::end))
}
