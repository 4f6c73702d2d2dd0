//! What happened to a key. The digest of a secret is in no other aggregate's events.

use std::collections::BTreeSet;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::leak::{LeakReported, Quarantined, Released};
use crate::{
    ClientId, Environment, Name, Reason, Scope, Timestamp,
    aggregate::event_types,
    secret::{ForeignDigest, Locator, SecretDigest},
};

/// A fact about a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ApiKeyEvent {
    Issued(Issued),
    Rotated(Rotated),
    OverlapExtended(OverlapExtended),
    PreviousRetired(PreviousRetired),
    PreviousStillBusy(PreviousStillBusy),
    RevocationScheduled(RevocationScheduled),
    RevocationCancelled(RevocationCancelled),
    Revoked(Revoked),
    Suspended(Suspended),
    Reinstated(Reinstated),
    Expired(Expired),
    Imported(Imported),
    LeakReported(LeakReported),
    Quarantined(Quarantined),
    Released(Released),
}

event_types!(ApiKeyEvent {
    Issued = "api_key.issued",
    Rotated = "api_key.rotated",
    OverlapExtended = "api_key.overlap_extended",
    PreviousRetired = "api_key.previous_retired",
    PreviousStillBusy = "api_key.previous_still_busy",
    RevocationScheduled = "api_key.revocation_scheduled",
    RevocationCancelled = "api_key.revocation_cancelled",
    Revoked = "api_key.revoked",
    Suspended = "api_key.suspended",
    Reinstated = "api_key.reinstated",
    Expired = "api_key.expired",
    Imported = "api_key.imported",
    LeakReported = "api_key.leak_reported",
    Quarantined = "api_key.quarantined",
    Released = "api_key.released",
});

impl ApiKeyEvent {
    /// The secret that it brings, where it brings one of ours.
    #[must_use]
    pub fn secret(&self) -> Option<&SecretVersion> {
        match self {
            Self::Issued(issued) => Some(&issued.secret),
            Self::Rotated(rotated) => Some(&rotated.secret),
            Self::Imported(_)
            | Self::OverlapExtended(_)
            | Self::PreviousRetired(_)
            | Self::PreviousStillBusy(_)
            | Self::Suspended(_)
            | Self::Reinstated(_)
            | Self::RevocationScheduled(_)
            | Self::RevocationCancelled(_)
            | Self::Revoked(_)
            | Self::Expired(_)
            | Self::LeakReported(_)
            | Self::Quarantined(_)
            | Self::Released(_) => None,
        }
    }
}

/// One secret of a key's lineage, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretVersion {
    /// Counts from 1.
    pub version: u32,
    pub locator: Locator,
    pub digest: SecretDigest,
    /// The last characters, for people who compare: `…x7Qa`.
    pub hint: String,
}

/// A key exists, with its first secret version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Issued {
    pub client_id: ClientId,
    pub name: Name,
    pub environment: Environment,
    /// None: whatever the client holds. Empty: nothing.
    pub scopes: Option<BTreeSet<Scope>>,
    pub secret: SecretVersion,
    /// Calls before it are refused.
    pub not_before: Option<Timestamp>,
    /// Calls from it on are refused.
    pub expires_at: Option<Timestamp>,
    /// Each range once, truncated to its network. Empty: from anywhere.
    #[schemars(with = "Vec<String>")]
    pub allowed_cidrs: Vec<IpNet>,
}

/// A new secret version lives at once; the one before it lives on for the overlap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rotated {
    pub secret: SecretVersion,
    /// When the version before stops: never after its own expiry, nor after the new version's.
    pub previous_until: Timestamp,
    /// When the new version stops.
    pub expires_at: Option<Timestamp>,
    pub reason: Option<Reason>,
    /// When this was decided: bounds what the overlap may be extended to. None in rotations that were recorded before
    /// it was.
    #[serde(default)]
    pub rotated_at: Option<Timestamp>,
    /// The version before is retired once it has not been used for so many hours. None: it lives to its end.
    #[serde(default)]
    pub retire_when_idle_hours: Option<u16>,
}

/// The version before the current one lives longer than was said at first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OverlapExtended {
    /// The version that lives on.
    pub version: u32,
    /// When it stops now.
    pub previous_until: Timestamp,
    pub reason: Reason,
}

/// The version before the current one has stopped before its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PreviousRetired {
    /// The version that has stopped.
    pub version: u32,
    pub retired_at: Timestamp,
    /// Its last use, where it was retired because that was long ago. None where somebody asked for it, and where it was
    /// not used at all.
    pub last_used_at: Option<Timestamp>,
    pub reason: Reason,
}

/// The version before the current one is about to stop and somebody still uses it. Recorded once for each end that is
/// set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PreviousStillBusy {
    pub version: u32,
    /// When it stops.
    pub previous_until: Timestamp,
    pub last_used_at: Timestamp,
}

/// Every secret version stops at that time; the gateway honours it to the second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RevocationScheduled {
    pub revoke_at: Timestamp,
    pub reason: Reason,
}

/// The planned revocation will not come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RevocationCancelled {
    /// The time that was planned.
    pub revoke_at: Timestamp,
    pub reason: Reason,
}

/// Every secret version has stopped, for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revoked {
    /// When they stopped: the planned time where there was one and it had come.
    pub revoked_at: Timestamp,
    pub reason: Reason,
}

/// Calls are refused until the key is reinstated. Its times run on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suspended {
    pub reason: Reason,
}

/// The suspension is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reinstated {
    pub reason: Reason,
}

/// The expiry has passed and is on record. The gateway refused from `expired_at` on by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expired {
    pub expired_at: Timestamp,
}

/// The secret of an imported key, as another system has issued it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ForeignVersion {
    /// 1: later versions are our own.
    pub version: u32,
    pub sha256: ForeignDigest,
    /// The last characters, where the other system knew them: `…x7Qa`.
    pub hint: String,
}

/// A key exists that another system has issued; its callers go on with the secret they have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Imported {
    pub client_id: ClientId,
    pub name: Name,
    pub environment: Environment,
    /// None: whatever the client holds. Empty: nothing.
    pub scopes: Option<BTreeSet<Scope>>,
    pub secret: ForeignVersion,
    /// Calls before it are refused.
    pub not_before: Option<Timestamp>,
    /// Calls from it on are refused.
    pub expires_at: Option<Timestamp>,
    /// Each range once, truncated to its network. Empty: from anywhere.
    #[schemars(with = "Vec<String>")]
    pub allowed_cidrs: Vec<IpNet>,
    pub origin: Origin,
}

/// Where an imported key comes from: with its client and secret it tells a repeated row from another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// The system, as whoever imported called it.
    pub source: Name,
    /// The key's name there.
    pub external_id: Name,
    /// When it was made there, where that is known.
    pub created_at: Option<Timestamp>,
}
