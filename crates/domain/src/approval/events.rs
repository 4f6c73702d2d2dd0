//! What happened to an approval.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    GrantId, InvalidValue, PrincipalId, Reason, Timestamp,
    access::{Permission, ResourceFacts},
    aggregate::event_types,
    personal::Personal,
};

/// A fact about an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ApprovalEvent {
    Proposed(Proposed),
    Approved(Approved),
    Declined(Declined),
    Withdrawn(Withdrawn),
    Redeemed(Redeemed),
}

event_types!(ApprovalEvent {
    Proposed = "approval.proposed",
    Approved = "approval.approved",
    Declined = "approval.declined",
    Withdrawn = "approval.withdrawn",
    Redeemed = "approval.redeemed",
});

/// SHA-256 over a request: its method, its address, its body and the version that it names. Printed as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct CommandHash([u8; 32]);

impl CommandHash {
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for CommandHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for CommandHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CommandHash {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let mut bytes = [0; 32];
        match hex::decode_to_slice(text, &mut bytes) {
            Ok(()) => Ok(Self(bytes)),
            Err(_) => Err(InvalidValue::expected("must be 64 hexadecimal digits")),
        }
    }
}

impl TryFrom<String> for CommandHash {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<CommandHash> for String {
    fn from(hash: CommandHash) -> Self {
        hash.to_string()
    }
}

/// What a request needs somebody to hold, and over what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Need {
    pub permission: Permission,
    pub facts: ResourceFacts,
}

/// Somebody wants to do what needs a second person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proposed {
    /// The principal's id.
    pub proposer: String,
    pub method: String,
    /// With its query.
    pub path: String,
    /// Of the request: no other is allowed by it.
    pub command_hash: CommandHash,
    /// What whoever approves has to hold, too.
    pub needs: Vec<Need>,
    /// The body and what it would do, as JSON and without values of people. None where it is large.
    pub asked: Option<Personal>,
    pub reason: Option<Reason>,
    pub expires_at: Timestamp,
    /// Who is to be told: those of the moment who may decide, at most 50.
    pub told: Vec<PrincipalId>,
}

/// Another person allows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approved {
    /// The person's id.
    pub by: String,
    /// The grant that let them: it has to be in force still when the approval is redeemed. None where an identity provider
    /// says what they hold.
    pub grant_id: Option<GrantId>,
    pub reason: Option<Reason>,
}

/// Another person does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Declined {
    pub by: String,
    pub reason: Reason,
}

/// Whoever proposed it does not want it any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Withdrawn {
    pub reason: Option<Reason>,
}

/// Whoever proposed it does it now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Redeemed {
    pub redeemed_at: Timestamp,
}
