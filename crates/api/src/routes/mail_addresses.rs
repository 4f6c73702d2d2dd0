//! `/v1/mail-addresses`: addresses that mail does not reach. A mail server that takes a letter may say later that it could not
//! be delivered; whoever hears of it says so here, and what is for the address goes to the client's owner.

mod list;
mod mark;

use domain::Timestamp;
use outbox::MarkedAddress;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Door;
pub(crate) use mark::MarkedView;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(mark::mark)).routes(routes!(mark::unmark))
}

/// An address that mail does not reach.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailAddress)]
pub(crate) struct MailAddressView {
    /// In lower case. Null where the caller may not see whose it is: that takes `client.read`.
    #[schema(example = "ada@example.com")]
    address: Option<String>,
    /// What the mail server answered, or whoever marked it said.
    #[schema(example = "550 5.1.1 no such user")]
    reason: String,
    #[schema(value_type = String, format = DateTime)]
    marked_at: Timestamp,
    /// Nothing is sent there before.
    #[schema(value_type = String, format = DateTime)]
    avoided_until: Timestamp,
}

impl From<MarkedAddress> for MailAddressView {
    fn from(MarkedAddress { address, marked }: MarkedAddress) -> Self {
        let avoided_until = marked.avoided_until();
        Self { address: Some(address), reason: marked.reason, marked_at: marked.marked_at, avoided_until }
    }
}
