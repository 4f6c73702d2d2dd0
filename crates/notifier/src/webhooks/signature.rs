//! Signatures by Standard Webhooks 1.0: `v1`, a shared secret, and `v1a`, a key whose public half is known to all.
//!
//! What is signed is `{id}.{timestamp}.{body}`. A webhook may carry several signatures, so that a receiver finds one it knows
//! while secrets are rotated.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::Timestamp;
use ring::{
    hmac,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use zeroize::Zeroizing;

pub const HEADER_ID: &str = "webhook-id";
pub const HEADER_TIMESTAMP: &str = "webhook-timestamp";
pub const HEADER_SIGNATURE: &str = "webhook-signature";
/// A webhook that is older, or younger, is not taken. Source: the reference libraries of Standard Webhooks.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

const SECRET_PREFIX: &str = "whsec_";
const SIGNING_KEY_PREFIX: &str = "whsk_";
const PUBLIC_KEY_PREFIX: &str = "whpk_";
/// Source: Standard Webhooks, "Signature scheme".
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// A receiver reads no more signatures than this: whoever sends them makes it work.
const SIGNATURES_MAX: usize = 16;

/// A text that is no secret or key of a webhook. Nothing of it is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    #[error("a webhook's secret is written `whsec_` and 24 to 64 bytes in base64")]
    Secret,
    #[error("a webhook's signing key is written `whsk_` and 32 bytes in base64")]
    SigningKey,
    #[error("a webhook's public key is written `whpk_` and 32 bytes in base64")]
    PublicKey,
    #[error("a webhook is verified by its secret, `whsec_…`, or by a public key, `whpk_…`")]
    Neither,
}

/// What we and one receiver know: `v1`, HMAC-SHA-256.
#[derive(Clone)]
pub struct WebhookSecret(SecretSlice<u8>);

impl WebhookSecret {
    /// Around 32 random bytes.
    #[must_use]
    pub fn from_random(bytes: &Zeroizing<[u8; 32]>) -> Self {
        Self(bytes.to_vec().into())
    }

    /// As the receiver keeps it: shown once, when it is made.
    #[must_use]
    pub fn expose(&self) -> SecretString {
        format!("{SECRET_PREFIX}{}", STANDARD.encode(self.0.expose_secret())).into()
    }

    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.0.expose_secret())
    }
}

impl FromStr for WebhookSecret {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let bytes = bytes_of(text, SECRET_PREFIX).ok_or(InvalidKey::Secret)?;
        // An empty one would let everybody sign.
        SECRET_BYTES.contains(&bytes.len()).then(|| Self(bytes.to_vec().into())).ok_or(InvalidKey::Secret)
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

/// What we alone know: `v1a`, Ed25519. Its public half verifies.
#[derive(Clone)]
pub struct SigningKey {
    seed: SecretSlice<u8>,
    pair: Arc<Ed25519KeyPair>,
    public: PublicKey,
}

impl SigningKey {
    /// From a seed of 32 random bytes.
    ///
    /// # Errors
    /// When there are not 32 of them.
    pub fn from_seed(seed: &[u8]) -> Result<Self, InvalidKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| InvalidKey::SigningKey)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| InvalidKey::SigningKey)?;
        Ok(Self { seed: seed.to_vec().into(), pair: Arc::new(pair), public: PublicKey(public) })
    }

    /// As it is stored, encrypted; nobody else gets it.
    #[must_use]
    pub fn expose(&self) -> SecretString {
        format!("{SIGNING_KEY_PREFIX}{}", STANDARD.encode(self.seed.expose_secret())).into()
    }

    #[must_use]
    pub const fn public(&self) -> PublicKey {
        self.public
    }
}

impl FromStr for SigningKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        Self::from_seed(&bytes_of(text, SIGNING_KEY_PREFIX).ok_or(InvalidKey::SigningKey)?)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// What verifies `v1a`; printed `whpk_…`, and no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for PublicKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let bytes = bytes_of(text, PUBLIC_KEY_PREFIX).ok_or(InvalidKey::PublicKey)?;
        bytes.as_slice().try_into().map(Self).map_err(|_| InvalidKey::PublicKey)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC_KEY_PREFIX}{}", STANDARD.encode(self.0))
    }
}

fn bytes_of(text: &str, prefix: &str) -> Option<Zeroizing<Vec<u8>>> {
    STANDARD.decode(text.strip_prefix(prefix)?).ok().map(Zeroizing::new)
}

/// What signs a webhook.
#[derive(Clone, Debug)]
pub enum Signer {
    Secret(WebhookSecret),
    Key(SigningKey),
}

/// What a receiver verifies by.
#[derive(Clone, Debug)]
pub enum Verifier {
    Secret(WebhookSecret),
    Key(PublicKey),
}

impl FromStr for Verifier {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        if text.starts_with(PUBLIC_KEY_PREFIX) {
            return text.parse().map(Self::Key);
        }
        if text.starts_with(SECRET_PREFIX) {
            return text.parse().map(Self::Secret);
        }
        Err(InvalidKey::Neither)
    }
}

/// The value of `webhook-signature`: one of each signer, in their order.
#[must_use]
pub fn sign(signers: &[Signer], id: &str, timestamp: Timestamp, body: &[u8]) -> String {
    let signed = signed_content(id, &timestamp.as_second().to_string(), body);
    let one = |signer: &Signer| match signer {
        Signer::Secret(secret) => format!("v1,{}", STANDARD.encode(hmac::sign(&secret.key(), &signed))),
        Signer::Key(key) => format!("v1a,{}", STANDARD.encode(key.pair.sign(&signed))),
    };
    signers.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn signed_content(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat()
}

/// What a webhook says of itself, as it came.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    pub id: &'a str,
    pub timestamp: &'a str,
    pub signature: &'a str,
    /// Byte by byte: whoever reads it as JSON and writes it again has another one.
    pub body: &'a [u8],
}

/// Why a webhook is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefusal {
    #[error("the webhook names no message")]
    NoId,
    #[error("the webhook's timestamp is no number of seconds")]
    NoTimestamp,
    #[error("the webhook is too old, or somebody has sent it again")]
    TooOld,
    #[error("the webhook is from the future; compare the clocks")]
    TooNew,
    #[error("no signature of the webhook is by a key that is known here")]
    NoMatch,
}

impl SignatureRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoId => "webhook_id_missing",
            Self::NoTimestamp => "webhook_timestamp_invalid",
            Self::TooOld => "webhook_too_old",
            Self::TooNew => "webhook_too_new",
            Self::NoMatch => "webhook_signature_invalid",
        }
    }
}

/// Whether one of the signatures is by one of the keys, about this very body, and the webhook is of now.
///
/// # Errors
/// [`SignatureRefusal`]. Signatures of versions that are not known here are passed over.
pub fn verify(
    verifiers: &[Verifier],
    received: &Received<'_>,
    now: Timestamp,
    tolerance: Duration,
) -> Result<(), SignatureRefusal> {
    let Received { id, timestamp, signature, body } = received;
    // A full stop would move what is signed from one part into another.
    if id.is_empty() || id.contains('.') {
        return Err(SignatureRefusal::NoId);
    }
    let digits = timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = timestamp.parse::<i64>().ok().filter(|_| digits).ok_or(SignatureRefusal::NoTimestamp)?;
    let tolerance = i64::try_from(tolerance.as_secs()).unwrap_or(i64::MAX);
    let age = now.as_second().saturating_sub(seconds);
    if age > tolerance {
        return Err(SignatureRefusal::TooOld);
    }
    if age < tolerance.saturating_neg() {
        return Err(SignatureRefusal::TooNew);
    }
    let signed = signed_content(id, timestamp, body);
    let proven = signature.split(' ').take(SIGNATURES_MAX).any(|one| {
        let Some((version, text)) = one.split_once(',') else { return false };
        let Ok(bytes) = STANDARD.decode(text) else { return false };
        verifiers.iter().any(|verifier| proves(verifier, version, &signed, &bytes))
    });
    if proven { Ok(()) } else { Err(SignatureRefusal::NoMatch) }
}

/// In a time that does not hang on where a signature is wrong: both are ring's.
fn proves(verifier: &Verifier, version: &str, signed: &[u8], signature: &[u8]) -> bool {
    match verifier {
        Verifier::Secret(secret) => version == "v1" && hmac::verify(&secret.key(), signed, signature).is_ok(),
        Verifier::Key(key) => {
            version == "v1a"
                && UnparsedPublicKey::new(&ED25519, key.as_bytes()).verify(signed, signature).is_ok()
        }
    }
}
