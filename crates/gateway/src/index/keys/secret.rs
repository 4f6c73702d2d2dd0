//! What a secret is proven by.

use std::fmt;

use domain::{
    api_key::{ForeignVersion, SecretVersion},
    secret::{ForeignDigest, SecretDigest},
};

/// One version of a key's secret.
#[derive(Clone, Copy)]
pub(super) struct Secret {
    pub(super) locator: u64,
    pub(super) hmac: [u8; 32],
    pub(super) version: u32,
    pub(super) pepper_version: u16,
}

/// Stands where a secret of our own has its pepper's version, which begins at 1; no locator leads to it.
const FOREIGN: u16 = 0;
/// No locator has this number.
pub(super) const NO_LOCATOR: u64 = u64::MAX;

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret(version {})", self.version)
    }
}

impl Secret {
    pub(super) fn of(version: &SecretVersion) -> Self {
        let SecretVersion { version, locator, digest: SecretDigest { pepper_version, hmac }, hint: _ } =
            version;
        Self { locator: locator.get(), hmac: *hmac, version: *version, pepper_version: *pepper_version }
    }

    pub(super) fn foreign(version: &ForeignVersion) -> Self {
        let ForeignVersion { version, sha256, hint: _ } = version;
        Self { locator: NO_LOCATOR, hmac: *sha256.as_bytes(), version: *version, pepper_version: FOREIGN }
    }

    pub(super) fn is_foreign(&self) -> bool {
        self.pepper_version == FOREIGN
    }

    /// Compares in constant time.
    pub(super) fn proves(&self, digest: &ForeignDigest) -> bool {
        self.is_foreign() && ForeignDigest::from_bytes(self.hmac).matches(digest)
    }
}
