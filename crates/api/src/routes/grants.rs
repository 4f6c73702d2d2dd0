//! `/v1/grants`, and `/v1/roles`: what they can give.

mod get;
mod give;
mod list;
pub(crate) mod roles;
pub(crate) mod view;
mod withdraw;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(give::give, list::list))
        .routes(routes!(get::get, withdraw::withdraw))
        .routes(routes!(roles::roles))
}
