//! Told when nothing goes out by a channel any more; to the operators, by the other channel.

use domain::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notice::{ClientRef, Sampled, Severity, Tells, sample};

/// A channel delivers nothing. What is for it waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ChannelDown {
    pub channel: Channel,
    /// The first failure since the last success.
    pub since: Timestamp,
    /// Deliveries that wait.
    pub waiting: u64,
}

/// A way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Channel {
    Email,
    Webhook,
}

impl Channel {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
        }
    }
}

impl Tells for ChannelDown {
    fn title(&self) -> String {
        match self.channel {
            Channel::Email => "No e-mail goes out".to_owned(),
            Channel::Webhook => "No webhook is delivered".to_owned(),
        }
    }

    fn severity(&self) -> Severity {
        Severity::Critical
    }

    fn subject(&self) -> String {
        self.channel.as_str().to_owned()
    }

    fn client(&self) -> Option<&ClientRef> {
        None
    }

    fn sample() -> Sampled<Self> {
        Ok(Self { channel: Channel::Email, since: sample::after(0, -1), waiting: 12 })
    }
}
