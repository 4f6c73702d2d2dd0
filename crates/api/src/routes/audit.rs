//! `/v1/audit`

pub(crate) mod chain;
pub(crate) mod checkpoint;
mod download;
mod export;
mod get;
pub(crate) mod keys;
mod list;
mod ocsf;
pub(crate) mod proof;
pub(crate) mod search_secret;
pub(crate) mod view;
mod whose;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(get::get))
        .routes(routes!(chain::chain))
        .routes(routes!(search_secret::search_secret))
        .routes(routes!(checkpoint::checkpoint))
        .routes(routes!(keys::keys))
        .routes(routes!(proof::inclusion))
        .routes(routes!(proof::consistency))
        .routes(routes!(export::export))
}
