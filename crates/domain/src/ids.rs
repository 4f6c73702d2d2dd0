//! Identifiers: a prefix that says what it names, and a sortable number.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

/// A text that is not the identifier it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this kind: expected `{prefix}_` and 26 characters of lower-case base32")]
pub struct InvalidId {
    pub prefix: &'static str,
}

/// Parses `<prefix>_<ulid>`. Only the form that is printed is taken, so that one thing has one name.
fn parse(prefix: &'static str, text: &str) -> Result<Ulid, InvalidId> {
    let refused = InvalidId { prefix };
    let number = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(refused.clone())?;
    if number.len() != 26 || number.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(refused);
    }
    let ulid = Ulid::from_string(&number.to_ascii_uppercase()).map_err(|_| refused.clone())?;
    // Crockford's alphabet reads `i` and `l` as 1 and `o` as 0; such a spelling is a second name.
    if ulid.to_string().to_ascii_lowercase() == number { Ok(ulid) } else { Err(refused) }
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Ulid);

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
                write!(f, concat!($prefix, "_{}"), self.0.to_string().to_ascii_lowercase())
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
