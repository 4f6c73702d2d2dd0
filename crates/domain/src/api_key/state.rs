//! A key as its events have made it.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{ApiKeyEvent, Issued, Rotated, SecretVersion};
use crate::{ClientId, Environment, Name, Reason, Scope, Timestamp};

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
    pub current: SecretVersion,
    /// When it stops.
    pub expires_at: Option<Timestamp>,
    /// The version before it and when that one stops or stopped; none before the first rotation.
    pub previous: Option<(SecretVersion, Timestamp)>,
    pub revoke_at: Option<(Timestamp, Reason)>,
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
            ApiKeyEvent::RevocationScheduled(scheduled) => {
                self.change(|lineage| {
                    lineage.revoke_at = Some((scheduled.revoke_at, scheduled.reason.clone()))
                });
            }
            ApiKeyEvent::Revoked(_) => self.stand(Self::Revoked),
            ApiKeyEvent::Suspended(_) => self.stand(Self::Suspended),
            ApiKeyEvent::Reinstated(_) => self.stand(Self::Active),
            ApiKeyEvent::Expired(_) => self.stand(Self::Expired),
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
            current: secret.clone(),
            expires_at: *expires_at,
            previous: None,
            revoke_at: None,
        }
    }

    fn rotate(&mut self, rotated: &Rotated) {
        let Rotated { secret, previous_until, expires_at, reason: _ } = rotated;
        let before = std::mem::replace(&mut self.current, secret.clone());
        self.previous = Some((before, *previous_until));
        self.expires_at = *expires_at;
    }
}
