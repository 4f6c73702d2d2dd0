//! The secret a caller presents: its format, its checksum, and what is stored of it.
//!
//! `<brand>_<environment>_<locator 10><random 32><crc 6>`. Source: ADR 0011; the checksum is GitHub's.

mod foreign;
mod locator;

use std::{collections::BTreeMap, fmt, net::IpAddr};

use hmac::{Hmac, KeyInit, Mac};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

pub use foreign::{FOREIGN_SECRET_CHARS_MAX, ForeignDigest};
pub use locator::Locator;

use crate::{Environment, InvalidValue};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LOCATOR_CHARS: usize = 10;
const RANDOM_CHARS: usize = 32;
const CHECKSUM_CHARS: usize = 6;
/// Of a secret that is shown to those who do not hold it.
const HINT_CHARS: usize = 4;
const TAIL_CHARS: usize = LOCATOR_CHARS + RANDOM_CHARS + CHECKSUM_CHARS;
/// Brand, environment, two underscores and the tail: no well-formed secret is longer.
const SECRET_CHARS_MAX: usize = 12 + 1 + 12 + 1 + TAIL_CHARS;

/// A secret as its holder has it: shown once, at issue or rotation; never stored, logged or put in an event.
#[derive(Debug)]
pub struct PlainSecret(SecretString);

impl PlainSecret {
    /// Writes a secret around 10 + 32 random base62 characters; those beyond are not used.
    ///
    /// # Errors
    /// When the brand is not 1 to 12 of a-z and 0-9, or the characters are too few or not base62.
    pub fn compose(
        brand: &str,
        environment: &Environment,
        random: &Zeroizing<String>,
    ) -> Result<Self, InvalidValue> {
        let random = random
            .get(..LOCATOR_CHARS + RANDOM_CHARS)
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            .ok_or_else(|| InvalidValue::expected("needs 42 random characters of base62"))?;
        if !is_brand(brand) {
            return Err(InvalidValue::expected("a brand must be 1 to 12 characters of a-z and 0-9"));
        }
        let mut text = Zeroizing::new(format!("{brand}_{environment}_{random}"));
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Ok(Self(SecretString::from(text.as_str())))
    }

    /// The text, for the one answer that shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// A text that cannot be one of our secrets, told without any look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed secret")]
pub struct MalformedSecret;

/// The readable parts of a presented secret. Says nothing about whether it is genuine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PresentedSecret<'text> {
    pub brand: &'text str,
    /// The environment written in it; the stored key decides, this only reads well in logs of rubbish.
    pub environment: &'text str,
    pub locator: Locator,
    whole: &'text str,
}

impl<'text> PresentedSecret<'text> {
    /// Takes a secret apart after checking its form and checksum.
    ///
    /// # Errors
    /// [`MalformedSecret`] for anything that was never issued in this format.
    pub fn parse(text: &'text str) -> Result<Self, MalformedSecret> {
        if text.len() > SECRET_CHARS_MAX {
            return Err(MalformedSecret);
        }
        let (rest, tail) = text
            .len()
            .checked_sub(TAIL_CHARS)
            .and_then(|end| text.split_at_checked(end))
            .ok_or(MalformedSecret)?;
        let rest = rest.strip_suffix('_').ok_or(MalformedSecret)?;
        let (brand, environment) = rest.split_once('_').ok_or(MalformedSecret)?;
        let environment_ok = (2..=12).contains(&environment.len())
            && environment.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        // Without a branch for each, which the compiler turns into looks at many at once.
        let tail_ok = tail.bytes().fold(true, |ok, b| ok & b.is_ascii_alphanumeric());
        if !tail_ok || !environment_ok || !is_brand(brand) {
            return Err(MalformedSecret);
        }
        let (signed, written) = text.split_at_checked(text.len() - CHECKSUM_CHARS).ok_or(MalformedSecret)?;
        if checksum_bytes(signed) != written.as_bytes() {
            return Err(MalformedSecret);
        }
        let locator = tail.get(..LOCATOR_CHARS).and_then(|text| text.parse().ok()).ok_or(MalformedSecret)?;
        Ok(Self { brand, environment, locator, whole: text })
    }

    /// The last characters, for people who compare what they hold: `…x7Qa`. They are of the checksum and tell as much of the secret as
    /// four others would.
    #[must_use]
    pub fn hint(&self) -> String {
        let begin = self.whole.len().saturating_sub(HINT_CHARS);
        format!("…{}", self.whole.get(begin..).unwrap_or_default())
    }
}

impl fmt::Debug for PresentedSecret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresentedSecret({})", self.locator)
    }
}

fn is_brand(text: &str) -> bool {
    (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// CRC-32 in base62, padded to six. Source: GitHub's token format.
fn checksum_bytes(text: &str) -> [u8; CHECKSUM_CHARS] {
    base62(u64::from(crc32fast::hash(text.as_bytes())))
}

/// The last digits of a number, padded with 0.
fn base62<const DIGITS: usize>(mut number: u64) -> [u8; DIGITS] {
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = usize::try_from(number % 62).ok().and_then(|at| ALPHABET.get(at).copied()).unwrap_or(b'0');
        number /= 62;
    }
    digits
}

fn checksum(text: &str) -> String {
    checksum_bytes(text).iter().copied().map(char::from).collect()
}

/// What we keep of a secret: HMAC-SHA-256 under the pepper of that version. Not a slow hash: 190 random bits
/// leave nothing to guess. Source: ADR 0011.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretDigest {
    /// Which pepper it was made under.
    pub pepper_version: u16,
    /// 64 hexadecimal digits.
    #[serde(with = "hex::serde")]
    #[schemars(with = "String", regex(pattern = "^[0-9a-f]{64}$"))]
    pub hmac: [u8; 32],
}

impl SecretDigest {
    /// Compares in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        let (own, others) = (words(&self.hmac), words(&other.hmac));
        self.pepper_version == other.pepper_version && bool::from(own.ct_eq(&others))
    }
}

/// Eight bytes at a time: each is compared behind a barrier for the compiler, and 32 of those cost as much as a look-up.
fn words(hmac: &[u8; 32]) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(hmac.as_chunks::<8>().0) {
        *word = u64::from_ne_bytes(*bytes);
    }
    words
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretDigest(pepper {})", self.pepper_version)
    }
}

/// The installation's peppers by version; the newest digests new secrets. The key schedule is computed once.
#[derive(Clone)]
pub struct Peppers {
    by_version: BTreeMap<u16, Hmac<Sha256>>,
}

impl Peppers {
    /// # Errors
    /// When there is none.
    pub fn new(keys: impl IntoIterator<Item = (u16, Zeroizing<[u8; 32]>)>) -> Result<Self, InvalidValue> {
        let by_version = keys
            .into_iter()
            .map(|(version, key)| {
                let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.as_slice());
                mac.map(|mac| (version, mac)).map_err(|_| InvalidValue::expected("a pepper must be 32 bytes"))
            })
            .collect::<Result<BTreeMap<_, _>, _>>()?;
        if by_version.is_empty() {
            return Err(InvalidValue::expected("at least one pepper is needed"));
        }
        Ok(Self { by_version })
    }

    /// Whether the pepper of this version is here.
    #[must_use]
    pub fn has(&self, pepper_version: u16) -> bool {
        self.by_version.contains_key(&pepper_version)
    }

    /// The version of the newest.
    #[must_use]
    pub fn newest(&self) -> u16 {
        self.by_version.keys().next_back().copied().unwrap_or_default()
    }

    /// The digest of a new secret, under the newest pepper.
    #[must_use]
    pub fn digest_new(&self, secret: &PlainSecret) -> SecretDigest {
        self.digest_chosen(secret.expose())
    }

    /// The digest of a text that somebody chose, under the newest pepper.
    #[must_use]
    pub fn digest_chosen(&self, text: &str) -> SecretDigest {
        let version = self.newest();
        self.digest(version, text).unwrap_or(SecretDigest { pepper_version: version, hmac: [0; 32] })
    }

    /// The digest of a presented secret under the pepper its stored digest was made with; none when that
    /// pepper is not here.
    #[must_use]
    pub fn digest(&self, pepper_version: u16, secret: &str) -> Option<SecretDigest> {
        let mut mac = self.by_version.get(&pepper_version)?.clone();
        mac.update(secret.as_bytes());
        Some(SecretDigest { pepper_version, hmac: mac.finalize().into_bytes().into() })
    }

    /// What stands for an address where addresses are counted: the same on every node, and nothing to whoever lacks the pepper. The
    /// oldest pepper is used, which stays as it is while a new one is brought in.
    #[must_use]
    pub fn pseudonym(&self, address: IpAddr) -> u64 {
        let Some(pepper) = self.by_version.values().next() else { return 0 };
        let mut mac = pepper.clone();
        // No secret begins so: see `PresentedSecret::parse`.
        mac.update(b"address\0");
        match address {
            IpAddr::V4(address) => mac.update(&address.octets()),
            IpAddr::V6(address) => mac.update(&address.octets()),
        }
        let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(mac.finalize().into_bytes());
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

impl fmt::Debug for Peppers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.by_version.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> PlainSecret {
        let random = Zeroizing::new("aB3dE6gH9j0123456789abcdefghijklmnopqrstuv".to_owned());
        PlainSecret::compose("tg", &"prod".parse().unwrap(), &random).unwrap()
    }

    fn peppers(versions: &[u16]) -> Peppers {
        Peppers::new(versions.iter().map(|v| (*v, Zeroizing::new([u8::try_from(*v).unwrap(); 32])))).unwrap()
    }

    #[test]
    fn the_checksum_is_githubs() {
        assert_eq!(checksum("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ"), "0mLq17");
        assert_eq!(checksum(&"A".repeat(30)), "0uCPlr");
    }

    #[test]
    fn a_secret_reads_back_in_its_parts() {
        let secret = secret();
        let parsed = PresentedSecret::parse(secret.expose()).unwrap();
        assert_eq!((parsed.brand, parsed.environment), ("tg", "prod"));
        assert_eq!(parsed.locator.to_string(), "aB3dE6gH9j");
        let text = secret.expose();
        assert_eq!(parsed.hint(), format!("…{}", &text[text.len() - 4..]), "what its holder sees at its end");
    }

    #[test]
    fn any_changed_character_is_malformed() {
        let text = secret().expose().to_owned();
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(PresentedSecret::parse(&changed), Err(MalformedSecret), "{changed}");
        }
        for rubbish in
            ["", "_", "__", "tg_prod_", &text[1..], &format!("{text}0"), &"a_b_".repeat(100), "ü_ä_ö"]
        {
            assert_eq!(PresentedSecret::parse(rubbish), Err(MalformedSecret), "{rubbish}");
        }
    }

    #[test]
    fn an_address_has_one_pseudonym_until_the_oldest_pepper_goes() {
        let address: IpAddr = "192.0.2.7".parse().unwrap();
        let pseudonym = peppers(&[1]).pseudonym(address);
        assert_eq!(peppers(&[1, 2]).pseudonym(address), pseudonym);
        assert_ne!(peppers(&[2]).pseudonym(address), pseudonym);
        assert_ne!(peppers(&[1]).pseudonym("192.0.2.8".parse().unwrap()), pseudonym);
        assert_ne!(peppers(&[1]).pseudonym("::ffff:192.0.2.7".parse().unwrap()), pseudonym);
    }

    #[test]
    fn a_digest_needs_its_pepper_and_its_secret() {
        let old = peppers(&[1]).digest_new(&secret());
        let both = peppers(&[1, 2]);
        assert_eq!(both.digest_new(&secret()).pepper_version, 2);
        assert!(both.digest(1, secret().expose()).unwrap().matches(&old));
        assert!(!both.digest(2, secret().expose()).unwrap().matches(&old));
        assert!(!both.digest(1, "tg_prod_other").unwrap().matches(&old));
        assert!(both.digest(3, secret().expose()).is_none());
    }

    #[test]
    fn nothing_prints_a_secret() {
        let shown = format!("{:?} {:?}", secret(), peppers(&[1]).digest_new(&secret()));
        assert!(!shown.contains("0123456789abcdef"), "{shown}");
    }
}
