//! Keys as a snapshot has them, with the digests that their secrets are proven by.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use domain::{KeyId, Scope};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{
    Around, KeyEntry, KeyStanding, Keys, previous::Previous, quarantine::QuarantineRow, secret::Secret,
};
use crate::{
    index::{
        shared::AddressRanges,
        slots::{ClientSlot, EnvironmentSlot, KeySlot},
    },
    snapshot::Numbers,
};

/// One key. What most keys do not have is at the end, where it may be left out together.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeyRow {
    #[serde(rename = "i")]
    id: KeyId,
    /// Numbers of the client and the environment; none of a key that was named and never issued.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    of: Option<(u32, u32)>,
    #[serde(rename = "s")]
    standing: u8,
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    secret: Option<SecretRow>,
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    not_before: Option<i64>,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    revoke_at: Option<i64>,
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<Scope>>,
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    allowed_from: Option<Vec<IpNet>>,
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    quarantine: Option<QuarantineRow>,
}

/// Version, pepper version, locator and digest of a secret.
#[derive(Serialize, Deserialize)]
pub(crate) struct SecretRow(u32, u16, u64, String);

/// The secret before the current one of the key of that number, and when it stops.
#[derive(Serialize, Deserialize)]
pub(crate) struct PreviousRow(u32, SecretRow, i64);

const STANDINGS: [KeyStanding; 5] = [
    KeyStanding::Absent,
    KeyStanding::Active,
    KeyStanding::Suspended,
    KeyStanding::Revoked,
    KeyStanding::Expired,
];

impl SecretRow {
    fn of(secret: &Secret) -> Self {
        let Secret { locator, hmac, version, pepper_version } = secret;
        Self(*version, *pepper_version, *locator, STANDARD_NO_PAD.encode(hmac))
    }

    fn secret(&self) -> Option<Secret> {
        let Self(version, pepper_version, locator, hmac) = self;
        let hmac = STANDARD_NO_PAD.decode(hmac).ok()?.try_into().ok()?;
        Some(Secret { locator: *locator, hmac, version: *version, pepper_version: *pepper_version })
    }
}

impl KeyRow {
    fn of(entry: &KeyEntry) -> Self {
        let issued = entry.standing != KeyStanding::Absent;
        let standing = STANDINGS.iter().position(|standing| *standing == entry.standing);
        Self {
            id: entry.id,
            of: issued.then_some((entry.client.0, entry.environment.0)),
            standing: standing.and_then(|at| u8::try_from(at).ok()).unwrap_or_default(),
            secret: issued.then(|| SecretRow::of(&entry.secret())),
            not_before: Some(entry.not_before).filter(|at| *at != i64::MIN),
            expires_at: Some(entry.expires_at).filter(|at| *at != i64::MAX),
            revoke_at: Some(entry.revoke_at).filter(|at| *at != i64::MAX),
            scopes: entry.scopes.as_ref().map(|scopes| scopes.iter().cloned().collect()),
            allowed_from: entry.allowed_from.as_ref().map(|ranges| ranges.as_slice().to_vec()),
            quarantine: None,
        }
    }
}

impl Keys {
    pub(crate) fn row(&self, number: u32) -> Option<KeyRow> {
        let quarantine = self.quarantines.get(&KeySlot(number)).map(|quarantine| quarantine.row());
        Some(KeyRow { quarantine, ..KeyRow::of(self.entries.get(number)?) })
    }

    pub(crate) fn previous_len(&self) -> usize {
        self.previous.len()
    }

    pub(crate) fn previous_row(&self, number: u32) -> Option<PreviousRow> {
        let Previous { secret, until, key } = self.previous.get(number)?;
        Some(PreviousRow(key.0, SecretRow::of(secret), *until))
    }

    /// Puts a key back. None when it speaks of what the snapshot does not have.
    pub(crate) fn put_back(
        &mut self,
        row: KeyRow,
        clients: &Numbers<ClientSlot>,
        environments: &Numbers<EnvironmentSlot>,
        around: &mut Around<'_>,
    ) -> Option<KeySlot> {
        let slot = self.slot_of(row.id);
        let ranges = row.allowed_from.map(|ranges| self.ranges.keep(AddressRanges::new(&ranges)));
        let entry = self.entries.get_mut(slot.0)?;
        if let Some((client, environment)) = row.of {
            (entry.client, entry.environment) = (clients.get(client)?, environments.get(environment)?);
        }
        entry.standing = *STANDINGS.get(usize::from(row.standing))?;
        entry.scopes = row.scopes.map(|scopes| around.scope_sets.keep(scopes.into_iter().collect()));
        entry.allowed_from = ranges;
        entry.not_before = row.not_before.unwrap_or(i64::MIN);
        entry.expires_at = row.expires_at.unwrap_or(i64::MAX);
        entry.revoke_at = row.revoke_at.unwrap_or(i64::MAX);
        if let Some(secret) = row.secret {
            self.present(slot, secret.secret()?);
        }
        if let Some(row) = row.quarantine {
            self.confine(slot, row.quarantine());
        }
        Some(slot)
    }

    pub(crate) fn put_back_previous(&mut self, row: &PreviousRow, keys: &Numbers<KeySlot>) -> Option<()> {
        let PreviousRow(key, secret, until) = row;
        self.retire(Previous { secret: secret.secret()?, until: *until, key: keys.get(*key)? });
        Some(())
    }
}
