//! `/v1/service-accounts`

mod get;
mod list;
mod make;
mod standing;
pub(crate) mod token;
pub(crate) mod view;

pub(crate) use make::end as token_end;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(make::make, list::list))
        .routes(routes!(get::get))
        .routes(routes!(token::rotate))
        .routes(routes!(token::revoke))
        .routes(routes!(standing::disable_service_account))
        .routes(routes!(standing::enable_service_account))
}
