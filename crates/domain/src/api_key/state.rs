//! A key as its events have made it.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{ApiKeyEvent, ForeignVersion, Imported, Issued, Origin, Quarantined, Rotated, SecretVersion};
use crate::{
    ClientId, Environment, LeakId, Name, Reason, Scope, Timestamp,
    secret::{ForeignDigest, Locator, SecretDigest},
};

/// A key's state. Revoked and expired are final.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiKey {
    #[default]
    Absent,
    Active(Lineage),
    Suspended(Lineage),
    Revoked(Lineage),
    Expired(Lineage),
}

/// What stays over rotations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    pub client_id: ClientId,
    pub name: Name,
    pub environment: Environment,
    pub scopes: Option<BTreeSet<Scope>>,
    pub not_before: Option<Timestamp>,
    pub allowed_cidrs: Vec<IpNet>,
    /// The newest secret version.
    pub current: HeldSecret,
    /// When it stops.
    pub expires_at: Option<Timestamp>,
    /// The version before it and when that one stops or stopped; none before the first rotation.
    pub previous: Option<(HeldSecret, Timestamp)>,
    pub revoke_at: Option<(Timestamp, Reason)>,
    /// Where the key comes from, and the secret it came with; none of a key that was issued here.
    pub imported: Option<(Origin, ForeignDigest)>,
    /// The last of those that were put on it, and not released.
    pub quarantine: Option<Quarantine>,
    /// Reports that are on record: a repeated one is no news.
    pub leaks: BTreeSet<LeakId>,
    /// What the last rotation said of the version before; none before the first.
    pub overlap: Option<Overlap>,
}

/// One secret version of a lineage, whoever made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldSecret {
    /// Counts from 1.
    pub version: u32,
    pub hint: String,
    pub proof: Proof,
}

/// What a presented secret is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Found by the locator, proven by the digest.
    Native { locator: Locator, digest: SecretDigest },
    /// Found and proven by the digest.
    Foreign(ForeignDigest),
}

/// What a leaked key stands under: its secrets up to one of the versions open little until they are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    pub leak_id: LeakId,
    /// The leaked one; later versions are free.
    pub secret_version: u32,
}

impl From<&SecretVersion> for HeldSecret {
    fn from(secret: &SecretVersion) -> Self {
        let SecretVersion { version, locator, digest, hint } = secret;
        let proof = Proof::Native { locator: *locator, digest: *digest };
        Self { version: *version, hint: hint.clone(), proof }
    }
}

impl From<&ForeignVersion> for HeldSecret {
    fn from(secret: &ForeignVersion) -> Self {
        let ForeignVersion { version, sha256, hint } = secret;
        Self { version: *version, hint: hint.clone(), proof: Proof::Foreign(*sha256) }
    }
}

/// What bounds the life of the version before the current one, beside the end that it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlap {
    /// None where the rotation was recorded without it: then its end cannot be moved.
    pub rotated_at: Option<Timestamp>,
    /// The old secret's own expiry.
    pub expires_at: Option<Timestamp>,
    pub retire_when_idle_hours: Option<u16>,
    /// Whether it is on record that it is still busy shortly before the end that it has.
    pub still_busy: bool,
    /// Whether it was stopped before its time: no clock that is set back brings it to life again.
    pub retired: bool,
}

impl ApiKey {
    #[must_use]
    pub fn lineage(&self) -> Option<&Lineage> {
        match self {
            Self::Absent => None,
            Self::Active(lineage)
            | Self::Suspended(lineage)
            | Self::Revoked(lineage)
            | Self::Expired(lineage) => Some(lineage),
        }
    }

    pub(super) fn fold(&mut self, event: &ApiKeyEvent) {
        match event {
            ApiKeyEvent::Issued(issued) => *self = Self::Active(Lineage::issued(issued)),
            ApiKeyEvent::Rotated(rotated) => self.change(|lineage| lineage.rotate(rotated)),
            ApiKeyEvent::OverlapExtended(extended) => {
                self.change(|lineage| lineage.stop_previous(extended.previous_until));
            }
            ApiKeyEvent::PreviousRetired(retired) => {
                self.change(|lineage| {
                    lineage.stop_previous(retired.retired_at);
                    lineage.overlap.iter_mut().for_each(|overlap| overlap.retired = true);
                });
            }
            ApiKeyEvent::PreviousStillBusy(_) => self.change(|lineage| {
                lineage.overlap.iter_mut().for_each(|overlap| overlap.still_busy = true);
            }),
            ApiKeyEvent::RevocationScheduled(scheduled) => {
                self.change(|lineage| {
                    lineage.revoke_at = Some((scheduled.revoke_at, scheduled.reason.clone()))
                });
            }
            ApiKeyEvent::RevocationCancelled(_) => self.change(|lineage| lineage.revoke_at = None),
            ApiKeyEvent::Revoked(_) => self.stand(Self::Revoked),
            ApiKeyEvent::Suspended(_) => self.stand(Self::Suspended),
            ApiKeyEvent::Reinstated(_) => self.stand(Self::Active),
            ApiKeyEvent::Expired(_) => self.stand(Self::Expired),
            ApiKeyEvent::Imported(imported) => *self = Self::Active(Lineage::imported(imported)),
            ApiKeyEvent::LeakReported(reported) => {
                self.change(|lineage| {
                    lineage.leaks.insert(reported.leak_id);
                });
            }
            ApiKeyEvent::Quarantined(quarantined) => self.change(|lineage| lineage.quarantine(quarantined)),
            ApiKeyEvent::Released(_) => self.change(|lineage| lineage.quarantine = None),
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut Lineage)) {
        match self {
            Self::Absent => {}
            Self::Active(lineage)
            | Self::Suspended(lineage)
            | Self::Revoked(lineage)
            | Self::Expired(lineage) => {
                change(lineage);
            }
        }
    }

    fn stand(&mut self, standing: fn(Lineage) -> Self) {
        *self = match std::mem::take(self) {
            Self::Absent => Self::Absent,
            Self::Active(lineage)
            | Self::Suspended(lineage)
            | Self::Revoked(lineage)
            | Self::Expired(lineage) => standing(lineage),
        };
    }
}

impl Lineage {
    fn issued(issued: &Issued) -> Self {
        let Issued { client_id, name, environment, scopes, secret, not_before, expires_at, allowed_cidrs } =
            issued;
        Self {
            client_id: *client_id,
            name: name.clone(),
            environment: environment.clone(),
            scopes: scopes.clone(),
            not_before: *not_before,
            allowed_cidrs: allowed_cidrs.clone(),
            current: secret.into(),
            expires_at: *expires_at,
            previous: None,
            revoke_at: None,
            imported: None,
            quarantine: None,
            leaks: BTreeSet::new(),
            overlap: None,
        }
    }

    fn imported(imported: &Imported) -> Self {
        let Imported { client_id, name, environment, scopes, secret, not_before, expires_at, .. } = imported;
        let Imported { allowed_cidrs, origin, .. } = imported;
        Self {
            client_id: *client_id,
            name: name.clone(),
            environment: environment.clone(),
            scopes: scopes.clone(),
            not_before: *not_before,
            allowed_cidrs: allowed_cidrs.clone(),
            current: secret.into(),
            expires_at: *expires_at,
            previous: None,
            revoke_at: None,
            overlap: None,
            imported: Some((origin.clone(), secret.sha256)),
            quarantine: None,
            leaks: BTreeSet::new(),
        }
    }

    fn quarantine(&mut self, quarantined: &Quarantined) {
        let (leak_id, secret_version) = (quarantined.leak_id, quarantined.secret_version);
        self.quarantine = Some(Quarantine { leak_id, secret_version });
    }

    fn rotate(&mut self, rotated: &Rotated) {
        let Rotated { secret, previous_until, expires_at, reason: _, rotated_at, retire_when_idle_hours } =
            rotated;
        let before = std::mem::replace(&mut self.current, secret.into());
        self.previous = Some((before, *previous_until));
        self.overlap = Some(Overlap {
            rotated_at: *rotated_at,
            expires_at: self.expires_at,
            retire_when_idle_hours: *retire_when_idle_hours,
            still_busy: false,
            retired: false,
        });
        self.expires_at = *expires_at;
    }

    /// Another end is near at another time: whether it is busy then is to be said anew.
    fn stop_previous(&mut self, at: Timestamp) {
        self.previous.iter_mut().for_each(|(_, until)| *until = at);
        self.overlap.iter_mut().for_each(|overlap| overlap.still_busy = false);
    }
}
