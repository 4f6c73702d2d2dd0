//! Whether letters, or webhooks, get through at all: when one way is blocked, the other tells of it.

use std::collections::BTreeSet;

use domain::{Timestamp, WebhookId};
use jiff::SignedDuration;
use outbox::Channel;
use parking_lot::Mutex;

/// Failures for so long, and not one success, are an outage.
const DOWN_AFTER: SignedDuration = SignedDuration::from_mins(15);
/// At webhooks that so many endpoints fail: one alone is its own affair.
const ENDPOINTS_MIN: usize = 3;

/// What this process has seen of both ways.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    email: Mutex<Seen>,
    webhook: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// The first failure since the last success.
    since: Option<Timestamp>,
    /// Which endpoints they were of, as far as it matters.
    endpoints: BTreeSet<WebhookId>,
}

/// A way that is blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Down {
    pub(crate) channel: Channel,
    pub(crate) since: Timestamp,
}

impl Channels {
    pub(crate) fn through(&self, channel: Channel) {
        *self.of(channel).lock() = Seen::default();
    }

    /// A failure of the way, not of the recipient.
    pub(crate) fn blocked(&self, channel: Channel, endpoint: Option<WebhookId>, now: Timestamp) {
        let mut seen = self.of(channel).lock();
        seen.since.get_or_insert(now);
        if seen.endpoints.len() < ENDPOINTS_MIN {
            seen.endpoints.extend(endpoint);
        }
    }

    /// Those that have been blocked for long.
    pub(crate) fn down(&self, now: Timestamp) -> Vec<Down> {
        let down = |channel: Channel| {
            let seen = self.of(channel).lock();
            let since = seen.since.filter(|since| now.duration_since(*since) >= DOWN_AFTER)?;
            let enough = match channel {
                Channel::Email => true,
                Channel::Webhook => seen.endpoints.len() >= ENDPOINTS_MIN,
            };
            enough.then_some(Down { channel, since })
        };
        [Channel::Email, Channel::Webhook].into_iter().filter_map(down).collect()
    }

    fn of(&self, channel: Channel) -> &Mutex<Seen> {
        match channel {
            Channel::Email => &self.email,
            Channel::Webhook => &self.webhook,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_blocked_after_a_while_without_one_success() {
        let at = |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let endpoint = |number| Some(WebhookId::from_parts(1, number));
        let channels = Channels::default();
        channels.blocked(Channel::Email, None, at(0));
        channels.blocked(Channel::Webhook, endpoint(1), at(0));
        channels.blocked(Channel::Email, None, at(14));
        assert_eq!(channels.down(at(14)), []);
        assert_eq!(channels.down(at(15)), [Down { channel: Channel::Email, since: at(0) }]);
        channels.through(Channel::Email);
        assert_eq!(channels.down(at(15)), []);
        // One endpoint that is away is not the way being blocked.
        channels.blocked(Channel::Webhook, endpoint(1), at(20));
        assert_eq!(channels.down(at(20)), []);
        channels.blocked(Channel::Webhook, endpoint(2), at(21));
        channels.blocked(Channel::Webhook, endpoint(3), at(22));
        assert_eq!(channels.down(at(22)), [Down { channel: Channel::Webhook, since: at(0) }]);
    }
}
