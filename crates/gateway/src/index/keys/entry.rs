//! A key as it is looked at for a call.

use std::{fmt, sync::Arc};

use domain::KeyId;

use super::secret::{NO_LOCATOR, Secret};
use crate::{
    index::{
        shared::AddressRanges,
        slots::{ClientSlot, EnvironmentSlot},
    },
    scopes::ScopeSet,
};

/// One key with its current secret. Moments are in Unix microseconds. What the secret is proven by lies here bare:
/// as a [`Secret`] it would take a cache line's eighth more.
pub(crate) struct KeyEntry {
    pub(crate) id: KeyId,
    pub(super) locator: u64,
    pub(super) hmac: [u8; 32],
    pub(crate) not_before: i64,
    pub(crate) expires_at: i64,
    pub(crate) revoke_at: i64,
    /// None: whatever the client holds.
    pub(crate) scopes: Option<Arc<ScopeSet>>,
    /// None: from anywhere.
    pub(crate) allowed_from: Option<Arc<AddressRanges>>,
    pub(crate) client: ClientSlot,
    pub(crate) environment: EnvironmentSlot,
    pub(super) version: u32,
    pub(super) pepper_version: u16,
    pub(crate) standing: KeyStanding,
    /// Whether there is more about it in the quarantines.
    pub(super) quarantined: bool,
}

impl fmt::Debug for KeyEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyEntry({}, {:?})", self.id, self.standing)
    }
}

impl KeyEntry {
    pub(super) fn secret(&self) -> Secret {
        let Self { locator, hmac, version, pepper_version, .. } = *self;
        Secret { locator, hmac, version, pepper_version }
    }

    /// A key without bounds of its own, which nobody holds.
    pub(crate) fn unbound(client: ClientSlot, environment: EnvironmentSlot) -> Self {
        let absent = Self::absent(KeyId::from_u128(0));
        Self { client, environment, standing: KeyStanding::Active, ..absent }
    }

    pub(super) fn absent(id: KeyId) -> Self {
        Self {
            id,
            locator: NO_LOCATOR,
            hmac: [0; 32],
            version: 0,
            pepper_version: 0,
            not_before: i64::MIN,
            expires_at: i64::MAX,
            revoke_at: i64::MAX,
            scopes: None,
            allowed_from: None,
            client: ClientSlot::NONE,
            environment: EnvironmentSlot::NONE,
            standing: KeyStanding::Absent,
            quarantined: false,
        }
    }
}

/// Whether a key may be used at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyStanding {
    /// Named, but not issued yet.
    Absent,
    Active,
    Suspended,
    Revoked,
    Expired,
}

impl KeyStanding {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_small() {
        assert_eq!(size_of::<KeyEntry>(), 112);
    }
}
