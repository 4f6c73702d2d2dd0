//! Keys and their secrets: 112 bytes for a key with its current secret, and some eight for each way to find it.

mod entry;
mod previous;
pub(crate) mod quarantine;
pub(crate) mod rows;
mod secret;

use std::collections::BTreeSet;

use domain::{
    ClientId, Environment, KeyId, Scope, Timestamp,
    api_key::{ApiKeyEvent, Imported, Issued, OverlapExtended, RevocationScheduled, Rotated},
    secret::{ForeignDigest, Locator, SecretDigest},
};
use hashbrown::HashMap;
use ipnet::IpNet;
use rustc_hash::FxBuildHasher;

pub(crate) use self::entry::{KeyEntry, KeyStanding};
use self::{
    previous::{Previous, PreviousSecrets},
    quarantine::Quarantine,
    secret::Secret,
};
use super::{
    clients::Clients,
    micros,
    shared::{AddressRanges, Environments, Shared},
    slots::{ClientSlot, KeySlot, Slots},
    table::Table,
};
use crate::scopes::ScopeSet;

/// A secret version that a locator leads to.
pub(crate) struct Found<'index> {
    pub(crate) slot: KeySlot,
    pub(crate) key: &'index KeyEntry,
    pub(crate) version: u32,
    pub(crate) digest: SecretDigest,
    /// Of a version that was rotated away: when it stops.
    pub(crate) retired_at: Option<i64>,
}

/// What keys refer to.
pub(crate) struct Around<'index> {
    pub(crate) environments: &'index mut Environments,
    pub(crate) scope_sets: &'index mut Shared<ScopeSet>,
    pub(crate) clients: &'index mut Clients,
}

/// What a key may from its first event on.
struct Allowed<'event> {
    client_id: ClientId,
    environment: &'event Environment,
    scopes: Option<&'event BTreeSet<Scope>>,
    not_before: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    allowed_cidrs: &'event [IpNet],
}

/// All keys.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    entries: Slots<KeyEntry>,
    by_id: Table,
    by_locator: Table,
    /// Secrets of other systems, by all 256 bits of their digest.
    by_foreign: Table,
    previous: PreviousSecrets,
    /// Whether there ever was one.
    knows_foreign: bool,
    quarantines: HashMap<KeySlot, Quarantine, FxBuildHasher>,
    ranges: Shared<AddressRanges>,
}

impl Keys {
    pub(crate) fn get(&self, slot: KeySlot) -> Option<&KeyEntry> {
        self.entries.get(slot.0)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Finds the version that a presented secret claims to be. Proves nothing.
    pub(crate) fn find(&self, locator: Locator) -> Option<Found<'_>> {
        let locator = locator.get();
        if let Some(slot) = self.by_locator.find(locator, |slot| self.locator(slot) == Some(locator)) {
            let key = self.entries.get(slot)?;
            return Some(Found::new(KeySlot(slot), key, &key.secret(), None));
        }
        self.retired(self.previous.find(locator)?)
    }

    /// Finds the version whose secret has this digest: that is its proof too.
    pub(crate) fn find_foreign(&self, digest: &ForeignDigest) -> Option<Found<'_>> {
        let bytes = *digest.as_bytes();
        let holds = |slot| self.entries.get(slot).is_some_and(|entry| entry.secret().proves(digest));
        if let Some(slot) = self.by_foreign.find(bytes, holds) {
            let key = self.entries.get(slot)?;
            return Some(Found::new(KeySlot(slot), key, &key.secret(), None));
        }
        self.retired(self.previous.find_foreign(digest)?)
    }

    fn retired(&self, previous: &Previous) -> Option<Found<'_>> {
        let key = self.get(previous.key)?;
        Some(Found::new(previous.key, key, &previous.secret, Some(previous.until)))
    }

    /// Whether what is not of our form may be a secret all the same.
    pub(crate) fn knows_foreign(&self) -> bool {
        self.knows_foreign
    }

    /// What this version of a key stands under, if it is one that has leaked.
    pub(crate) fn quarantine(&self, slot: KeySlot, version: u32) -> Option<&Quarantine> {
        if !self.get(slot)?.quarantined {
            return None;
        }
        self.quarantines.get(&slot).filter(|quarantine| quarantine.covers(version))
    }

    fn locator(&self, slot: u32) -> Option<u64> {
        self.entries.get(slot).map(|entry| entry.locator)
    }

    /// A key's secret of that version, the current one where none is named; none when it is forgotten or never was.
    pub(crate) fn version(&self, id: KeyId, version: Option<u32>) -> Option<Found<'_>> {
        let holds = |slot| self.entries.get(slot).is_some_and(|entry| entry.id == id);
        let slot = KeySlot(self.by_id.find(id, holds)?);
        let key = self.get(slot).filter(|key| key.standing != KeyStanding::Absent)?;
        if version.is_none_or(|version| version == key.version) {
            return Some(Found::new(slot, key, &key.secret(), None));
        }
        self.retired(self.previous.of(slot)?).filter(|found| Some(found.version) == version)
    }

    /// The keys of a client, in the order they were named. Looks at all there are.
    pub(crate) fn of_client(&self, client: ClientSlot) -> impl Iterator<Item = (KeySlot, &KeyEntry)> {
        let all = (0..self.entries.len()).filter_map(|at| u32::try_from(at).ok().map(KeySlot));
        all.filter_map(|slot| Some((slot, self.get(slot)?))).filter(move |(_, key)| key.client == client)
    }

    /// The key's slot, in which it stands as absent until it is issued.
    pub(crate) fn slot_of(&mut self, id: KeyId) -> KeySlot {
        let found = self.by_id.find(id, |slot| self.entries.get(slot).is_some_and(|entry| entry.id == id));
        if let Some(slot) = found {
            return KeySlot(slot);
        }
        let slot = self.entries.push(KeyEntry::absent(id));
        self.by_id.insert(id, slot, |slot| self.entries.get(slot).map(|entry| entry.id));
        KeySlot(slot)
    }

    pub(crate) fn apply(&mut self, id: KeyId, event: &ApiKeyEvent, around: &mut Around<'_>) {
        let slot = self.slot_of(id);
        match event {
            ApiKeyEvent::Issued(issued) => self.issue(slot, issued, around),
            ApiKeyEvent::Rotated(rotated) => self.rotate(slot, rotated),
            ApiKeyEvent::OverlapExtended(OverlapExtended { version: _, previous_until, reason: _ }) => {
                self.previous.stop(slot, micros(*previous_until));
            }
            // For good: no clock that is set back lets it in again.
            ApiKeyEvent::PreviousRetired(_) => self.previous.stop(slot, i64::MIN),
            ApiKeyEvent::PreviousStillBusy(_) => {}
            ApiKeyEvent::RevocationScheduled(RevocationScheduled { revoke_at, reason: _ }) => {
                self.plan_revocation(slot, micros(*revoke_at));
            }
            ApiKeyEvent::RevocationCancelled(_) => self.plan_revocation(slot, i64::MAX),
            ApiKeyEvent::Revoked(_) => self.stand(slot, KeyStanding::Revoked),
            ApiKeyEvent::Suspended(_) => self.stand(slot, KeyStanding::Suspended),
            ApiKeyEvent::Reinstated(_) => self.stand(slot, KeyStanding::Active),
            ApiKeyEvent::Expired(_) => self.stand(slot, KeyStanding::Expired),
            ApiKeyEvent::Imported(imported) => self.import(slot, imported, around),
            // What follows from it is an event of its own.
            ApiKeyEvent::LeakReported(_) => {}
            ApiKeyEvent::Quarantined(quarantined) => {
                let known = AddressRanges::new(&quarantined.known_addresses);
                self.confine(slot, Quarantine::new(quarantined, known));
            }
            ApiKeyEvent::Released(_) => self.release(slot),
        }
    }

    fn import(&mut self, slot: KeySlot, imported: &Imported, around: &mut Around<'_>) {
        let Imported { client_id, environment, scopes, secret, not_before, expires_at, .. } = imported;
        let allowed = Allowed {
            client_id: *client_id,
            environment,
            scopes: scopes.as_ref(),
            not_before: *not_before,
            expires_at: *expires_at,
            allowed_cidrs: &imported.allowed_cidrs,
        };
        self.begin(slot, &allowed, Secret::foreign(secret), around);
    }

    fn issue(&mut self, slot: KeySlot, issued: &Issued, around: &mut Around<'_>) {
        let Issued { client_id, name: _, environment, scopes, secret, not_before, expires_at, allowed_cidrs } =
            issued;
        let allowed = Allowed {
            client_id: *client_id,
            environment,
            scopes: scopes.as_ref(),
            not_before: *not_before,
            expires_at: *expires_at,
            allowed_cidrs,
        };
        self.begin(slot, &allowed, Secret::of(secret), around);
    }

    fn begin(&mut self, slot: KeySlot, allowed: &Allowed<'_>, secret: Secret, around: &mut Around<'_>) {
        let Allowed { client_id, environment, scopes, not_before, expires_at, allowed_cidrs } = *allowed;
        let ranges = (!allowed_cidrs.is_empty()).then(|| self.ranges.keep(AddressRanges::new(allowed_cidrs)));
        let Some(entry) = self.entries.get_mut(slot.0).filter(|entry| entry.standing == KeyStanding::Absent)
        else {
            return;
        };
        entry.client = around.client(client_id);
        entry.environment = around.environments.slot_of(environment);
        entry.scopes = scopes.map(|scopes| around.scope_sets.keep(scopes.iter().cloned().collect()));
        entry.allowed_from = ranges;
        entry.not_before = not_before.map_or(i64::MIN, micros);
        entry.expires_at = expires_at.map_or(i64::MAX, micros);
        entry.standing = KeyStanding::Active;
        self.present(slot, secret);
    }

    /// Makes a secret the key's current one.
    fn present(&mut self, slot: KeySlot, secret: Secret) {
        if let Some(entry) = self.entries.get_mut(slot.0) {
            let Secret { locator, hmac, version, pepper_version } = secret;
            (entry.locator, entry.hmac) = (locator, hmac);
            (entry.version, entry.pepper_version) = (version, pepper_version);
        }
        let entries = &self.entries;
        if secret.is_foreign() {
            let digest_of = |slot| entries.get(slot).map(|entry| entry.hmac);
            self.by_foreign.insert(secret.hmac, slot.0, digest_of);
            self.knows_foreign = true;
        } else {
            let locator_of = |slot| entries.get(slot).map(|entry| entry.locator);
            self.by_locator.insert(secret.locator, slot.0, locator_of);
        }
    }

    fn confine(&mut self, slot: KeySlot, quarantine: Quarantine) {
        if let Some(entry) = self.entries.get_mut(slot.0) {
            entry.quarantined = true;
            self.quarantines.insert(slot, quarantine);
        }
    }

    fn release(&mut self, slot: KeySlot) {
        if let Some(entry) = self.entries.get_mut(slot.0) {
            entry.quarantined = false;
        }
        self.quarantines.remove(&slot);
    }

    fn rotate(&mut self, slot: KeySlot, rotated: &Rotated) {
        let Rotated { secret, previous_until, expires_at, .. } = rotated;
        let Some(entry) = self.entries.get_mut(slot.0).filter(|entry| entry.standing != KeyStanding::Absent)
        else {
            return;
        };
        let before = entry.secret();
        entry.expires_at = expires_at.map_or(i64::MAX, micros);
        if before.is_foreign() {
            self.by_foreign.remove(before.hmac, slot.0);
        } else {
            self.by_locator.remove(before.locator, slot.0);
        }
        self.present(slot, Secret::of(secret));
        self.retire(Previous { secret: before, until: micros(*previous_until), key: slot });
    }

    fn plan_revocation(&mut self, slot: KeySlot, revoke_at: i64) {
        if let Some(entry) = self.entries.get_mut(slot.0) {
            entry.revoke_at = revoke_at;
        }
    }

    fn retire(&mut self, retired: Previous) {
        self.knows_foreign |= retired.secret.is_foreign();
        self.previous.keep(retired);
    }

    /// Revoked is final, whatever a log may say later.
    fn stand(&mut self, slot: KeySlot, standing: KeyStanding) {
        if let Some(entry) = self.entries.get_mut(slot.0) {
            match entry.standing {
                KeyStanding::Absent | KeyStanding::Revoked => {}
                KeyStanding::Expired if standing != KeyStanding::Revoked => {}
                KeyStanding::Active | KeyStanding::Suspended | KeyStanding::Expired => {
                    entry.standing = standing
                }
            }
        }
    }
}

impl<'index> Found<'index> {
    fn new(slot: KeySlot, key: &'index KeyEntry, secret: &Secret, retired_at: Option<i64>) -> Self {
        let Secret { locator: _, hmac, version, pepper_version } = *secret;
        Self { slot, key, version, digest: SecretDigest { pepper_version, hmac }, retired_at }
    }
}

impl Around<'_> {
    fn client(&mut self, id: ClientId) -> ClientSlot {
        self.clients.slot_of(id)
    }
}
