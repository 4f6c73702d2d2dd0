//! The secrets that messages are signed with, as receivers write them. Source: Standard Webhooks.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    WebhookId,
    secret::Peppers,
    webhook::{SecretSource, signing_secret, signing_seed},
};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

/// What a receiver checks signatures with: shown once, and kept nowhere.
pub(crate) struct SigningSecret(Zeroizing<String>);

impl SigningSecret {
    /// None where the pepper that it is made from is not here.
    pub(super) fn of(peppers: &Peppers, id: WebhookId, source: SecretSource) -> Option<Self> {
        let bytes = signing_secret(peppers, id, source)?;
        let text = Zeroizing::new(BASE64_STANDARD.encode(bytes.as_slice()));
        Some(Self(Zeroizing::new(format!("whsec_{}", *text))))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

/// Into the one answer that shows it.
impl Serialize for SigningSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// What anybody checks the signatures of every webhook with; none where that pepper is not here.
pub(super) fn public_key(peppers: &Peppers, pepper_version: u16) -> Option<String> {
    let seed = signing_seed(peppers, pepper_version)?;
    let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).ok()?;
    Some(format!("whpk_{}", BASE64_STANDARD.encode(pair.public_key().as_ref())))
}
