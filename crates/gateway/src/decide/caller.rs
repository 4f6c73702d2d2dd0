//! Who calls: the secret proven, and what its key and client may do at this moment.

use std::{net::IpAddr, sync::Arc};

use domain::{
    Scope, Timestamp,
    api_client::ClientStanding,
    decision::RefusalReason,
    secret::{ForeignDigest, PresentedSecret},
};

use super::Grounds;
use crate::{
    index::{
        Index,
        clients::ClientEntry,
        keys::{Found, KeyEntry, KeyStanding, quarantine::Quarantine},
        micros,
        slots::{EnvironmentSlot, KeySlot},
    },
    scopes::Scopes,
};

/// The holder of a genuine secret.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'a> {
    pub(crate) slot: KeySlot,
    pub(crate) key: &'a KeyEntry,
    pub(crate) client: Option<&'a ClientEntry>,
    pub(crate) version: u32,
    pub(crate) retired_at: Option<i64>,
}

impl<'a> Caller<'a> {
    /// An unknown secret takes as long to refuse as a known key with a wrong one. Where secrets of other systems are
    /// known, both ways are gone to their end before any secret is refused.
    pub(crate) fn prove(grounds: &Grounds<'a>, secret: Option<&str>) -> Result<Self, RefusalReason> {
        let secret = secret.ok_or(RefusalReason::MissingSecret)?;
        let keys = &grounds.index.keys;
        let presented = PresentedSecret::parse(secret);
        let native = presented.ok().and_then(|presented| find_native(grounds, &presented, secret));
        if let Some(found) = native {
            return Ok(Self::of(grounds, &found));
        }
        let (malformed, unknown) = (RefusalReason::MalformedSecret, RefusalReason::UnknownSecret);
        if !keys.knows_foreign() {
            return Err(if presented.is_ok() { unknown } else { malformed });
        }
        let digest = ForeignDigest::of(secret).ok_or(malformed)?;
        keys.find_foreign(&digest).map(|found| Self::of(grounds, &found)).ok_or(unknown)
    }

    fn of(grounds: &Grounds<'a>, found: &Found<'a>) -> Self {
        Self {
            slot: found.slot,
            key: found.key,
            client: grounds.index.clients.get(found.key.client),
            version: found.version,
            retired_at: found.retired_at,
        }
    }

    /// A client that is named without a key, with what stands for one.
    pub(super) fn named(open_key: &'a KeyEntry, index: &'a Index) -> Self {
        let client = index.clients.get(open_key.client);
        Self { slot: KeySlot::NONE, key: open_key, client, version: 0, retired_at: None }
    }

    /// Whether this version of the secret stands at this moment.
    pub(super) fn check_live(&self, now: Timestamp) -> Result<(), RefusalReason> {
        let now = micros(now);
        let key = self.key;
        if key.standing == KeyStanding::Revoked || key.revoke_at <= now {
            Err(RefusalReason::KeyRevoked)
        } else if key.standing == KeyStanding::Expired {
            Err(RefusalReason::KeyExpired)
        } else if self.retired_at.is_some_and(|retired_at| retired_at <= now) {
            Err(RefusalReason::SecretRetired)
        } else if self.retired_at.is_none() && key.expires_at <= now {
            // A version rotated away has its own end, which was never later than its expiry.
            Err(RefusalReason::KeyExpired)
        } else if now < key.not_before {
            Err(RefusalReason::KeyNotYetValid)
        } else {
            Ok(())
        }
    }

    pub(super) fn check_standing(&self) -> Result<(), RefusalReason> {
        match self.key.standing {
            KeyStanding::Active => {}
            KeyStanding::Suspended => return Err(RefusalReason::KeySuspended),
            KeyStanding::Expired => return Err(RefusalReason::KeyExpired),
            KeyStanding::Revoked | KeyStanding::Absent => return Err(RefusalReason::KeyRevoked),
        }
        match self.client.map(|client| client.standing) {
            Some(ClientStanding::Active) => Ok(()),
            Some(ClientStanding::Suspended) => Err(RefusalReason::ClientSuspended),
            Some(ClientStanding::Archived | ClientStanding::Absent) | None => {
                Err(RefusalReason::ClientArchived)
            }
        }
    }

    /// The key's own, and one that its client has not lost.
    pub(super) fn check_environment(&self, environment: EnvironmentSlot) -> Result<(), RefusalReason> {
        let held = self.client.is_some_and(|client| client.may_use(environment));
        if held && self.key.environment == environment {
            Ok(())
        } else {
            Err(RefusalReason::WrongEnvironment)
        }
    }

    /// An address that is not known is in no range.
    pub(super) fn check_address(&self, address: Option<IpAddr>) -> Result<(), RefusalReason> {
        match &self.key.allowed_from {
            None => Ok(()),
            Some(ranges) if address.is_some_and(|address| ranges.contain(address)) => Ok(()),
            Some(_) => Err(RefusalReason::AddressNotAllowed),
        }
    }

    /// What this version of the secret stands under; one from elsewhere than before is refused at once.
    pub(super) fn check_quarantine(
        &self,
        grounds: &Grounds<'a>,
        address: Option<IpAddr>,
    ) -> Result<Option<&'a Quarantine>, RefusalReason> {
        match grounds.index.keys.quarantine(self.slot, self.version) {
            None => Ok(None),
            Some(quarantine) if quarantine.admits(address) => Ok(Some(quarantine)),
            Some(_) => Err(RefusalReason::KeyQuarantined),
        }
    }

    pub(crate) fn holds(&self, scope: &Scope) -> bool {
        self.client.is_some_and(|client| client.scopes.contains(scope))
            && self.key.scopes.as_deref().is_none_or(|own| own.contains(scope))
    }

    pub(crate) fn scopes(&self) -> Scopes {
        Scopes {
            held: self.client.map(|client| Arc::clone(&client.scopes)),
            limited_to: self.key.scopes.clone(),
        }
    }
}

/// The version that the locator leads to, if the secret proves it.
fn find_native<'a>(
    grounds: &Grounds<'a>,
    presented: &PresentedSecret<'_>,
    secret: &str,
) -> Option<Found<'a>> {
    let found = grounds.index.keys.find(presented.locator);
    let stored = found.as_ref().map_or(&grounds.no_digest, |found| &found.digest);
    let digest = grounds.peppers.digest(stored.pepper_version, secret);
    let genuine = digest.is_some_and(|digest| digest.matches(stored));
    found.filter(|_| genuine)
}
