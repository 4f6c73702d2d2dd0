//! `/v1/clients`

mod archive;
pub(crate) mod body;
mod get;
mod list;
mod register;
mod reinstate;
mod suspend;
mod update;
pub(crate) mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(register::register, list::list))
        .routes(routes!(get::get, update::update))
        .routes(routes!(suspend::suspend))
        .routes(routes!(reinstate::reinstate))
        .routes(routes!(archive::archive))
}
