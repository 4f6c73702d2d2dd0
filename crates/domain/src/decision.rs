//! The words of a decision, shared by the gateway that takes it and the reports that count it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AssignmentId, LimitName, PolicyId, Position, rate_limit_policy::Mode};

/// What the gateway answers to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Allowed,
    Unauthenticated,
    Forbidden,
    RateLimited,
    QuotaExceeded,
}

impl Outcome {
    /// Every outcome, in the order of report columns.
    pub const ALL: [Self; 5] =
        [Self::Allowed, Self::RateLimited, Self::QuotaExceeded, Self::Unauthenticated, Self::Forbidden];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::RateLimited => "rate_limited",
            Self::QuotaExceeded => "quota_exceeded",
        }
    }
}

/// Which kind of limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    Rate,
    Quota,
}

impl LimitKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Quota => "quota",
        }
    }
}

/// Where one limit stands after a decision; as it would, when the decision is only explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitStatus {
    pub name: LimitName,
    pub kind: LimitKind,
    pub policy_id: PolicyId,
    pub policy_revision: u32,
    pub assignment_id: AssignmentId,
    /// Where the log says that the assignment was made.
    pub assigned_at: Position,
    pub mode: Mode,
    /// `q`: what the policy grants per window.
    pub requests: u64,
    /// `w`: the window's length; for a calendar quota that of the window at hand.
    pub window_seconds: u64,
    /// `r`: what is left. Of a rate, what is left in the bucket, which may be larger than `requests`.
    pub remaining: u64,
    /// `t`: until all of it is there again.
    pub reset_seconds: u64,
    /// Whether it refused the call, or would have, in shadow.
    pub refused: bool,
}

/// Why a call was refused. What a caller is told of an `unauthenticated` one is always the same, so that a
/// known key with a wrong secret cannot be told from an unknown one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    MissingSecret,
    MalformedSecret,
    UnknownSecret,
    SecretRetired,
    KeyNotYetValid,
    KeyExpired,
    KeyRevoked,
    KeySuspended,
    ClientSuspended,
    ClientArchived,
    WrongEnvironment,
    AddressNotAllowed,
    /// The secret was found where others can read it, and was never used from this address before.
    KeyQuarantined,
    BadPath,
    UnknownRoute,
    MissingScope,
    RateLimited,
    QuotaExceeded,
    /// The quota is shared with other gateways, and what is left of it cannot be asked for now.
    QuotaUnavailable,
    StaleConfiguration,
}

impl RefusalReason {
    /// The outcome it leads to. Whoever does not hold a live secret is unauthenticated; a genuine secret that
    /// may not do this is forbidden.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        match self {
            Self::MissingSecret
            | Self::MalformedSecret
            | Self::UnknownSecret
            | Self::SecretRetired
            | Self::KeyNotYetValid
            | Self::KeyExpired
            | Self::KeyRevoked => Outcome::Unauthenticated,
            Self::KeySuspended
            | Self::ClientSuspended
            | Self::ClientArchived
            | Self::WrongEnvironment
            | Self::AddressNotAllowed
            | Self::KeyQuarantined
            | Self::BadPath
            | Self::UnknownRoute
            | Self::MissingScope
            | Self::StaleConfiguration => Outcome::Forbidden,
            Self::RateLimited => Outcome::RateLimited,
            Self::QuotaExceeded | Self::QuotaUnavailable => Outcome::QuotaExceeded,
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingSecret => "missing_secret",
            Self::MalformedSecret => "malformed_secret",
            Self::UnknownSecret => "unknown_secret",
            Self::SecretRetired => "secret_retired",
            Self::KeyNotYetValid => "key_not_yet_valid",
            Self::KeyExpired => "key_expired",
            Self::KeyRevoked => "key_revoked",
            Self::KeySuspended => "key_suspended",
            Self::ClientSuspended => "client_suspended",
            Self::ClientArchived => "client_archived",
            Self::WrongEnvironment => "wrong_environment",
            Self::AddressNotAllowed => "address_not_allowed",
            Self::KeyQuarantined => "key_quarantined",
            Self::BadPath => "bad_path",
            Self::UnknownRoute => "unknown_route",
            Self::MissingScope => "missing_scope",
            Self::RateLimited => "rate_limited",
            Self::QuotaExceeded => "quota_exceeded",
            Self::QuotaUnavailable => "quota_unavailable",
            Self::StaleConfiguration => "stale_configuration",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_written_as_it_prints() {
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
    }

    #[test]
    fn a_live_secret_that_may_not_do_this_is_forbidden_and_any_other_is_unauthenticated() {
        use RefusalReason as R;
        let reasons = [
            (R::UnknownSecret, Outcome::Unauthenticated, "unknown_secret"),
            (R::KeyRevoked, Outcome::Unauthenticated, "key_revoked"),
            (R::KeySuspended, Outcome::Forbidden, "key_suspended"),
            (R::WrongEnvironment, Outcome::Forbidden, "wrong_environment"),
            (R::RateLimited, Outcome::RateLimited, "rate_limited"),
            (R::QuotaExceeded, Outcome::QuotaExceeded, "quota_exceeded"),
            (R::QuotaUnavailable, Outcome::QuotaExceeded, "quota_unavailable"),
        ];
        for (reason, outcome, text) in reasons {
            assert_eq!((reason.outcome(), reason.as_str()), (outcome, text));
            assert_eq!(serde_json::to_value(reason).unwrap(), text);
        }
    }
}
