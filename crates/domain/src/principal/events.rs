//! What happened to a principal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    GrantId, Name, PrincipalId, Reason, Timestamp, aggregate::event_types, api_key::SecretVersion,
    personal::Personal,
};

/// A fact about a principal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum PrincipalEvent {
    PersonAdded(PersonAdded),
    ServiceAccountMade(ServiceAccountMade),
    TokenIssued(TokenIssued),
    TokenRotated(TokenRotated),
    TokensRevoked(TokensRevoked),
    Disabled(Disabled),
    Enabled(Enabled),
    InstallationClaimed(InstallationClaimed),
    ClaimReopened(ClaimReopened),
    BreakGlassOpened(BreakGlassOpened),
    BreakGlassClosed(BreakGlassClosed),
}

event_types!(PrincipalEvent {
    PersonAdded = "principal.person_added",
    ServiceAccountMade = "principal.service_account_made",
    TokenIssued = "principal.token_issued",
    TokenRotated = "principal.token_rotated",
    TokensRevoked = "principal.tokens_revoked",
    Disabled = "principal.disabled",
    Enabled = "principal.enabled",
    InstallationClaimed = "principal.installation_claimed",
    ClaimReopened = "principal.claim_reopened",
    BreakGlassOpened = "principal.break_glass_opened",
    BreakGlassClosed = "principal.break_glass_closed",
});

impl PrincipalEvent {
    /// The secret that it brings, where it brings one of ours.
    #[must_use]
    pub fn secret(&self) -> Option<&SecretVersion> {
        match self {
            Self::TokenIssued(issued) => Some(&issued.secret),
            Self::TokenRotated(rotated) => Some(&rotated.secret),
            Self::ClaimReopened(reopened) => Some(&reopened.secret),
            Self::PersonAdded(_)
            | Self::ServiceAccountMade(_)
            | Self::TokensRevoked(_)
            | Self::Disabled(_)
            | Self::Enabled(_)
            | Self::InstallationClaimed(_)
            | Self::BreakGlassOpened(_)
            | Self::BreakGlassClosed(_) => None,
        }
    }
}

/// How an identity provider knows a person: by a name that it never gives to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// The provider, as it names itself: `https://login.example.com`.
    pub issuer: String,
    /// Its name for the person; erased with the person's other values.
    pub subject: Personal,
}

/// Somebody may be let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PersonAdded {
    pub name: Personal,
    pub email: Option<Personal>,
    pub identity: Option<Identity>,
}

/// A program has a name, and a team that answers for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceAccountMade {
    pub name: Name,
    pub team: Name,
}

/// The principal has a first token, or one again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenIssued {
    pub secret: SecretVersion,
    /// The token is none from then on.
    pub expires_at: Timestamp,
}

/// A new token lives at once; the one before it lives on for the overlap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenRotated {
    pub secret: SecretVersion,
    /// When the token before stops: never after its own end.
    pub previous_until: Timestamp,
    pub expires_at: Timestamp,
}

/// None of its tokens proves anything any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokensRevoked {
    pub reason: Reason,
}

/// It may do nothing until it is enabled again; what it was granted stays on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Disabled {
    pub reason: Reason,
}

/// It may do again what its grants allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Enabled {
    pub reason: Reason,
}

/// This person is the first administrator; the installation's first token opens nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InstallationClaimed {
    /// The grant of `admin` over everything that came with it.
    pub grant_id: GrantId,
}

/// The installation can be claimed once more, by this token: somebody with access to the machine asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClaimReopened {
    pub secret: SecretVersion,
    /// The token is none from then on.
    pub expires_at: Timestamp,
    pub reason: Reason,
}

/// The person is an administrator until then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BreakGlassOpened {
    pub until: Timestamp,
    pub reason: Reason,
    /// Who is to be told: the security officers of that moment.
    pub told: Vec<PrincipalId>,
}

/// The person is an administrator no more, before the time that was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BreakGlassClosed {
    pub reason: Option<Reason>,
}
