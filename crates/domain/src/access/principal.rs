//! Who asks, with what they hold.

use super::{GrantScope, Role};
use crate::{GrantId, Name, PrincipalId, Timestamp, metadata::ActorKind};

/// Someone or something that gives commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Stable: `prn_…`, `bootstrap-admin`.
    pub id: String,
    pub kind: PrincipalKind,
    /// How it proved itself this time: `bootstrap_token`, `service_account_token`.
    pub authenticated_by: &'static str,
    /// What it holds. A disabled principal holds nothing.
    pub grants: Vec<HeldGrant>,
}

/// What kind of principal it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    Person,
    ServiceAccount {
        /// None for those that the installation itself brings.
        team: Option<Name>,
    },
    /// Whoever installs Tollgate, until the first administrator is named. May be a script: the audit log must not claim
    /// that it knows a human. May do what people may, or nobody could ever be let in.
    Bootstrap,
}

impl PrincipalKind {
    #[must_use]
    pub fn actor_kind(&self) -> ActorKind {
        match self {
            Self::Person => ActorKind::Person,
            Self::ServiceAccount { .. } | Self::Bootstrap => ActorKind::ServiceAccount,
        }
    }

    /// Whether what only people may do is allowed to it.
    #[must_use]
    pub fn acts_as_person(&self) -> bool {
        match self {
            Self::Person | Self::Bootstrap => true,
            Self::ServiceAccount { .. } => false,
        }
    }
}

/// A role in a scope, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldGrant {
    pub role: Role,
    pub scope: GrantScope,
    /// From then on it allows nothing.
    pub until: Option<Timestamp>,
    pub source: Source,
}

/// What gave a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The installation itself: its first token, the gateways' token.
    BuiltIn,
    Grant(GrantId),
    /// The glass that this principal has broken.
    BreakGlass(PrincipalId),
    /// What an identity provider says of it, by the rules of the configuration; for as long as it is signed in.
    Claims,
}

impl HeldGrant {
    /// A role over everything that the installation itself gives.
    #[must_use]
    pub fn built_in(role: Role) -> Self {
        Self { role, scope: GrantScope::All, until: None, source: Source::BuiltIn }
    }

    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}
