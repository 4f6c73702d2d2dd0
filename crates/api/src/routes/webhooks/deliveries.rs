//! `/v1/webhooks/{id}/deliveries`: what was sent to a webhook, and what became of it.

mod get;
pub(crate) mod list;
mod resend;
pub(crate) mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;

pub(super) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(get::get)).routes(routes!(resend::resend))
}
