//! `/v1/principals`: people.

pub(crate) mod add;
mod break_glass;
mod get;
mod list;
pub(crate) mod standing;
mod token;
pub(crate) mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(add::add, list::list))
        .routes(routes!(get::get))
        .routes(routes!(standing::disable_person))
        .routes(routes!(standing::enable_person))
        .routes(routes!(token::rotate))
        .routes(routes!(token::revoke))
        .routes(routes!(break_glass::open))
        .routes(routes!(break_glass::close))
}
