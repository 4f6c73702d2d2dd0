//! What is told, and the key by which it is told once.

use domain::{ClientId, Environment, MessageId, Name, NotificationRuleId, Position};

use crate::{NewDelivery, named::named};

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
