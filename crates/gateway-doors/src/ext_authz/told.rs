//! Which fields of a decision are told to access logs and later filters.

use serde::Deserialize;

/// A field of the metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToldField {
    DecisionId,
    ClientId,
    KeyId,
    RouteId,
    SecretVersion,
    Environment,
    Outcome,
    Reason,
    Policies,
    ShadowRefused,
    Position,
}

impl ToldField {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::DecisionId => "decision_id",
            Self::ClientId => "client_id",
            Self::KeyId => "key_id",
            Self::RouteId => "route_id",
            Self::SecretVersion => "secret_version",
            Self::Environment => "environment",
            Self::Outcome => "outcome",
            Self::Reason => "reason",
            Self::Policies => "policies",
            Self::ShadowRefused => "shadow_refused",
            Self::Position => "position",
        }
    }

    fn bit(self) -> u16 {
        let number = match self {
            Self::DecisionId => 0,
            Self::ClientId => 1,
            Self::KeyId => 2,
            Self::RouteId => 3,
            Self::SecretVersion => 4,
            Self::Environment => 5,
            Self::Outcome => 6,
            Self::Reason => 7,
            Self::Policies => 8,
            Self::ShadowRefused => 9,
            Self::Position => 10,
        };
        1 << number
    }
}

/// A set of them; all, where nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ToldFields(u16);

impl Default for ToldFields {
    fn default() -> Self {
        Self(u16::MAX)
    }
}

impl ToldFields {
    pub(crate) fn contains(self, field: ToldField) -> bool {
        self.0 & field.bit() != 0
    }

    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<ToldField> for ToldFields {
    fn from_iter<I: IntoIterator<Item = ToldField>>(fields: I) -> Self {
        Self(fields.into_iter().fold(0, |set, field| set | field.bit()))
    }
}
