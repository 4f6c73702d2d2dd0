//! What somebody can be told without having asked: the names of notices, for the rules that choose among them.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::InvalidValue;

macro_rules! notices {
    ($( $(#[doc = $doc:literal])+ $variant:ident = $name:literal ),+ $(,)?) => {
        /// One kind of notice.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum NoticeName {
            $( $(#[doc = $doc])+ #[serde(rename = $name)] $variant ),+
        }
        impl NoticeName {
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// For people: one sentence on when it is told.
            #[must_use]
            pub fn says(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii()),+ }
            }
        }
    };
}

notices! {
    /// A client has used a share of a quota, or will have used it up before the window ends.
    QuotaThreshold = "quota_threshold",
    /// A client has used up a quota: its calls are refused until the window ends.
    QuotaExhausted = "quota_exhausted",
    /// Unusually many calls of a client are refused by limits.
    ThrottlingSpike = "throttling_spike",
    /// A key expires soon.
    KeyExpiring = "key_expiring",
    /// A key has expired.
    KeyExpired = "key_expired",
    /// A key was issued.
    KeyIssued = "key_issued",
    /// A key has a new secret.
    KeyRotated = "key_rotated",
    /// A key was revoked.
    KeyRevoked = "key_revoked",
    /// A key was suspended.
    KeySuspended = "key_suspended",
    /// A key's secret was found where it must not be.
    KeyLeaked = "key_leaked",
    /// A key's leaked secret is let through only slowly until it is rotated.
    KeyQuarantined = "key_quarantined",
    /// The old secret of a rotated key is still called with shortly before it ends.
    OldSecretBusy = "old_secret_busy",
    /// A client was suspended, with all its keys.
    ClientSuspended = "client_suspended",
    /// The limits that hold for a client have changed.
    PolicyChanged = "policy_changed",
    /// A request waits for a second person.
    ApprovalWanted = "approval_wanted",
    /// Somebody became an administrator in an emergency.
    BreakGlassOpened = "break_glass_opened",
    /// Deliveries to a webhook endpoint fail.
    EndpointFailing = "endpoint_failing",
    /// A webhook endpoint was disabled: what is for it is held.
    EndpointDisabled = "endpoint_disabled",
    /// Nothing goes out by e-mail, or by webhooks.
    ChannelDown = "channel_down",
    /// The audit log and its checkpoints do not agree, or checkpoints are not made any more.
    CheckpointAlarm = "checkpoint_alarm",
    /// What a client has used in the week or the month that has ended.
    UsageReport = "usage_report",
}

impl fmt::Display for NoticeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for NoticeName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let named = Self::ALL.into_iter().find(|notice| notice.as_str() == text);
        named.ok_or_else(|| InvalidValue::expected("must be the name of a notice, such as `key_expiring`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_reads_back_as_it_is_written() {
        for notice in NoticeName::ALL {
            let written = serde_json::to_value(notice).unwrap();
            assert_eq!(written, notice.as_str());
            assert_eq!(serde_json::from_value::<NoticeName>(written).unwrap(), notice);
            assert_eq!(notice.to_string().parse(), Ok(notice));
            assert!(notice.says().ends_with('.'), "{notice}");
        }
        assert!("key_lost".parse::<NoticeName>().is_err());
    }
}
