//! Secrets that another system has issued: kept as their SHA-256, and found by it.

use std::{fmt, str::FromStr};

use base64::{Engine as _, alphabet, engine};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use crate::InvalidValue;

/// No door takes a longer one.
pub const FOREIGN_SECRET_CHARS_MAX: usize = 256;
/// A shorter one is a name, and not a secret.
const FOREIGN_SECRET_CHARS_MIN: usize = 8;
const DIGEST_BYTES: usize = 32;

/// Any alphabet's padding is taken, and its absence too: exports differ.
const LENIENT: engine::GeneralPurposeConfig =
    engine::GeneralPurposeConfig::new().with_decode_padding_mode(engine::DecodePaddingMode::Indifferent);
const STANDARD: engine::GeneralPurpose = engine::GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: engine::GeneralPurpose = engine::GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// What we keep of a secret that we did not make: SHA-256, because that is what its system can give us. All of it is
/// compared, never a part (a short look-up hash is an authentication bypass). Source: ADR 0027.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ForeignDigest(
    /// 64 hexadecimal digits.
    #[serde(with = "hex::serde")]
    #[schemars(with = "String", regex(pattern = "^[0-9a-f]{64}$"))]
    [u8; DIGEST_BYTES],
);

impl ForeignDigest {
    /// The digest of a presented secret; none of what cannot be one: 8 to 256 visible ASCII characters.
    #[must_use]
    pub fn of(secret: &str) -> Option<Self> {
        let lengths = FOREIGN_SECRET_CHARS_MIN..=FOREIGN_SECRET_CHARS_MAX;
        let possible = lengths.contains(&secret.len()) && secret.bytes().all(|byte| byte.is_ascii_graphic());
        possible.then(|| Self(Sha256::digest(secret.as_bytes()).into()))
    }

    #[must_use]
    pub fn from_bytes(bytes: [u8; DIGEST_BYTES]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8; DIGEST_BYTES] {
        &self.0
    }

    /// Compares in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// Names the digest where it must not be told: two keys with the same secret have the same name.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex::encode(Sha256::new().chain_update(b"tollgate foreign secret").chain_update(self.0).finalize())
    }
}

impl FromStr for ForeignDigest {
    type Err = InvalidValue;
    /// Hexadecimal, or base64 in either alphabet.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let read = match text.len() {
            64 => hex::decode(text).ok(),
            43 | 44 => STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok(),
            _ => None,
        };
        let bytes = read.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| InvalidValue::expected("must be a SHA-256, in hexadecimal or base64"))
    }
}

impl fmt::Debug for ForeignDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForeignDigest(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of `hunter2hunter2`.
    const HEX: &str = "8cc1c78a89abbef95bd62a8c5a6a0a5c0d2b3c3a9ae9dd4b4e9ab50fdd6ba2b7";

    #[test]
    fn a_digest_reads_back_in_every_spelling() {
        let digest: ForeignDigest = HEX.parse().unwrap();
        let upper: ForeignDigest = HEX.to_uppercase().parse().unwrap();
        assert!(digest.matches(&upper));
        for engine in [&STANDARD, &URL_SAFE] {
            let text = engine.encode(digest.as_bytes());
            assert_eq!(text.parse(), Ok(digest), "{text}");
            assert_eq!(text.trim_end_matches('=').parse(), Ok(digest), "{text}");
        }
        for wrong in ["", "8cc1", &HEX[1..], &format!("{HEX}0"), &"z".repeat(64), &"!".repeat(44)] {
            assert!(wrong.parse::<ForeignDigest>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_visible_characters_within_bounds_can_be_a_secret() {
        let digest = ForeignDigest::of("correct-horse").unwrap();
        assert_eq!(hex::encode(digest.as_bytes()), hex::encode(Sha256::digest("correct-horse")));
        assert!(ForeignDigest::of(&"k".repeat(FOREIGN_SECRET_CHARS_MAX)).is_some());
        for wrong in ["", "short", "with a space", "tab\there-is", "größe-größe", &"k".repeat(257)] {
            assert!(ForeignDigest::of(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn nothing_prints_a_digest() {
        let digest: ForeignDigest = HEX.parse().unwrap();
        assert_eq!(format!("{digest:?}"), "ForeignDigest(…)");
        assert!(!digest.fingerprint().contains(HEX));
    }
}
