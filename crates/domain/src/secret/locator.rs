//! The part of a secret that finds its stored version.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256};

use super::{LOCATOR_CHARS, base62};
use crate::{InvalidValue, text::parsed};

/// Finds a secret version. Random and not secret; ten base62 characters, held as their number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Locator(u64);

impl<'de> Deserialize<'de> for Locator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

impl Locator {
    /// The number, for indexes that count bytes: below 62^10.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }

    /// Names the locator where it must not be told: who has the secret finds it, and nobody is led from it to the secret.
    #[must_use]
    pub fn fingerprint(self) -> String {
        let named = Sha256::new().chain_update(b"tollgate secret locator").chain_update(self.to_string());
        hex::encode(named.finalize())
    }
}

impl FromStr for Locator {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let refused = || InvalidValue::expected("must be 10 characters of base62");
        if text.len() != LOCATOR_CHARS {
            return Err(refused());
        }
        let mut number = 0_u64;
        for byte in text.bytes() {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'A'..=b'Z' => byte - b'A' + 10,
                b'a'..=b'z' => byte - b'a' + 36,
                _ => return Err(refused()),
            };
            number = number * 62 + u64::from(digit);
        }
        Ok(Self(number))
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits: [u8; LOCATOR_CHARS] = base62(self.0);
        digits.iter().try_for_each(|digit| write!(f, "{}", char::from(*digit)))
    }
}

impl fmt::Debug for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Locator {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<Locator> for String {
    fn from(locator: Locator) -> Self {
        locator.to_string()
    }
}

impl JsonSchema for Locator {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Locator".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9A-Za-z]{10}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_names_one_locator_and_does_not_tell_it() {
        let (one, other): (Locator, Locator) = ("aB3dE6gH9j".parse().unwrap(), "aB3dE6gH9k".parse().unwrap());
        assert_ne!(one.fingerprint(), other.fingerprint());
        assert_eq!(one.fingerprint().len(), 64);
        assert!(!one.fingerprint().contains(&one.to_string()));
    }

    #[test]
    fn a_locator_reads_back_as_it_prints() {
        for text in ["0000000000", "aB3dE6gH9j", "zzzzzzzzzz"] {
            assert_eq!(text.parse::<Locator>().unwrap().to_string(), text);
        }
        for bad in ["", "000000000", "00000000000", "aB3dE6gH9_", "aB3dE6gHü"] {
            assert!(bad.parse::<Locator>().is_err(), "{bad}");
        }
    }
}
