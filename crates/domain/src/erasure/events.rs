//! What happened: values are gone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ClientId, Position, PrincipalId, Reason, aggregate::event_types, personal::Personal};

/// A fact about an erasure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ErasureEvent {
    Erased(Erased),
}

event_types!(ErasureEvent { Erased = "erasure.erased" });

/// Personal values of earlier events are erased, wherever they were kept. Nothing that could be guessed from is said of them:
/// the commitments stand in those events, and without its salt one confirms no guess.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Erased {
    /// In whose events the values were.
    pub of: Holder,
    /// At least one, at most 500.
    pub values: Vec<ErasedValue>,
    pub reason: Reason,
}

/// Whose events a value was in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Holder {
    /// A client's: of its owner and its contacts.
    Client { client_id: ClientId },
    /// A principal's own: name, address and identity.
    Principal { principal_id: PrincipalId },
    /// Where a command came from: the network address of whoever gave it.
    Circumstances,
}

/// One value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ErasedValue {
    /// Of the event that commits to it.
    #[schemars(with = "u64")]
    pub position: Position,
    pub commitment: Personal,
}
