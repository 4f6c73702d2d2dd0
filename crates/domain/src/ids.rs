//! Identifiers: a prefix that says what it names, and a sortable number.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use ulid::Ulid;

use crate::text::parsed;

/// A text that is not the identifier it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this kind: expected `{prefix}_` and 26 characters of lower-case base32")]
pub struct InvalidId {
    pub prefix: &'static str,
}

/// Crockford's base32 as it is printed here: in lower case, and no letter that could be taken for a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DIGITS: usize = 26;

/// Parses `<prefix>_<ulid>`. Only the form that is printed is taken, so that one thing has one name.
fn parse(prefix: &'static str, text: &str) -> Result<Ulid, InvalidId> {
    let number = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    number.and_then(number_of).map(Ulid).ok_or(InvalidId { prefix })
}

/// None where a digit is not of the alphabet, or the number has more than 128 bits.
fn number_of(digits: &str) -> Option<u128> {
    // Of 26 times 5 bits the first two are none of the number.
    if digits.len() != DIGITS || !digits.starts_with(|first: char| ('0'..='7').contains(&first)) {
        return None;
    }
    digits.bytes().try_fold(0_u128, |number, byte| {
        let value = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'h' => byte - b'a' + 10,
            b'j' | b'k' => byte - b'j' + 18,
            b'm' | b'n' => byte - b'm' + 20,
            b'p'..=b't' => byte - b'p' + 22,
            b'v'..=b'z' => byte - b'v' + 27,
            _ => return None,
        };
        Some(number << 5 | u128::from(value))
    })
}

/// What [`number_of`] reads.
fn digits_of(number: u128) -> [u8; DIGITS] {
    let (mut digits, mut rest) = ([b'0'; DIGITS], number);
    for digit in digits.iter_mut().rev() {
        let value = usize::try_from(rest & 31).unwrap_or_default();
        *digit = ALPHABET.get(value).copied().unwrap_or(b'0');
        rest >>= 5;
    }
    digits
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(into = "String")]
        pub struct $name(Ulid);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                parsed(deserializer)
            }
        }

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            /// From 48 bits of Unix milliseconds and 80 random bits.
            #[must_use]
            pub fn from_parts(unix_ms: u64, random: u128) -> Self {
                Self(Ulid::from_parts(unix_ms, random))
            }

            /// The 128 bits, for indexes that count bytes.
            #[must_use]
            pub fn to_u128(self) -> u128 { self.0.0 }

            #[must_use]
            pub fn from_u128(bits: u128) -> Self { Self(Ulid(bits)) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!($prefix, "_"))?;
                f.write_str(std::str::from_utf8(&digits_of(self.0.0)).unwrap_or_default())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) }
        }
        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> { parse($prefix, text).map(Self) }
        }
        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> { text.parse() }
        }
        impl From<$name> for String {
            fn from(id: $name) -> Self { id.to_string() }
        }
        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "pattern": concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
                })
            }
        }
    };
}

id!(
    /// Names an `ApiClient`.
    ClientId, "cli"
);
id!(
    /// Names an `ApiKey` over all its rotations.
    KeyId, "key"
);
id!(
    /// Names a `Route`.
    RouteId, "rte"
);
id!(
    /// Names a `RateLimitPolicy` over all its revisions.
    PolicyId, "pol"
);
id!(
    /// Names one binding of a policy.
    AssignmentId, "asg"
);
id!(
    /// Names one event; the `id` of its `CloudEvents` envelope.
    EventId, "evt"
);
id!(
    /// Names one decision of the gateway.
    DecisionId, "dec"
);
id!(
    /// Names one change that is to happen at a time ahead.
    ScheduledChangeId, "chg"
);
id!(
    /// Names one operation that takes longer than an answer may.
    OperationId, "opn"
);
id!(
    /// Names one report of a leaked secret.
    LeakId, "lek"
);
id!(
    /// Names a person or a service account.
    PrincipalId, "prn"
);
id!(
    /// Names a role given to a principal within a scope.
    GrantId, "grt"
);
id!(
    /// Names what was observed, and changed nothing.
    ObservationId, "obs"
);
id!(
    /// Names an erasure of personal values.
    ErasureId, "era"
);
id!(
    /// Names one request that waits, or waited, for a second person.
    ApprovalId, "apr"
);
id!(
    /// Names a rule that something needs a second person.
    ApprovalRuleId, "aru"
);
id!(
    /// Names what is told: one body, however many it goes to.
    MessageId, "msg"
);
id!(
    /// Names one message on its way to one recipient.
    DeliveryId, "dlv"
);
id!(
    /// Names an endpoint that events and notices are posted to.
    WebhookId, "whk"
);
id!(
    /// Names a rule that says which notices are told, and to whom.
    NotificationRuleId, "nrl"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_reads_back_as_it_prints() {
        let id = KeyId::from_parts(1_700_000_000_000, 42);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(KeyId::from_u128(id.to_u128()), id);
    }

    #[test]
    fn an_identifier_is_spelled_as_a_ulid_in_lower_case() {
        for bits in [0, 1, 31, u128::MAX, u128::MAX / 3, 1 << 127, 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef]
        {
            let spelled = Ulid(bits).to_string().to_ascii_lowercase();
            assert_eq!(KeyId::from_u128(bits).to_string(), format!("key_{spelled}"));
            assert_eq!(format!("key_{spelled}").parse(), Ok(KeyId::from_u128(bits)));
        }
    }

    #[test]
    fn only_the_printed_spelling_is_taken() {
        let text = KeyId::from_parts(1_700_000_000_000, 1).to_string();
        for wrong in [
            text.to_uppercase(),
            text.replace("key_", "cli_"),
            text.replace("key_", ""),
            format!("{text}0"),
            text.replace('1', "l"),
            "key_".to_owned(),
            format!("key_{}", "8".repeat(26)),
        ] {
            assert_eq!(wrong.parse::<KeyId>(), Err(InvalidId { prefix: "key" }), "{wrong}");
        }
    }
}
