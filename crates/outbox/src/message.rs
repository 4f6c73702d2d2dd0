//! What is told, and the key by which it is told once.

use domain::{
    ClientId, DeliveryId, Environment, MessageId, Name, NotificationRuleId, Position, Timestamp, WebhookId,
};
use sha2::{Digest as _, Sha256};

use crate::{NewDelivery, Recipient, Start, named::named};

named!(
    /// What a message is of.
    MessageKind {
        /// An event of the log, to who subscribed to it.
        Event = "event",
        /// Something that a rule has somebody told.
        Notice = "notice",
        /// The challenge that an endpoint echoes before it is used.
        Verify = "verify",
        /// Asked for by somebody who wants to see whether it arrives.
        Test = "test",
        /// Several notices at once.
        Digest = "digest",
    }
);

impl MessageKind {
    /// Whether it goes to an endpoint that is held as well: these are how one finds out whether it works again.
    #[must_use]
    pub fn tries_the_endpoint(self) -> bool {
        match self {
            Self::Verify | Self::Test => true,
            Self::Event | Self::Notice | Self::Digest => false,
        }
    }
}

/// A message and to whom it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// Derived from what is told, so that one that is made again has the same.
    pub message_id: MessageId,
    pub kind: MessageKind,
    /// `api_key.revoked`, `quota.threshold`.
    pub message_type: String,
    pub subject: String,
    /// Given for events. None: the next of what is told of that subject, counted here.
    pub sequence: Option<u64>,
    /// Of the event in the log that it is of, or was found at.
    pub position: Option<Position>,
    pub environment: Option<Environment>,
    pub team: Option<Name>,
    pub client_id: Option<ClientId>,
    /// JSON. Sequence and position stand beside it, not in it: the sequence of a notice is not known before.
    pub body: String,
    /// Of a notice: what it is told once for.
    pub notice: Option<NoticeKey>,
    pub deliveries: Vec<NewDelivery>,
}

impl NewMessage {
    /// A message to one endpoint that is asked for in a version of it: asked for twice, also by two who do not know of each other, it is
    /// one. Sent also while the endpoint is held, where its kind says so.
    #[must_use]
    pub fn asked(
        kind: MessageKind,
        message_type: &str,
        (endpoint_id, version): (WebhookId, u64),
        body: String,
        at: Timestamp,
    ) -> Self {
        let message_id = Self::asked_id(kind, endpoint_id, version);
        let delivery = NewDelivery {
            delivery_id: Self::asked_delivery_id(message_id),
            recipient: Recipient::Webhook(endpoint_id),
            start: Start::Due(at),
            cancel_key: None,
        };
        Self {
            message_id,
            kind,
            message_type: message_type.to_owned(),
            subject: endpoint_id.to_string(),
            sequence: Some(version),
            position: None,
            environment: None,
            team: None,
            client_id: None,
            body,
            notice: None,
            deliveries: vec![delivery],
        }
    }

    /// The id of the one delivery of such a message.
    #[must_use]
    pub fn asked_delivery_id(message_id: MessageId) -> DeliveryId {
        DeliveryId::from_u128(hashed(&["delivery", &message_id.to_string()]))
    }

    /// The id of such a message, for who writes it into the body.
    #[must_use]
    pub fn asked_id(kind: MessageKind, endpoint_id: WebhookId, version: u64) -> MessageId {
        MessageId::from_u128(hashed(&[kind.as_str(), &endpoint_id.to_string(), &version.to_string()]))
    }
}

/// What an id is made of where whoever makes it makes the same: 128 bits of SHA-256 over parts that cannot run into each other.
#[must_use]
pub fn hashed(parts: &[&str]) -> u128 {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        sha.update(part.as_bytes());
    }
    let digest: [u8; 32] = sha.finalize().into();
    digest.first_chunk::<16>().map_or(0, |bytes| u128::from_be_bytes(*bytes))
}

/// What is told once. Of one window the gravest threshold is told, and nothing less grave after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeKey {
    pub rule_id: NotificationRuleId,
    /// The notice's name.
    pub notice: String,
    pub subject: String,
    /// A period, an expiry, a revision of a limit: what re-arms it when it changes.
    pub window: String,
    /// The greater, the graver: `80` of `quota.threshold`, `-14` of days that are left. `0` where there are none.
    pub threshold: i64,
    /// Lesser ones that it stands for.
    pub covers: Vec<i64>,
}
