//! Signed tokens: their form, and whether a key of the provider has signed them. Source: RFC 7515, RFC 8725.

use std::{fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{claims::TokenRefusal, jwk::Jwk};

/// Longer tokens are not looked at.
pub(crate) const TOKEN_CHARS_MAX: usize = 8 * 1024;

/// How tokens may be signed. There is no way to say `none`, or a secret that both sides hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Algorithm {
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "PS256")]
    Ps256,
    #[serde(rename = "ES256")]
    Es256,
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Algorithm {
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// As tokens name it. Source: RFC 7518 §3.1, RFC 8037 §3.1.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is not that of an algorithm we take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not one of RS256, PS256, ES256 and EdDSA")]
pub struct UnknownAlgorithm(String);

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;
    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        let named = |algorithm: &Self| algorithm.as_str() == text;
        Self::ALL.into_iter().find(named).ok_or_else(|| UnknownAlgorithm(text.to_owned()))
    }
}

/// Whether it looks like a token of a provider: our own have no full stop in them.
#[must_use]
pub fn is_shaped_like_jwt(token: &str) -> bool {
    let base64 = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    token.len() <= TOKEN_CHARS_MAX
        && token.starts_with("ey")
        && token.split('.').count() == 3
        && token.split('.').all(base64)
}

/// What stands before the claims. Where the key is to be had is said by the configuration: `jku`, `jwk`, `x5u` and
/// `x5c` are not even read.
#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

/// A token taken apart; not yet known to be genuine.
#[derive(Debug)]
pub(crate) struct Jws<'text> {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
    pub(crate) typ: Option<String>,
    signed: &'text [u8],
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'text> Jws<'text> {
    /// Takes a token apart that is signed in one of these ways.
    pub(crate) fn parse(token: &'text str, allowed: &[Algorithm]) -> Result<Self, TokenRefusal> {
        if !is_shaped_like_jwt(token) {
            return Err(TokenRefusal::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenRefusal::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenRefusal::Malformed)?;
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenRefusal::Malformed);
        let Header { alg, kid, typ, crit } =
            serde_json::from_slice(&decode(header)?).map_err(|_| TokenRefusal::Malformed)?;
        // We understand no extension, so none may be critical.
        if crit.is_some() {
            return Err(TokenRefusal::Malformed);
        }
        let algorithm = alg.parse::<Algorithm>().ok().filter(|algorithm| allowed.contains(algorithm));
        let algorithm = algorithm.ok_or(TokenRefusal::Algorithm)?;
        let (payload, signature) = (decode(payload)?, decode(signature)?);
        Ok(Self { algorithm, kid, typ, signed: signed.as_bytes(), payload, signature })
    }

    /// Who it says that it is from. Only good for finding the provider that has to prove it.
    pub(crate) fn claimed_issuer(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Claimed {
            iss: String,
        }
        serde_json::from_slice::<Claimed>(&self.payload).ok().map(|Claimed { iss }| iss)
    }

    /// The claims, if the key has signed them.
    pub(crate) fn proven(&self, key: &Jwk) -> Result<&[u8], TokenRefusal> {
        if key.verifies(self.algorithm, self.signed, &self.signature) {
            Ok(&self.payload)
        } else {
            Err(TokenRefusal::Signature)
        }
    }
}
