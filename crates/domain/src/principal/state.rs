//! A principal as its events have made it.

use serde::{Deserialize, Serialize};

use super::{
    BreakGlassOpened, Identity, PersonAdded, PrincipalEvent, ServiceAccountMade, TokenIssued, TokenRotated,
};
use crate::{Name, PrincipalId, Timestamp, api_key::SecretVersion, personal::Personal};

/// A principal's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    #[default]
    Absent,
    /// Whoever installs Tollgate: not somebody, but a claim that can be made. How often it was opened anew.
    Claim {
        reopened: u32,
        last: u32,
    },
    Enabled(Profile),
    Disabled(Profile),
}

/// What a principal has, enabled or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub holder: Holder,
    pub token: Option<Token>,
    /// The token before, until it stops.
    pub previous: Option<Token>,
    /// Tokens that it has had.
    pub tokens: u32,
    pub glass: Option<Glass>,
}

/// Who it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    Person { name: Personal, email: Option<Personal>, identity: Option<Identity>, claimed: bool },
    ServiceAccount { name: Name, team: Name },
}

/// A token on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub secret: SecretVersion,
    /// When it stops.
    pub until: Timestamp,
}

/// A broken glass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glass {
    pub until: Timestamp,
}

/// What rules about grants ask of their holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolderFacts {
    Absent,
    Person { enabled: bool },
    ServiceAccount { enabled: bool },
}

impl Account {
    /// Of the claim that somebody with access to the machine opens anew: one an installation, before every other.
    #[must_use]
    pub fn claim_id() -> PrincipalId {
        PrincipalId::from_parts(0, 0)
    }

    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        match self {
            Self::Absent | Self::Claim { .. } => None,
            Self::Enabled(profile) | Self::Disabled(profile) => Some(profile),
        }
    }

    #[must_use]
    pub fn is_enabled(&self) -> bool {
        matches!(self, Self::Enabled(_))
    }

    /// What the rules of grants ask about.
    #[must_use]
    pub fn facts(&self) -> HolderFacts {
        let enabled = self.is_enabled();
        match self.profile().map(|profile| &profile.holder) {
            None => HolderFacts::Absent,
            Some(Holder::Person { .. }) => HolderFacts::Person { enabled },
            Some(Holder::ServiceAccount { .. }) => HolderFacts::ServiceAccount { enabled },
        }
    }

    fn profile_mut(&mut self) -> Option<&mut Profile> {
        match self {
            Self::Absent | Self::Claim { .. } => None,
            Self::Enabled(profile) | Self::Disabled(profile) => Some(profile),
        }
    }

    fn stand(&mut self, standing: fn(Profile) -> Self) {
        *self = match std::mem::take(self) {
            Self::Enabled(profile) | Self::Disabled(profile) => standing(profile),
            other @ (Self::Absent | Self::Claim { .. }) => other,
        };
    }

    pub(super) fn fold(&mut self, event: &PrincipalEvent) {
        use PrincipalEvent as E;
        match event {
            E::PersonAdded(PersonAdded { name, email, identity }) => {
                let (name, email, identity) = (*name, *email, identity.clone());
                *self = Self::made(Holder::Person { name, email, identity, claimed: false });
            }
            E::ServiceAccountMade(ServiceAccountMade { name, team }) => {
                *self = Self::made(Holder::ServiceAccount { name: name.clone(), team: team.clone() });
            }
            E::ClaimReopened(reopened) => {
                let before = if let Self::Claim { reopened, .. } = self { *reopened } else { 0 };
                let last = reopened.secret.version;
                *self = Self::Claim { reopened: before.saturating_add(1), last };
            }
            E::Disabled(_) => self.stand(Self::Disabled),
            E::Enabled(_) => self.stand(Self::Enabled),
            E::TokenIssued(_)
            | E::TokenRotated(_)
            | E::TokensRevoked(_)
            | E::InstallationClaimed(_)
            | E::BreakGlassOpened(_)
            | E::BreakGlassClosed(_) => {
                if let Some(profile) = self.profile_mut() {
                    profile.fold(event);
                }
            }
        }
    }

    fn made(holder: Holder) -> Self {
        Self::Enabled(Profile { holder, token: None, previous: None, tokens: 0, glass: None })
    }
}

impl Profile {
    fn fold(&mut self, event: &PrincipalEvent) {
        use PrincipalEvent as E;
        match event {
            E::TokenIssued(TokenIssued { secret, expires_at }) => {
                self.previous = None;
                self.put(secret, *expires_at);
            }
            E::TokenRotated(TokenRotated { secret, previous_until, expires_at }) => {
                self.previous = self
                    .token
                    .take()
                    .map(|Token { secret, until: _ }| Token { secret, until: *previous_until });
                self.put(secret, *expires_at);
            }
            E::TokensRevoked(_) => (self.token, self.previous) = (None, None),
            E::InstallationClaimed(_) => {
                if let Holder::Person { claimed, .. } = &mut self.holder {
                    *claimed = true;
                }
            }
            E::BreakGlassOpened(BreakGlassOpened { until, .. }) => self.glass = Some(Glass { until: *until }),
            E::BreakGlassClosed(_) => self.glass = None,
            E::PersonAdded(_)
            | E::ServiceAccountMade(_)
            | E::ClaimReopened(_)
            | E::Disabled(_)
            | E::Enabled(_) => {}
        }
    }

    fn put(&mut self, secret: &SecretVersion, until: Timestamp) {
        self.tokens = secret.version;
        self.token = Some(Token { secret: secret.clone(), until });
    }

    /// Whether it is an administrator by a broken glass.
    #[must_use]
    pub fn glass_is_broken(&self, now: Timestamp) -> bool {
        self.glass.is_some_and(|glass| now < glass.until)
    }
}
