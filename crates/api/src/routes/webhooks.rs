//! `/v1/webhooks`: who is told of events as they happen, and where.

mod body;
mod create;
mod delete;
pub(crate) mod deliveries;
pub(crate) mod events;
mod get;
pub(crate) mod keys;
mod list;
mod replay;
mod rotate;
mod sent;
mod signing;
mod standing;
mod test;
mod update;
mod verify;
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
        .routes(routes!(verify::verify))
        .routes(routes!(test::test))
        .routes(routes!(events::events))
        .routes(routes!(replay::replay))
        .merge(deliveries::all())
}
