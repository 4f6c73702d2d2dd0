//! One message on its way to one recipient.

use domain::{DeliveryId, Timestamp, WebhookId};

use crate::named::named;

named!(
    /// How something is delivered.
    Channel { Webhook = "webhook", Email = "email" }
);

named!(
    /// Where a delivery stands.
    DeliveryState {
        /// Is tried when it is due.
        Pending = "pending",
        /// Waits until its endpoint is open again.
        Held = "held",
        /// Waits for a digest, or is in one that is under way.
        Gathered = "gathered",
        Delivered = "delivered",
        /// Given up.
        Dead = "dead",
        Cancelled = "cancelled",
    }
);

impl DeliveryState {
    /// Whether nothing more happens to it by itself.
    #[must_use]
    pub fn has_ended(self) -> bool {
        match self {
            Self::Delivered | Self::Dead | Self::Cancelled => true,
            Self::Pending | Self::Held | Self::Gathered => false,
        }
    }
}

/// To whom. A mail address is personal: it is in no `Debug`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Recipient {
    Webhook(WebhookId),
    Email(String),
}

impl Recipient {
    #[must_use]
    pub fn channel(&self) -> Channel {
        match self {
            Self::Webhook(_) => Channel::Webhook,
            Self::Email(_) => Channel::Email,
        }
    }

    pub(crate) fn endpoint_id(&self) -> Option<WebhookId> {
        match self {
            Self::Webhook(id) => Some(*id),
            Self::Email(_) => None,
        }
    }
}

impl std::fmt::Debug for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Webhook(id) => write!(f, "Webhook({id})"),
            Self::Email(_) => f.write_str("Email(..)"),
        }
    }
}

/// A delivery that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    pub delivery_id: DeliveryId,
    pub recipient: Recipient,
    pub start: Start,
    /// What cancels it, while it waits, when that is over: the expiry of a key that was rotated.
    pub cancel_key: Option<String>,
}

/// When a delivery is tried first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// Held instead where its endpoint is.
    Due(Timestamp),
    /// Waits for the digest of that key to its address, which is due then.
    Gathered { digest_key: String, due_at: Timestamp },
}
